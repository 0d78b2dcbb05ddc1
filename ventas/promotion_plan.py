"""The promotions around a day, as the rows of a table tell them: a plan known in advance, no secret of the sales.

A single request tells of its own day only; a file or a batch tells of the days around each, too. So these are further
columns, which may be missing, and a model learns to do without them (see `ventas.matrix`).
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, PROMOTION
from ventas.ordering import by_series_and_day, day_numbers, once_each
from ventas.roles import Roles

SINCE, UNTIL = "DíasDesdePromoción", "DíasHastaPromoción"
DAY_OF, LENGTH = "DíaDePromoción", "DuraciónPromoción"
PLAN_COLUMNS = (SINCE, UNTIL, DAY_OF, LENGTH)
REACH_DAYS = 14  # a promotion further away says nothing of today
_PART = 1 << 17  # rows at a time

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def with_plan(frame: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """`frame` with PLAN_COLUMNS, float64, from its own rows within each series; NaN where they do not tell.

    Days since the last promotion before today and until the next one after it, at most REACH_DAYS; which day of the
    running promotion today is, and how many days that has, 0 without one. A column of such a name in the file stays.
    Rows without a date know nothing.
    """
    columns = dict(zip(PLAN_COLUMNS, _plan(frame, roles), strict=True))
    return frame.assign(**{name: values for name, values in columns.items() if name not in frame})


def _plan(frame: pd.DataFrame, roles: Roles) -> list[Floats]:
    """PLAN_COLUMNS of all rows, each of shape (rows,); some series at a time, lest a dozen columns be held."""
    found = [np.full(len(frame), np.nan) for _ in PLAN_COLUMNS]
    dated = np.flatnonzero(frame[DATE].notna().to_numpy())
    if not len(dated):
        return found
    day = day_numbers(frame[DATE].to_numpy()[dated])
    series = pd.factorize(roles.series_of(frame))[0][dated].astype(np.int64)
    # One long line of days: the series one after the other, too far apart to see each other.
    line = day - day.min() + series * (int(day.max() - day.min()) + 10 * REACH_DAYS)
    order = by_series_and_day(series, day)
    promoted = frame[PROMOTION].to_numpy()[dated] > 0
    for rows in _whole_series(order, series):
        plan = _along(line[rows], series[rows], promoted[rows])
        for column, values in zip(found, plan.T, strict=True):
            column[dated[rows]] = values
    return found


def _whole_series(order: Integers, series: Integers) -> Iterator[Integers]:
    """`order`, which sorts by `series`, in pieces of at least _PART rows that part no series."""
    ends = np.flatnonzero(np.diff(series[order], append=-1)) + 1
    start = 0
    while start < len(order):
        end = int(ends[min(int(np.searchsorted(ends, start + _PART)), len(ends) - 1)])
        yield order[start:end]
        start = end


def _along(line: Integers, series: Integers, promoted: npt.NDArray[np.bool_]) -> Floats:
    """PLAN_COLUMNS for rows in order of `line`; equal places are the same day."""
    first = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
    rows = np.diff(first, append=len(series))
    starts, ends = (np.repeat(line[places], rows) for places in (first, first + rows - 1))
    before = _run(line, starts, promoted)
    after = _run(-line[::-1], -ends[::-1], promoted[::-1])[::-1]
    since = _since(line, starts, promoted)
    until = _since(-line[::-1], -ends[::-1], promoted[::-1])[::-1]
    plan = np.column_stack([since, until, before, before + after - promoted])
    plan[np.isnan(since) & np.isnan(until)] = np.nan  # that today has none is told by Promociones
    return plan


def _since(line: Integers, starts: Integers, promoted: npt.NDArray[np.bool_]) -> Floats:
    """Days since the last promoted day before each; NaN where it may lie before the first row of the series."""
    with_one = np.concatenate([[np.iinfo(np.int64).min // 2], once_each(line[promoted])])
    gap = line - with_one[np.searchsorted(with_one, line, side="left") - 1]
    far = np.where(line - starts >= REACH_DAYS, float(REACH_DAYS), np.nan)
    return np.where(gap <= np.minimum(REACH_DAYS, line - starts), gap, far)


def _run(line: Integers, starts: Integers, promoted: npt.NDArray[np.bool_]) -> Floats:
    """Which day of its promotion each day is, 0 without one; NaN where that may have begun before the first row."""
    found = np.zeros(len(line))
    if promoted.any():
        days = once_each(line[promoted])
        begins = np.maximum.accumulate(np.where(np.diff(days, prepend=days[0] - 2) > 1, days, days[0]))
        begin = begins[np.searchsorted(days, line[promoted])]
        found[promoted] = np.where(begin == starts[promoted], np.nan, line[promoted] - begin + 1)
    return found
