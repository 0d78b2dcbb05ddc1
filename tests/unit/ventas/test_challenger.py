"""A model that loses to a fixed table on the test rows is not made a challenger: the table is."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from model_frames import frame

from ventas.challenger import train_challenger
from ventas.checks import failed_check
from ventas.compiled.model import compiled
from ventas.promotion import Case, Contender, date_keys, first_verdict, judge
from ventas.replaced import Replaced
from ventas.reproducible import irreproducible
from ventas.served import served_model
from ventas.settings import Settings
from ventas.training import Search, inputs, refit

SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]
GRID = SETTINGS.model_copy(
    update={
        "SEARCH": "grid",
        "GRID_N_ESTIMATORS": [10],
        "GRID_MAX_DEPTH": [None],
        "GRID_MIN_SAMPLES_SPLIT": [2],
    }
)
DAYS, TRAIN_DAYS = 400, 280


def _prices_that_rise_and_then_stay() -> pd.DataFrame:
    """A line in logarithms goes on rising, means lag behind: the week before is nearest to the test rows."""
    day = np.arange(DAYS)
    level = 100 * np.exp(0.005 * np.minimum(day, TRAIN_DAYS))
    noise = np.random.default_rng(4).normal(1, 0.1, DAYS)
    return frame(pd.date_range("2023-01-01", periods=DAYS), level * noise)


def _case(settings: Settings) -> Case:
    sales = _prices_that_rise_and_then_stay()
    train, test = sales[:TRAIN_DAYS], sales[TRAIN_DAYS:].reset_index(drop=True)
    return Case(train, test, settings)


def _trained(settings: Settings) -> tuple[Case, Search]:
    case = _case(settings)
    return case, train_challenger(case, lambda *_: None)


@pytest.fixture(scope="module", params=[SETTINGS, GRID], ids=["auto", "grid"])
def trained(request: pytest.FixtureRequest) -> tuple[Case, Search]:
    return _trained(request.param)


def test_the_table_that_does_better_is_the_challenger(trained: tuple[Case, Search]) -> None:
    case, found = trained
    verdict = first_verdict(Contender(1, found.estimator, date_keys(case.train)), case)
    assert found.family == "seasonal_naive"
    assert verdict.challenger_rmse == pytest.approx(verdict.baselines["seasonal_naive"])
    assert verdict.challenger_rmse < verdict.baselines["means"]
    assert "which is lower" not in verdict.reason, "no table beats it"


def test_note_and_leaderboard_tell_both_errors(trained: tuple[Case, Search]) -> None:
    _, found = trained
    replaced = found.replaced
    assert (replaced.table, replaced.rows) == ("seasonal_naive", DAYS - TRAIN_DAYS)
    assert replaced.rmse > replaced.table_rmse
    for text in (replaced.candidate, f"{replaced.rmse:.2f}", f"{replaced.table_rmse:.2f}"):
        assert text in found.table_note
    notes = {entry["name"]: entry["note"] for entry in found.leaderboard}
    assert f"{replaced.rmse:.2f}" in notes[replaced.candidate]
    assert f"{replaced.table_rmse:.2f}" in notes["seasonal_naive"]
    assert len(notes) == len(found.leaderboard), "each candidate has one line"
    assert found.searched["candidate"] == replaced.candidate
    params = {name: str(value) for name, value in replaced.as_params().items()}
    assert Replaced.of_params(params) == replaced
    assert Replaced.of_params({"table_note": ""}) is None


def test_the_table_passes_all_checks_and_is_compiled_with_an_interval(trained: tuple[Case, Search]) -> None:
    case, found = trained
    model = served_model(found.estimator, 1)
    asked = inputs(case.train.head(50))
    assert failed_check(model, asked) is None
    assert irreproducible(found.estimator, case.train, case.settings.SEED) is None
    assert compiled(model) is not None
    told = model.forecast(asked)
    assert (told.values < told.high).all()


def test_the_same_rows_give_the_same_challenger(trained: tuple[Case, Search]) -> None:
    case, found = trained
    _, again = _trained(case.settings)
    asked = inputs(case.test)
    assert (found.params, found.cv_mse, found.replaced) == (again.params, again.cv_mse, again.replaced)
    assert found.estimator.predict(asked) == pytest.approx(again.estimator.predict(asked), rel=0, abs=0)


def test_a_later_challenger_is_no_worse_than_a_table_either(trained: tuple[Case, Search]) -> None:
    case, found = trained
    rival = Contender(1, case.baselines()["means"], frozenset())
    verdict = judge(Contender(2, found.estimator, date_keys(case.train)), rival, case)
    assert verdict.promoted
    assert verdict.challenger_rmse <= min(verdict.baselines.values()) * (1 + 1e-9)


def test_a_winner_that_no_table_beats_stays() -> None:
    """Sales follow the price, of which tables know nothing."""
    sales = _prices_that_rise_and_then_stay().assign(Precio=lambda rows: np.arange(len(rows)) % 5.0)
    sales["Ventas"] = 100 + 50 * sales["Precio"]
    case = Case(sales[:TRAIN_DAYS], sales[TRAIN_DAYS:], GRID)
    found = train_challenger(case, lambda *_: None)
    assert (found.family, found.replaced, found.table_note) == ("grid", None, "")


def _a_new_level_since(day: int) -> Case:
    """A year and more around 1,000, which a table of means knows best, then three times as much."""
    dates = pd.date_range("2024-01-01", periods=DAYS)
    weekday = 1 + 0.05 * dates.day_of_week
    level = np.where(np.arange(DAYS) < day, 1000, 3000)
    level[TRAIN_DAYS - 7 : TRAIN_DAYS] = 850  # a weak week, so that repeating it is worse on all of test
    sales = frame(dates, level * weekday * np.random.default_rng(2).normal(1, 0.05, DAYS))
    return Case(sales[:TRAIN_DAYS], sales[TRAIN_DAYS:].reset_index(drop=True), GRID)


def test_a_new_level_is_followed_within_weeks() -> None:
    """All that is fitted on train errs alike; only the last weeks show what follows the new level."""
    case = _a_new_level_since(DAYS - 40)
    found = train_challenger(case, lambda *_: None)
    assert (found.family, found.replaced.on, found.replaced.rows) == ("seasonal_naive", "latest", 28)
    assert found.replaced.rmse > 1.5 * found.replaced.table_rmse
    assert found.replaced.note in found.table_note
    assert found.searched["n_estimators"] == 10, "of the search's winner, whatever took its place first"
    whole = pd.concat([case.train, case.test], ignore_index=True)
    week = inputs(whole.tail(7)).assign(Fecha=lambda rows: rows["Fecha"] + pd.Timedelta(days=7))
    assert refit(found.estimator, whole).predict(week).mean() == pytest.approx(3450, rel=0.1)


def test_a_champion_of_the_old_level_is_replaced_by_what_follows_the_new_one() -> None:
    """By their fits on train both err alike; by windows of test days, each fitted anew before, they do not."""
    case = _a_new_level_since(DAYS - 90)
    challenger = train_challenger(case, lambda *_: None)
    old = Contender(1, case.baselines()["means"], date_keys(case.train))
    verdict = judge(Contender(2, challenger.estimator, date_keys(case.train)), old, case)
    assert (verdict.promoted, verdict.kind, len(verdict.origins)) == (True, "recipe", 4)
    aware = Contender(1, refit(challenger.estimator, case.test), frozenset())
    assert judge(replace(old, version=2), aware, case).kind == "fair", (
        "a champion that knows the level is asked as it is"
    )
    steady = _a_new_level_since(DAYS)
    assert judge(replace(old, version=2), old, steady).origins == []


def test_a_level_that_stays_leaves_the_model_in_place() -> None:
    found = train_challenger(_a_new_level_since(DAYS), lambda *_: None)
    assert found.replaced is None or found.replaced.on == "test"
    assert found.family != "seasonal_naive"


@pytest.mark.parametrize("sales", [0.1, 1234.56])
def test_rounding_of_equal_sales_decides_nothing(sales: float) -> None:
    """A mean of equal numbers may lie a last digit beside them; that is no error, and nothing beats it."""
    days = frame(pd.date_range("2023-01-01", periods=250), sales)
    case = Case(days[:200], days[200:].reset_index(drop=True), GRID)
    fits = case.baselines()
    means, naive = (
        Contender(version, fits[name], date_keys(case.train))
        for version, name in ((1, "means"), (2, "seasonal_naive"))
    )
    assert not judge(naive, means, case).promoted
    assert not judge(means, naive, case).promoted
    assert train_challenger(case, lambda *_: None).replaced is None
