"""Errors part by part, of many series the extremes alone."""

import numpy as np
import pandas as pd
import pytest

from ventas.roles import Roles
from ventas.segments import SERIES_SHOWN, segment_table

STORES = Roles(series="Tienda")


def _rows(series: int, days: int = 28) -> pd.DataFrame:
    dates = np.tile(pd.date_range("2024-01-01", periods=days), series)
    return pd.DataFrame(
        {
            "Fecha": dates,
            "DíaDeLaSemana": pd.DatetimeIndex(dates).day_of_week + 1,
            "Promociones": np.arange(len(dates)) % 2,
            "Festivo": (pd.DatetimeIndex(dates).day == 25).astype(int),
            "Tienda": np.repeat(np.arange(1, series + 1), days).astype(float),
        }
    )


def test_each_part_has_its_own_errors() -> None:
    rows = _rows(1, days=56)
    ours = np.where(rows["DíaDeLaSemana"] == 7, 16.0, 1.0)
    found = segment_table(rows, ours, np.full(56, 4.0), Roles())
    told = {(one.segment, one.value): one for one in found.segments}
    sunday, monday = told["weekday", "7"], told["weekday", "1"]
    assert (sunday.rows, sunday.challenger_rmse, sunday.champion_rmse, sunday.change) == (8, 4.0, 2.0, 1.0)
    assert (monday.challenger_rmse, monday.change) == (1.0, -0.5)
    assert {one.segment for one in found.segments} == {"weekday", "promotion", "holiday"}
    assert sum(one.rows for one in found.segments if one.segment == "promotion") == 56


def test_the_worst_part_has_rows_enough_to_count() -> None:
    """Eight Sundays are mostly luck; the twenty-eight days with promotion count."""
    rows = _rows(1, days=56)
    ours = np.where(rows["DíaDeLaSemana"] == 7, 400.0, np.where(rows["Promociones"] == 1, 9.0, 1.0))
    found = segment_table(rows, ours, np.full(56, 4.0), Roles())
    assert (found.worst.segment, found.worst.value, found.worst.rows) in {
        ("promotion", "1", 28),
        ("promotion", "0", 28),
    }
    assert segment_table(rows[:10], ours[:10], ours[:10], Roles()).worst is None


def test_a_champion_without_error_makes_any_error_infinitely_worse() -> None:
    rows = _rows(1, days=28)
    found = segment_table(rows, np.ones(28), np.zeros(28), Roles())
    assert found.worst.change == float("inf")
    assert segment_table(rows, np.zeros(28), np.zeros(28), Roles()).worst.change == 0.0


def test_of_many_series_the_worst_and_the_best_are_shown_and_all_are_counted() -> None:
    rows = _rows(60)
    ours = rows["Tienda"].to_numpy() ** 2  # the error of series n is n
    found = segment_table(rows, ours, np.full(len(rows), 900.0), STORES)
    shown = [int(one.value) for one in found.segments if one.segment == "series"]
    assert shown == [*range(60, 60 - SERIES_SHOWN, -1), *range(SERIES_SHOWN, 0, -1)]
    assert (found.series_compared, found.series_worse) == (60, 30)
    assert (found.worst.segment, found.worst.value, found.worst.change) == (
        "series",
        "60",
        pytest.approx(1.0),
    )


def test_a_few_series_are_all_shown() -> None:
    rows = _rows(5)
    found = segment_table(rows, np.ones(len(rows)), np.ones(len(rows)), STORES)
    assert [one.value for one in found.segments if one.segment == "series"] == ["1", "2", "3", "4", "5"]
    assert (found.series_compared, found.series_worse) == (5, 0)


def test_without_a_champion_there_are_errors_and_no_change() -> None:
    rows = _rows(1)
    found = segment_table(rows, np.full(28, 9.0), None, Roles())
    assert {(one.challenger_rmse, one.champion_rmse, one.change) for one in found.segments} == {
        (3.0, None, None)
    }
    assert found.worst is None
