"""The project's own sales: a seeded generator of days like those of a shop in Argentina."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from dateutil.easter import easter  # type: ignore[import-untyped]

from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET, WEEKDAY

STORE = "Tienda"
START = date(2021, 1, 1)

# Mean sales of an ordinary Monday to Sunday, in whole currency units; Sunday is the strongest day.
_LEVELS = np.array([1500.0, 2010.0, 2520.0, 3010.0, 3480.0, 3990.0, 4200.0])
_UPLIFT = 0.07  # of a promotion
_TREND = 0.03  # a year
_SEASON = 0.02  # amplitude; highest in the southern summer's December
_NOISE = 95.0  # standard deviation of a day
_PROMOTION_DAYS = (2, 4, 6)  # Tuesday, Thursday, Saturday
_PROMOTION_SHARE = 0.47

# Fixed-date national holidays (month, day); Carnival and Good Friday move with Easter.
_HOLIDAYS = (
    *((1, 1), (3, 24), (4, 2), (5, 1), (5, 25), (6, 20), (7, 9)),
    *((8, 17), (10, 12), (11, 20), (12, 8), (12, 25)),
)
_EASTER_OFFSETS = (-48, -47, -2)


def generate(days: int, seed: int, start: date = START, stores: int = 0) -> pd.DataFrame:
    """Sales of `days` days from `start` on, whole numbers; the same arguments give the same rows.

    Columns of the contract; with `stores` > 0 one row per day and store, with the text column `Tienda`
    to tell them apart. Holidays sell like Sundays.
    """
    if days < 1 or stores < 0:
        raise ValueError("days must be at least 1 and stores at least 0")
    random = np.random.RandomState(seed)  # frozen for ever (NEP 19): the same bytes with every numpy
    if not stores:
        return _one_shop(days, random, start, scale=1.0)
    shops = []
    for number in range(1, stores + 1):
        shop = _one_shop(days, random, start, scale=float(random.uniform(0.6, 1.6)))
        shops.append(shop.assign(**{STORE: pd.Series([f"T{number:03d}"] * days, dtype="str")}))
    return pd.concat(shops).sort_values([DATE, STORE], ignore_index=True)


def write_sample(
    path: Path, days: int = 365, seed: int = 42, start: date = START, stores: int = 0
) -> pd.DataFrame:
    """Write generated sales to `path` as a shop would upload them (UTF-8, comma, ISO dates); returns the rows.

    The default year is 2021, older than most real files, so that a real upload comes after it in time.
    """
    frame = generate(days, seed, start, stores)
    path.write_bytes(frame.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n").encode())
    return frame


def _one_shop(days: int, random: np.random.RandomState, start: date, scale: float) -> pd.DataFrame:
    calendar = pd.date_range(start, periods=days, unit="ns")
    weekday = calendar.day_of_week.to_numpy() + 1
    holiday = _is_holiday(start, days)
    promotion = np.isin(weekday, _PROMOTION_DAYS) & (random.uniform(size=days) < _PROMOTION_SHARE) & ~holiday
    level = np.where(holiday, _LEVELS[-1], _LEVELS[weekday - 1]) * (1 + _UPLIFT * promotion)
    mean = level * _drift(calendar) * scale
    sales = np.maximum(np.rint(mean + random.normal(scale=_NOISE * scale, size=days)), 0)
    return pd.DataFrame(
        {
            DATE: pd.Series(calendar),
            WEEKDAY: weekday.astype(np.int64),
            PROMOTION: promotion.astype(np.int64),
            HOLIDAY: holiday.astype(np.int64),
            TARGET: sales.astype(np.int64),
        }
    )


def _drift(calendar: pd.DatetimeIndex) -> npt.NDArray[np.float64]:
    """Trend and season as a factor around 1; the trend starts at 1 on the first day."""
    elapsed = np.arange(len(calendar)) / 365.25
    season = np.cos(2 * np.pi * (calendar.day_of_year.to_numpy() - 355) / 365.25)
    return np.asarray((1 + _TREND) ** elapsed * (1 + _SEASON * season), dtype=np.float64)


def _is_holiday(start: date, days: int) -> npt.NDArray[np.bool_]:
    end = start + timedelta(days=days)
    holidays = set[date]()
    for year in range(start.year, end.year + 1):
        holidays.update(date(year, month, day) for month, day in _HOLIDAYS)
        holidays.update(easter(year) + timedelta(days=offset) for offset in _EASTER_OFFSETS)
    return np.array([start + timedelta(days=day) in holidays for day in range(days)], dtype=bool)
