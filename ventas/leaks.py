"""Further numbers that follow sales so closely that nobody can know them in advance, such as customers."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, TARGET, shown
from ventas.ordering import by_series_and_day, day_numbers
from ventas.quality import Report
from ventas.remarks import Remark, remark
from ventas.roles import Roles

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Correlation with sales within a series from which on a number follows them; with zeros of their own, far less does.
FOLLOWS = 0.95
_FOLLOWS_WITH_ZEROS = 0.5
_SAME_ZEROS = 0.999  # share of rows on which it is zero exactly when sales are
_FEWEST_ZEROS = 2
_FEWEST_ROWS = 20  # of one series, to judge by it
_LARGEST = 1e100  # whose square is still a number
_ROUNDING = 1e-12  # share of a sum of squares that rounding may leave of no variation at all

_WHY = {
    "follows": f"follows {TARGET} from day to day",
    "zeros": f"is zero exactly when {TARGET} is, and follows it on other days",
}


def find_leaks(frame: pd.DataFrame, names: Iterable[str], roles: Roles) -> list[Report]:
    """The columns among the numeric `names` that leak sales: `name`, `kind`, `correlation`, `why` as a sentence.

    What counts is how close a number keeps to sales within a series, both in its level and in its change from one
    open day to the next: a price that rises with sales over the years shares their level, but not their days.
    """
    names = [name for name in names if name not in (roles.series, roles.open)]
    if not names:
        return []
    series = pd.factorize(roles.series_of(frame))[0].astype(np.int64)
    order = by_series_and_day(series, day_numbers(frame[DATE].to_numpy()))
    sales = frame[TARGET].to_numpy(dtype=np.float64)[order]
    is_open, series = roles.is_open(frame)[order], series[order]
    leaks = []
    for name in names:
        values = np.clip(frame[name].to_numpy(dtype=np.float64)[order], -_LARGEST, _LARGEST)
        if leak := _leak(values, sales, series, is_open):
            leaks.append({"name": name, **leak, "why": f"Column {shown(name)} {_WHY[leak['kind']]}."})
    return leaks


def leak_remark(leak: Report) -> Remark:
    """What to do about a leak."""
    return remark("leak", why=leak["why"])


def _leak(values: Floats, sales: Floats, series: Ints, is_open: npt.NDArray[np.bool_]) -> Report:
    """`kind` and `correlation` of a leak, or nothing."""
    follows = _follows(values, sales, series, is_open & (sales > 0) & ~np.isnan(values))
    if follows >= FOLLOWS:
        return {"kind": "follows", "correlation": follows}
    if follows >= _FOLLOWS_WITH_ZEROS and _same_zeros(values, sales):
        return {"kind": "zeros", "correlation": follows}
    return {}


def _same_zeros(values: Floats, sales: Floats) -> bool:
    known = ~np.isnan(values)
    same = ((values == 0) == (sales == 0))[known]
    return int((sales[known] == 0).sum()) >= _FEWEST_ZEROS and float(same.mean()) >= _SAME_ZEROS


def _follows(values: Floats, sales: Floats, codes: Ints, counted: npt.NDArray[np.bool_]) -> float:
    """The lower of the correlations within series of levels and of changes over the rows `counted`, at least 0."""
    x, y, series = values[counted], sales[counted], codes[counted]
    levels = _within(x, y, series)
    if levels < _FOLLOWS_WITH_ZEROS:
        return 0.0
    same = series[1:] == series[:-1]
    return max(0.0, min(levels, _within(np.diff(x)[same], np.diff(y)[same], series[1:][same])))


def _within(x: Floats, y: Floats, series: Ints) -> float:
    """The median over the series of the correlation of `x` and `y`; 0.0 where most rows have none.

    All of shape (rows,). A series has one if it has enough rows and both vary in it.
    """
    if not len(x):
        return 0.0
    rows = np.bincount(series)
    least = [_ROUNDING * np.bincount(series, part * part) for part in (x, y)]
    x, y = (part - (np.bincount(series, part) / np.maximum(rows, 1))[series] for part in (x, y))
    xx, yy, xy = (np.bincount(series, product) for product in (x * x, y * y, x * y))
    varies = (rows >= _FEWEST_ROWS) & (xx > least[0]) & (yy > least[1])
    if not varies.any() or rows[varies].sum() < rows.sum() / 2:
        return 0.0
    return float(np.median(xy[varies] / np.sqrt(xx[varies]) / np.sqrt(yy[varies])))
