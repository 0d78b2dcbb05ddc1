"""Rows in order of their series and days, by counting rather than comparing where the numbers are small."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_NANOSECONDS, _NANOSECONDS_A_DAY = np.dtype("datetime64[ns]"), 86_400_000_000_000
_TABLE = 4  # bytes of a table for each row, at most
_COUNTED = 1 << 16  # numpy sorts 16 bits by counting (radix sort), wider numbers by comparing


def by_series_and_day(series: Ints, days: Ints) -> Ints:
    """The places of the rows in order of `series`, then of `days`, equal ones as they stood; all of shape (rows,)."""
    order = stable_order(days)
    return order[stable_order(series[order])]


def day_numbers(dates: npt.NDArray[np.datetime64]) -> Ints:
    """Dates as days since 1970-01-01."""
    if dates.dtype == _NANOSECONDS:  # numpy's own cast takes eight times as long
        return np.asarray(dates.view(np.int64) // _NANOSECONDS_A_DAY)
    return np.asarray(dates.astype("datetime64[D]").astype(np.int64))


def ranks(numbers: Ints) -> tuple[Ints, Ints]:
    """The place of each number among the distinct ones in ascending order, shape (rows,), and their counts of rows.

    Counted in a table of all where it is not much larger than the numbers are many: days are.
    """
    if not len(numbers):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    lowest = int(numbers.min())
    if int(numbers.max()) - lowest >= max(_COUNTED, _TABLE * len(numbers)):
        _, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
        return places, counts
    counts = np.bincount(numbers - lowest)
    used = counts > 0
    return (np.cumsum(used) - 1)[numbers - lowest], counts[used]


def once_each(ordered: Ints) -> Ints:
    """The distinct values of numbers that are in order already, which `np.unique` would not make use of."""
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def gaps(series: Ints, days: Ints) -> tuple[Ints, Ints, Ints]:
    """Where days are missing between two rows of a series: the series, the day before, and the day after.

    `series` (numbered from 0) and `days` have shape (rows,); the gaps are in order of the series, then of the days.
    All days are one long line, series after series: ticked off where it is not much longer than the rows are many.
    """
    if not len(days):
        return days, days, days
    lowest, wide = int(days.min()), int(days.max()) - int(days.min()) + 1
    length = (int(series.max()) + 1) * wide
    line = series * wide + (days - lowest)
    if length > max(_COUNTED, _TABLE * len(days)):
        line.sort()
    else:
        there = np.zeros(length, dtype=bool)
        there[line] = True
        line = np.flatnonzero(there)
    holes = np.flatnonzero(np.diff(line) > 1)
    before, after = line[holes], line[holes + 1]
    within = before // wide == after // wide
    before, after = before[within], after[within]
    return before // wide, before % wide + lowest, after % wide + lowest


def in_order_of_appearance(places: Ints) -> tuple[Ints, Ints]:
    """Numbers from 0 on, of which none is left out, given anew in the order in which they appear first, shape
    (rows,); and the row in which each appears first.
    """
    if not len(places):
        return places, places
    first = np.zeros(int(places.max()) + 1, dtype=np.int64)
    first[places[::-1]] = np.arange(len(places) - 1, -1, -1)  # of several the last one written stays
    order = np.argsort(first)
    given = np.empty_like(first)
    given[order] = np.arange(len(first))
    return given[places], first[order]


def stable_order(numbers: Ints) -> Ints:
    """The places of the numbers in ascending order, equal ones as they stood."""
    if not len(numbers):
        return np.zeros(0, dtype=np.int64)
    lowest = int(numbers.min())
    if int(numbers.max()) - lowest < _COUNTED:
        return np.argsort((numbers - lowest).astype(np.uint16), kind="stable")
    return np.argsort(numbers, kind="stable")
