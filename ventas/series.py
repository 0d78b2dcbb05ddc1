"""What tells the series of a file apart, and which rows repeat each other within them."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE
from ventas.further import Further

Bools = npt.NDArray[np.bool_]

# Fewer repeated dates than this share of the rows are corrections of single days, not a second series.
_MANY = 0.05
# A column tells the series apart if within it at most this share of the rows, or of the repeated dates, repeats.
_FEW_ROWS, _FEW_REPEATS = 0.01, 0.1
# An id takes each value about once a date, so it has hardly more values than a date has rows; a count of
# customers, say, has far more.
_MOST_PER_DATE = 3


def find_series(frame: pd.DataFrame, further: list[Further]) -> Further | None:
    """The column (text, or whole numbers) of which each value has hardly any date twice; None for one series.

    Of several such columns that with the fewest values, of equal ones the first. `frame` holds column Fecha, and
    its rows are those of `further`.
    """
    repeats = int(frame.duplicated([DATE]).sum())
    if repeats < _MANY * len(frame) or not repeats:
        return None
    most = _MOST_PER_DATE * int(frame[DATE].value_counts().max())
    allowed = max(_FEW_ROWS * len(frame), _FEW_REPEATS * repeats)
    dates = pd.factorize(frame[DATE])[0]
    found: tuple[int, Further] | None = None
    for column in further:
        codes, values = pd.factorize(column.values)
        kinds = len(values)
        if not 1 < kinds <= min(most, found[0] - 1 if found else most) or not _may_be_id(column):
            continue
        pairs = pd.Series(dates.astype(np.int64) * kinds + codes)
        if int(pairs.duplicated().sum()) <= allowed:
            found = kinds, column
    return found[1] if found else None


def _may_be_id(column: Further) -> bool:
    if column.missing:
        return False
    return column.role != "numeric" or bool((column.values % 1 == 0).all())


def duplicates(frame: pd.DataFrame, further: list[Further], series: Further | None) -> Bools:
    """Rows of `frame` that a later row repeats: those of the same date and series.

    Where texts vary within a date and none of them was found to tell the series apart, only rows that are equal in
    all columns repeat each other.
    """
    if series is not None:
        pairs = pd.DataFrame({"date": frame[DATE], "series": pd.factorize(series.values)[0]})
        return pairs.duplicated(keep="last").to_numpy()
    again = frame.duplicated([DATE], keep="last").to_numpy()
    texts = [column.name for column in further if column.role in ("categorical", "id")]
    if not again.any() or not texts:
        return again
    left_out = {("left out", column.name): column.values for column in further if column.role == "left_out"}
    whole = pd.concat([frame, pd.DataFrame(left_out, index=frame.index)], axis=1) if left_out else frame
    # Comparing all columns is dear: first narrow down to dates and texts that repeat at all.
    alike = np.flatnonzero(frame.duplicated([DATE, *texts], keep=False).to_numpy())
    again = np.zeros(len(frame), dtype=bool)
    again[alike] = whole.iloc[alike].duplicated(keep="last").to_numpy()
    return again
