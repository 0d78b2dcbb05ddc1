"""What a date says by itself: the calendar, and the holidays that training saw come back.

Every feature is a function of one date and of what training learnt, so a row gets the same answer alone as among
others. The distance to a promotion is none of them: nobody tells the API of promotions other than the row's own.
"""

from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt
from dateutil.easter import easter  # type: ignore[import-untyped]
from sklearn.base import BaseEstimator

Matrix = npt.NDArray[np.float64]
DayNumbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
REACH = 21  # days; a holiday further away says nothing of today
MOVABLE = 70  # days from Easter within which movable feasts lie
# Carnival, Maundy Thursday to Easter Monday, Ascension, Whitsun and Corpus Christi, in days from Easter.
CHURCH_FEASTS = (-48, -47, -3, -2, -1, 0, 1, 39, 49, 50, 60)
WEEKLY_SHARE = 0.5  # a weekday that is a holiday more often than this is a day of rest, no feast
TREND_BEYOND = 366  # days after training up to which a trend is drawn on
PAY_DAY = 15  # besides the first of the month
NAMES = (
    "month",
    "day",
    "day_of_year",
    "week",
    "trend",
    "since_pay_day",
    "until_pay_day",
    "since_holiday",
    "until_holiday",
)


class Calendar(BaseEstimator):  # type: ignore[misc]
    """Calendar features of day numbers (days since 1970-01-01)."""

    def fit(self, days: Matrix, weekday: Matrix, holiday: Matrix) -> Self:
        """Learn the span of training and the holidays that come back by date or with Easter."""
        self.first_, self.last_ = int(days.min()), int(days.max())
        weekly = np.array(
            [holiday[weekday == day].mean() if (weekday == day).any() else 0 for day in range(8)]
        )
        feast = (holiday > 0) & (weekly[weekday.astype(int)] <= WEEKLY_SHARE)
        self._learn_holidays(np.unique(days[feast]).astype(np.int64))
        return self

    def _learn_holidays(self, feasts: DayNumbers) -> None:
        """A (month, day), or a distance from Easter, that was a holiday more often than not when it came round.

        What came round once may be either: it moves with Easter if it is one of the church's feasts.
        """
        span = np.arange(self.first_, self.last_ + 1)
        codes, offsets = _codes(span), _from_easter(span)
        feast = np.isin(span, feasts)
        church = np.isin(offsets, CHURCH_FEASTS)
        near = np.abs(offsets) <= MOVABLE
        self.fixed_ = _usual(codes, feast, ~church)
        self.movable_ = _usual(offsets[near], feast[near], church[near])

    def transform(self, days: Matrix, holiday: Matrix) -> Matrix:
        """Shape (rows, len(NAMES)); all NaN where the day number is NaN."""
        found = np.full((len(days), len(NAMES)), np.nan)
        known = np.isfinite(days)
        if known.any():
            distinct, places = np.unique(days[known].astype(np.int64), return_inverse=True)
            found[known] = self._of_dates(distinct)[places]
            found[known & (holiday > 0), NAMES.index("since_holiday") :] = 0.0
        return found

    def _of_dates(self, days: DayNumbers) -> Matrix:
        dates = days.astype("datetime64[D]")
        months, years = dates.astype("datetime64[M]"), dates.astype("datetime64[Y]")
        day: DayNumbers = (dates - months).astype(np.int64) + 1
        length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
        of_year = (dates - years).astype(np.int64) + 1
        since, until = self._distances(days)
        columns = (
            (months - years).astype(np.int64) + 1,
            day,
            of_year,
            (of_year - 1) // 7 + 1,
            np.clip(days, self.first_, self.last_ + TREND_BEYOND) - self.first_,
            np.where(day < PAY_DAY, day - 1, day - PAY_DAY),
            np.where(day == 1, 0, np.where(day <= PAY_DAY, PAY_DAY - day, length + 1 - day)),
            since,
            until,
        )
        return np.column_stack(columns).astype(np.float64)

    def _distances(self, days: DayNumbers) -> tuple[Matrix, Matrix]:
        """Days since the last and until the next known holiday, at most REACH."""
        holidays = self._holidays(int(days[0]), int(days[-1]))
        far = np.full(len(days), float(REACH))
        if not len(holidays):
            return far, far
        after = np.searchsorted(holidays, days, side="left")
        padded = np.concatenate([np.array([-(10**9)]), holidays, np.array([10**9])])
        here = np.isin(days, holidays)
        since = np.where(here, 0, days - padded[after])
        until = padded[after + 1] - days
        return np.minimum(since, far), np.minimum(until, far)

    def _holidays(self, first: int, last: int) -> DayNumbers:
        years = range(_year(first - REACH), _year(last + REACH) + 1)
        found = [_day(year, int(code) // 100, int(code) % 100) for year in years for code in self.fixed_]
        found += [_easter(year) + int(offset) for year in years for offset in self.movable_]
        return np.unique(np.array(found, dtype=np.int64))


def _usual(codes: DayNumbers, feast: Flags, once: Flags) -> DayNumbers:
    """The codes of which more than half are feasts; of those that came round once only such that `once` allows."""
    values, places = np.unique(codes, return_inverse=True)
    counts = np.bincount(places)
    allowed = (counts > 1) | (np.bincount(places, once) > 0)
    return np.asarray(values[allowed & (np.bincount(places, feast) / counts > 0.5)], dtype=np.int64)


def _codes(days: DayNumbers) -> DayNumbers:
    """Month and day as one number, 1231 for 31 December."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month = (months - dates.astype("datetime64[Y]")).astype(np.int64) + 1
    return np.asarray(month * 100 + (dates - months).astype(np.int64) + 1, dtype=np.int64)


def _from_easter(days: DayNumbers) -> DayNumbers:
    """Days since the year's Easter, negative before it."""
    years = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    easters = {int(year): _easter(int(year)) for year in np.unique(years)}
    return np.array([day - easters[year] for day, year in zip(days.tolist(), years.tolist(), strict=True)])


def _easter(year: int) -> int:
    return int((easter(year) - date(1970, 1, 1)).days)


def _year(day: int) -> int:
    return int(np.datetime64(day, "D").astype("datetime64[Y]").astype(np.int64)) + 1970


def _day(year: int, month: int, day: int) -> int:
    """The day number; 29 February is 1 March in other years."""
    return int((np.datetime64(f"{year:04d}-{month:02d}-01", "D") + (day - 1)).astype(np.int64))
