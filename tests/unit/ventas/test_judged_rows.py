"""What a version says of its test rows: point by point, or few enough sums, the same each time."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from ventas import judged_rows as module
from ventas.judged_rows import judged_rows
from ventas.roles import Roles
from ventas.settings import Settings
from ventas.training import search

CHAIN = Roles(series="Tienda")


class Halves:
    """Says that half of a promotion's 100 is sold; knows no interval."""

    def predict(self, frame: pd.DataFrame) -> object:
        return 50.0 * (1 + frame["Promociones"].to_numpy())


def rows(days: int, shops: int = 1) -> pd.DataFrame:
    dates = pd.date_range("2024-01-01", periods=days)
    parts = [
        pd.DataFrame(
            {
                "Fecha": dates,
                "DíaDeLaSemana": dates.day_of_week + 1,
                "Promociones": (np.arange(days) + shop) % 2,
                "Festivo": 0,
                "Ventas": 100.0 * (shop + 1) + np.arange(days),
                "Tienda": shop + 1,
            }
        )
        for shop in range(shops)
    ]
    return pd.concat(parts, ignore_index=True)


def test_one_series_has_a_point_for_each_row_by_date() -> None:
    found = judged_rows(Halves(), rows(4).iloc[::-1], CHAIN)
    assert (found.rows, found.dates, found.series, found.summed, found.step) == (4, 4, 1, False, 1)
    assert found.points["date"].is_monotonic_increasing
    assert found.points["actual"].tolist() == [100, 101, 102, 103]
    assert found.points["prediction"].tolist() == [50, 100, 50, 100]
    assert found.points["series"].tolist() == ["1"] * 4
    assert found.points["low"].isna().all()


def test_several_series_are_summed_by_date() -> None:
    found = judged_rows(Halves(), rows(3, shops=4), CHAIN)
    assert (found.rows, found.dates, found.series, found.summed) == (12, 3, 4, True)
    assert found.points["actual"].tolist() == [1000, 1004, 1008]
    assert found.points["prediction"].tolist() == [300, 300, 300]
    assert found.points["promotion"].tolist() == [0.5] * 3
    assert set(found.points["series"]) == {""}


@pytest.mark.parametrize(("most", "step", "kept"), [(10, 1, 10), (9, 2, 5), (5, 2, 5), (3, 4, 3), (1, 10, 1)])
def test_many_dates_are_thinned_evenly_from_the_first(
    monkeypatch: pytest.MonkeyPatch, most: int, step: int, kept: int
) -> None:
    monkeypatch.setattr(module, "MOST_POINTS", most)
    found = judged_rows(Halves(), rows(10), Roles())
    assert (found.step, len(found.points), found.dates) == (step, kept, 10)
    assert found.points["actual"].tolist() == list(range(100, 110, step))


def test_an_interval_stands_around_its_prediction(settings: Settings) -> None:
    quick = {"GRID_N_ESTIMATORS": [5], "GRID_MAX_DEPTH": [None], "GRID_MIN_SAMPLES_SPLIT": [2]}
    sales = rows(130)
    fit = search(
        sales[:91], settings.model_copy(update=quick | {"SEARCH": "grid"}), lambda *_: None
    ).estimator
    assert isinstance(fit, Pipeline)
    points = judged_rows(fit, sales[91:], Roles()).points
    assert (points["low"] <= points["prediction"]).all()
    assert (points["prediction"] <= points["high"]).all()
    assert (points["low"] < points["high"]).any()


def test_the_file_is_json_without_nan_and_the_same_each_time() -> None:
    first, second = (judged_rows(Halves(), rows(3), Roles()).to_json() for _ in range(2))
    assert first == second
    told = json.loads(first, parse_constant=pytest.fail)
    assert told["points"]["date"] == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert told["points"]["low"] == [None] * 3


def test_no_rows_are_no_points() -> None:
    told = json.loads(judged_rows(Halves(), rows(3)[:0], Roles()).to_json())
    assert (told["rows"], told["step"], told["points"]["date"]) == (0, 1, [])
