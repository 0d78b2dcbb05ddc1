"""Rows in order of their series and days, by counting rather than comparing where the numbers are small."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_COUNTED = 1 << 16  # numpy sorts 16 bits by counting (radix sort), wider numbers by comparing


def by_series_and_day(series: Ints, days: Ints) -> Ints:
    """The places of the rows in order of `series`, then of `days`, equal ones as they stood; all of shape (rows,)."""
    order = stable_order(days)
    return order[stable_order(series[order])]


def day_numbers(dates: npt.NDArray[np.datetime64]) -> Ints:
    """Dates as days since 1970-01-01."""
    return np.asarray(dates.astype("datetime64[D]").astype(np.int64))


def once_each(ordered: Ints) -> Ints:
    """The distinct values of numbers that are in order already, which `np.unique` would not make use of."""
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def stable_order(numbers: Ints) -> Ints:
    """The places of the numbers in ascending order, equal ones as they stood."""
    if not len(numbers):
        return np.zeros(0, dtype=np.int64)
    lowest = int(numbers.min())
    if int(numbers.max()) - lowest < _COUNTED:
        return np.argsort((numbers - lowest).astype(np.uint16), kind="stable")
    return np.argsort(numbers, kind="stable")
