"""Sales over time in few points."""

from itertools import permutations

import pandas as pd

from ventas.sales_curve import MOST_POINTS, sales_curve


def frame(dates: pd.DatetimeIndex, sales: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"Fecha": dates, "Ventas": sales})


def test_a_short_file_has_a_point_a_day_and_none_where_there_are_no_rows() -> None:
    dates = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-05"])
    assert sales_curve(frame(dates, [10.0, 20.5, 30.0])) == {
        "days": 1,
        "points": [["2024-01-01", 10.0], ["2024-01-02", 20.5], ["2024-01-05", 30.0]],
    }


def test_the_stores_of_a_day_are_added() -> None:
    dates = pd.to_datetime(["2024-01-01", "2024-01-01"])
    assert sales_curve(frame(dates, [10.0, 5.0]))["points"] == [["2024-01-01", 15.0]]


def test_a_long_file_is_told_by_weeks_as_sales_of_a_day() -> None:
    dates = pd.date_range("2020-01-01", periods=365 * 3)
    curve = sales_curve(frame(dates, [100.0] * len(dates)))
    assert curve["days"] % 7 == 0
    assert len(curve["points"]) <= MOST_POINTS
    assert {value for _day, value in curve["points"]} == {100.0}, "a last span that is not whole is no fall"


def test_nothing_is_no_curve() -> None:
    assert sales_curve(frame(pd.to_datetime([]), [])) == {"days": 1, "points": []}


def test_the_curve_rests_on_no_order_of_rows() -> None:
    """The sum of a day is a half cent, or a little less as its rows are added up; DuckDB adds in any order."""
    sold = [7.3, 2083.505, 1089.569, 2164.291, 3540.6]
    days = pd.DatetimeIndex(["2024-01-01"] * len(sold))
    frames = [frame(days, list(order)) for order in permutations(sold)]
    assert len({round(float(one["Ventas"].to_numpy().cumsum()[-1]), 2) for one in frames}) == 2
    assert len({str(sales_curve(one)) for one in frames}) == 1
