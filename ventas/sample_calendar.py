"""The calendar that made-up sales live in: the national holidays of Argentina."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from dateutil.easter import easter  # type: ignore[import-untyped]

START = date(2021, 1, 1)

# Fixed-date national holidays (month, day); Carnival and Good Friday move with Easter.
_HOLIDAYS = (
    *((1, 1), (3, 24), (4, 2), (5, 1), (5, 25), (6, 20), (7, 9)),
    *((8, 17), (10, 12), (11, 20), (12, 8), (12, 25)),
)
_EASTER_OFFSETS = (-48, -47, -2)


def is_holiday(start: date, days: int) -> npt.NDArray[np.bool_]:
    """Whether each of `days` days from `start` on is a national holiday, shape (days,)."""
    end = start + timedelta(days=days)
    holidays = set[date]()
    for year in range(start.year, end.year + 1):
        holidays.update(date(year, month, day) for month, day in _HOLIDAYS)
        holidays.update(easter(year) + timedelta(days=offset) for offset in _EASTER_OFFSETS)
    return np.array([start + timedelta(days=day) in holidays for day in range(days)], dtype=bool)
