"""The calendar says of hand-made dates what a wall calendar says."""

import numpy as np
import pandas as pd
import pytest
from dateutil.easter import easter

from ventas.days import NAMES, REACH, TREND_BEYOND, Calendar
from ventas.sample_calendar import is_holiday


def _numbers(dates: object) -> np.ndarray:
    days = pd.DatetimeIndex(dates).to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(float))


def _calendar(first: str, last: str, holidays: list[str]) -> Calendar:
    span = pd.date_range(first, last)
    holiday = span.isin(pd.to_datetime(holidays)).astype(float)
    return Calendar().fit(_numbers(span), span.day_of_week.to_numpy() + 1.0, holiday)


def _told(calendar: Calendar, day: str, holiday: float = 0) -> dict[str, float]:
    values = calendar.transform(_numbers([day]), np.array([holiday]))[0]
    return dict(zip(NAMES, values.tolist(), strict=True))


@pytest.mark.parametrize(
    ("day", "month", "day_of_month", "day_of_year", "week", "since_pay_day", "until_pay_day"),
    [
        ("2023-01-01", 1, 1, 1, 1, 0, 0),
        ("2023-02-14", 2, 14, 45, 7, 13, 1),
        ("2023-02-15", 2, 15, 46, 7, 0, 0),
        ("2023-02-28", 2, 28, 59, 9, 13, 1),
        ("2024-02-28", 2, 28, 59, 9, 13, 2),
        ("2024-12-31", 12, 31, 366, 53, 16, 1),
        ("1969-12-31", 12, 31, 365, 53, 16, 1),
    ],
)
def test_date_week_and_pay_days(
    day, month, day_of_month, day_of_year, week, since_pay_day, until_pay_day
) -> None:
    told = _told(_calendar("2022-01-01", "2022-12-31", []), day)
    assert (told["month"], told["day"], told["day_of_year"], told["week"]) == (
        month,
        day_of_month,
        day_of_year,
        week,
    )
    assert (told["since_pay_day"], told["until_pay_day"]) == (since_pay_day, until_pay_day)


def test_the_trend_goes_on_for_a_year_and_then_stands_still() -> None:
    calendar = _calendar("2022-01-01", "2022-12-31", [])
    assert _told(calendar, "2022-01-11")["trend"] == 10
    assert _told(calendar, "2021-06-01")["trend"] == 0
    assert _told(calendar, "2023-01-01")["trend"] == 365
    assert _told(calendar, "2100-01-01")["trend"] == 364 + TREND_BEYOND


def test_a_fixed_holiday_comes_back_in_the_next_year() -> None:
    calendar = _calendar("2022-01-01", "2022-12-31", ["2022-05-25"])
    assert [_told(calendar, f"2023-05-{day}")["until_holiday"] for day in (22, 25, 26)] == [3, 0, REACH]
    assert [_told(calendar, f"2023-05-{day}")["since_holiday"] for day in (24, 25, 27)] == [REACH, 0, 2]


def test_one_that_moves_with_easter_comes_back_with_it_and_not_by_its_date() -> None:
    good_friday = {year: easter(year) - pd.Timedelta(days=2) for year in (2021, 2022, 2023)}
    calendar = _calendar("2021-01-01", "2022-12-31", [str(good_friday[2021]), str(good_friday[2022])])
    assert _told(calendar, str(good_friday[2023]))["until_holiday"] == 0
    assert _told(calendar, "2023-04-15")["since_holiday"] == 8, "15 April was Good Friday in 2022 only"


def test_good_friday_seen_once_moves_and_25_may_seen_once_does_not() -> None:
    calendar = _calendar("2022-01-01", "2022-12-31", ["2022-04-15", "2022-05-25"])
    days = pd.date_range("2023-01-01", "2023-12-31")
    told = calendar.transform(_numbers(days), np.zeros(len(days)))
    feasts = days[told[:, NAMES.index("until_holiday")] == 0]
    assert feasts.strftime("%m-%d").tolist() == ["04-07", "05-25"]


def test_the_holidays_of_a_country_come_back() -> None:
    span = pd.date_range("2021-01-01", periods=730)
    calendar = Calendar().fit(
        _numbers(span), span.day_of_week.to_numpy() + 1.0, is_holiday(span[0].date(), 730).astype(float)
    )
    later = pd.date_range("2023-01-01", periods=365)
    told = calendar.transform(_numbers(later), np.zeros(365))
    assert ((told[:, NAMES.index("until_holiday")] == 0) == is_holiday(later[0].date(), 365)).all()


def test_a_weekday_that_is_always_a_holiday_is_no_feast() -> None:
    sundays = [str(day.date()) for day in pd.date_range("2022-01-01", "2022-12-31", freq="W-SUN")]
    calendar = _calendar("2022-01-01", "2022-12-31", [*sundays, "2022-05-25"])
    assert _told(calendar, "2023-05-24")["until_holiday"] == 1
    assert _told(calendar, "2023-09-09")["until_holiday"] == REACH, "the next day is a Sunday"


def test_a_row_that_is_a_holiday_itself_is_none_days_away_from_one() -> None:
    told = _told(_calendar("2022-01-01", "2022-12-31", []), "2023-09-06", holiday=1)
    assert (told["since_holiday"], told["until_holiday"]) == (0, 0)


def test_an_unknown_date_is_told_nothing_and_the_others_the_same_as_alone() -> None:
    calendar = _calendar("2022-01-01", "2022-12-31", ["2022-05-25", "2022-12-25"])
    days = _numbers(["2023-05-24", None, "1677-09-22", "2262-04-10", "2024-02-29", "2023-05-24"])
    together = calendar.transform(days, np.zeros(6))
    assert np.isnan(together[1]).all()
    for place, day in enumerate(days):
        alone = calendar.transform(np.array([day]), np.zeros(1))[0]
        assert np.array_equal(alone, together[place], equal_nan=True)


def test_29_february_is_the_day_after_28_february_in_other_years() -> None:
    calendar = _calendar("2024-02-01", "2024-03-31", ["2024-02-29"])
    assert _told(calendar, "2025-02-28")["until_holiday"] == 1


def test_a_span_in_which_every_day_is_a_holiday_has_no_feast() -> None:
    days = [str(day.date()) for day in pd.date_range("2022-01-01", "2022-03-31")]
    told = _told(_calendar("2022-01-01", "2022-03-31", days), "2023-02-01")
    assert told["until_holiday"] == REACH
