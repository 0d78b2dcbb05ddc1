"""The project's own sales: a seeded generator of days like those of a shop in Argentina."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET, WEEKDAY
from ventas.sample_calendar import START, is_holiday
from ventas.sample_chain import generate_chain

# Mean sales of an ordinary Monday to Sunday, in whole currency units; Sunday is the strongest day.
_LEVELS = np.array([1500.0, 2010.0, 2520.0, 3010.0, 3480.0, 3990.0, 4200.0])
_UPLIFT = 0.07  # of a promotion
_TREND = 0.03  # a year
_SEASON = 0.02  # amplitude; highest in the southern summer's December
NOISE = 95.0  # standard deviation of a day
SEED = 42  # of the sample that a first start uploads, and of `ventas sample` unless told otherwise
MOST_SAMPLE_DAYS = 36_500
_PROMOTION_DAYS = (2, 4, 6)  # Tuesday, Thursday, Saturday
_PROMOTION_SHARE = 0.47


def generate(days: int, seed: int, start: date = START, stores: int = 0) -> pd.DataFrame:
    """Sales of `days` days from `start` on, whole numbers; the same arguments give the same rows.

    Columns of the contract, of one shop whose holidays sell like Sundays; with `stores` > 0 the rows of
    `generate_chain`. Raises ValueError for fewer days than one or stores than none.
    """
    if days < 1 or stores < 0:
        raise ValueError("days must be at least 1 and stores at least 0")
    return generate_chain(stores, days, seed, start).frame if stores else _one_shop(days, seed, start)


def write_sample(path: Path, days: int = 365, seed: int = SEED, start: date = START) -> pd.DataFrame:
    """Write generated sales of one shop to `path`; returns the rows.

    The default year is 2021, older than most real files, so that a real upload comes after it in time.
    """
    frame = generate(days, seed, start)
    write_sales(frame, path)
    return frame


def is_sample(path: Path, report: Mapping[str, Any]) -> bool:
    """Whether a cleaned file is the one that `write_sample` makes of as many days, whoever uploaded it.

    Its bytes are compared, so that the answer outlives a back-up, a copy and another name.
    """
    days = int(report["rows_in"])
    if report["dates"]["first"] != START.isoformat() or not 0 < days <= MOST_SAMPLE_DAYS:
        return False
    return path.read_bytes() == _csv_text(generate(days, SEED)).encode()


def write_sales(frame: pd.DataFrame, path: Path) -> None:
    """Write sales as a shop would upload them: UTF-8, comma, ISO dates. Raises OSError."""
    path.write_text(_csv_text(frame), encoding="utf-8", newline="\n")


def _csv_text(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n"))


def _one_shop(days: int, seed: int, start: date) -> pd.DataFrame:
    random = np.random.RandomState(seed)  # frozen for ever (NEP 19): the same bytes with every numpy
    calendar = pd.date_range(start, periods=days, unit="ns")
    weekday = calendar.day_of_week.to_numpy() + 1
    holiday = is_holiday(start, days)
    promotion = np.isin(weekday, _PROMOTION_DAYS) & (random.uniform(size=days) < _PROMOTION_SHARE) & ~holiday
    level = np.where(holiday, _LEVELS[-1], _LEVELS[weekday - 1]) * (1 + _UPLIFT * promotion)
    mean = level * _drift(calendar)
    sales = np.maximum(np.rint(mean + random.normal(scale=NOISE, size=days)), 0)
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
