"""On which kinds of days each series is closed, learnt from the open column of its own training days.

A request may leave that column out. A closed Sunday forecast as open is the largest error that a chain's forecast can
have, so such a row takes what is usual of its series on that weekday, holiday or not.
"""

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WEEKDAYS, HOLIDAY_STATES = 7, 2
CLOSED_SHARE = 0.9  # of the days of a kind, the newest weighing most
HALF_LIFE_DAYS = (
    120  # three Sundays in a row on which a shop opens count for more than two years of closed ones
)
FEWEST_DAYS = 8  # of a weekday: two months
FEWEST_HOLIDAYS = 4
FEWEST_YEARS = 2
LONGEST_MONTH = 31
DATES = 13 * LONGEST_MONTH
_OPEN, _CLOSED, _UNDECIDED = 1.0, 0.0, np.nan


def learn_opening(
    opened: Flags, series: Matrix, series_count: int, day: Matrix, weekday: Matrix, holiday: Matrix
) -> Flags:
    """Usual opening by series, weekday and holiday, shape (series_count + 1, WEEKDAYS, HOLIDAY_STATES).

    Place 0 is that of all series together, for rows whose series is unknown; place code + 1 that of a series. The
    arguments are of training's rows, shape (rows,): `series` codes, NaN where unknown, and numbers of days.
    """
    weight = 0.5 ** (np.nan_to_num(np.nanmax(day) - day) / HALF_LIFE_DAYS)
    every = _Counts.of(opened, np.zeros(len(series)), 1, weight, weekday, holiday)
    every.days /= series_count  # rows of a day are one for each series
    known = np.isfinite(series)
    own = _Counts.of(
        opened[known], series[known], series_count, weight[known], weekday[known], holiday[known]
    )
    nothing = np.full((1, WEEKDAYS, HOLIDAY_STATES), _OPEN)
    shared = every.opening(nothing)
    return np.concatenate([shared, own.opening(shared)]) > 0


def learn_closed_dates(opened: Flags, usual: Flags, day: Matrix) -> Flags:
    """Dates, such as New Year, on which nearly all close that would be open, shape (DATES,), by `date_places`.

    They have to close in at least FEWEST_YEARS years. `usual` is the usual opening of training's rows, shape (rows,).
    """
    counted = usual & np.isfinite(day)
    place, closed = date_places(day[counted]), ~opened[counted]
    year = day[counted].astype(np.int64).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    rows, shut = np.bincount(place, minlength=DATES), np.bincount(place[closed], minlength=DATES)
    years = np.bincount(np.unique(year[closed] * DATES + place[closed]) % DATES, minlength=DATES)
    return np.asarray((years >= FEWEST_YEARS) & (shut >= CLOSED_SHARE * rows))


def date_places(day: Matrix) -> npt.NDArray[np.int64]:
    """Month and day of numbers of days since 1970-01-01 as one number below DATES; place 0 is no date's."""
    known = np.isfinite(day)
    dates = np.where(known, day, 0).astype(np.int64).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    place = (months.astype(np.int64) % 12 + 1) * LONGEST_MONTH + (dates - months).astype(np.int64)
    return np.where(known, place, 0)


class _Counts:
    """Days and their weights by series, weekday and holiday: all of them, and the closed ones."""

    def __init__(self, days: Matrix, weights: Matrix, closed: Matrix):
        self.days = days
        self.weights = weights
        self.closed = closed

    @classmethod
    def of(
        cls, opened: Flags, codes: Matrix, count: int, weight: Matrix, weekday: Matrix, holiday: Matrix
    ) -> "_Counts":
        """Counts of rows whose series are `codes` below `count`."""
        cell = (codes * WEEKDAYS + weekday - 1) * HOLIDAY_STATES + (holiday > 0)
        cell = cell.astype(np.int64)
        shape = (count, WEEKDAYS, HOLIDAY_STATES)
        sums = (
            np.bincount(cell, counted, count * WEEKDAYS * HOLIDAY_STATES).reshape(shape).astype(np.float64)
            for counted in (np.ones(len(cell)), weight, weight * ~opened)
        )
        return cls(*sums)

    def opening(self, coarser: Matrix) -> Matrix:
        """Opening of each kind of day; where too few days tell, by weekday and holiday apart, then as `coarser`."""
        cells = _decision(self.days, self.weights, self.closed, FEWEST_DAYS)
        weekdays = _first_decided(cells[:, :, 0], coarser[:, :, 0])
        # The holiday rule is that of the weekdays on which the series is open otherwise.
        pooled = np.isnan(cells[:, :, 1]) & (weekdays > 0)
        days, weights, closed = (
            (counts[:, :, 1] * pooled).sum(axis=1) for counts in (self.days, self.weights, self.closed)
        )
        rule = _decision(days, weights, closed, FEWEST_HOLIDAYS)[:, None]
        holidays = _first_decided(cells[:, :, 1], weekdays * _first_decided(rule, coarser[:, :, 1]))
        return np.stack([weekdays, holidays], axis=2)


def _decision(days: Matrix, weights: Matrix, closed: Matrix, fewest: int) -> Matrix:
    """_CLOSED where nearly all days were, else _OPEN; _UNDECIDED for fewer than `fewest` days."""
    usual = np.where(closed >= CLOSED_SHARE * weights, _CLOSED, _OPEN)
    return np.where(days >= fewest, usual, _UNDECIDED)


def _first_decided(fine: Matrix, coarse: Matrix) -> Matrix:
    return np.asarray(np.where(np.isnan(fine), coarse, fine), dtype=np.float64)
