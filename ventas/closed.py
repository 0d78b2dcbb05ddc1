"""The column that tells open days from closed ones, found by the sales: nothing is sold on closed days."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import TARGET, shown
from ventas.remarks import Remark, remark

# Of the rows of a closed day at least this share has no sales, of the others less than half.
_NEARLY_ALL = 0.95
_HALF = 0.5
_FEWEST = 2  # one day without sales may fall on any value


def find_open(frame: pd.DataFrame, names: Iterable[str]) -> tuple[str, list[Remark]]:
    """The column of `frame` among the numeric `names` that is 0 on closed days and else 1, or ""; and remarks.

    Its zeros are nearly all without sales and explain most days without sales. A column that says so the other
    way round (closed = 1) is not taken, since the API's users send the file's own columns; a remark says how to
    write it.
    """
    unsold = (frame[TARGET] == 0).to_numpy()
    if not unsold.any():
        return "", []
    flags = {name: frame[name].to_numpy() for name in names if _is_flag(frame[name])}
    direct = {name: _explained(values == 0, unsold) for name, values in flags.items()}
    best = max(direct, key=direct.__getitem__, default="")
    if best and direct[best]:
        return best, []
    inverse = [name for name, values in flags.items() if _explained(values == 1, unsold)]
    return "", [remark("closed_as_one", column=shown(name)) for name in inverse[:1]]


def _is_flag(column: "pd.Series[float]") -> bool:
    return set(column.dropna().unique()) == {0.0, 1.0}


def _explained(closed: npt.NDArray[np.bool_], unsold: npt.NDArray[np.bool_]) -> int:
    """Rows without sales that `closed` explains; 0 if it explains too few of them, or is no closing at all."""
    both = int((closed & unsold).sum())
    if both < _FEWEST or both < _NEARLY_ALL * closed.sum() or both < _HALF * unsold.sum():
        return 0
    return both if (unsold & ~closed).sum() < _HALF * (~closed).sum() else 0
