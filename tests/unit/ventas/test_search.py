"""Which model wins, what is tried, and that no odd upload ends a search."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from model_frames import CHAIN, chain, frame
from threadpoolctl import threadpool_limits

from ventas.candidates import Task, View, plan
from ventas.roles import Roles
from ventas.sample_chain import generate_chain, noise_floor
from ventas.settings import Settings
from ventas.tables import MEANS, SEASONAL_NAIVE, baselines
from ventas.training import Search, evaluate, inputs, search

SETTINGS = Settings(_env_file=None)
GRID = SETTINGS.model_copy(update={"SEARCH": "grid", "GRID_N_ESTIMATORS": [20], "GRID_MAX_DEPTH": [None, 10]})
BRIEF = SETTINGS.model_copy(update={"SEARCH_BUDGET_SECONDS": 1})
TWO_FOLDS = BRIEF.model_copy(update={"CV_FOLDS": 2})


def _search(sales: pd.DataFrame, settings: Settings = SETTINGS, roles: Roles = CHAIN) -> Search:
    return search(sales, settings, lambda *_: None, roles)


@pytest.mark.parametrize(("stores", "days"), [(1, 900), (8, 500)])
def test_the_winner_is_nearer_to_the_noise_than_tables_and_the_grid(stores: int, days: int) -> None:
    made = generate_chain(stores, days, seed=6)
    sales = made.frame.assign(Ventas=made.frame["Ventas"].astype(float))
    cut = stores * days * 7 // 10
    train, test = sales[:cut], sales[cut:]
    floor = noise_floor(test["Ventas"], made.expected[cut:], test["Abierto"])
    found = _search(train, SETTINGS.model_copy(update={"CV_FOLDS": 3}))
    error = evaluate(found.estimator, test, CHAIN).rmse
    for table in baselines(CHAIN).values():
        assert error < evaluate(table.fit(inputs(train), train["Ventas"]), test, CHAIN).rmse
    seed_grid = evaluate(_search(train, GRID).estimator, test, CHAIN).rmse
    # One store's season was seen less than twice: there is less to be had.
    assert error - floor < (0.8 if stores > 1 else 1.0) * (seed_grid - floor)


@pytest.mark.parametrize("seed", [1, 4])
def test_where_only_weekday_and_promotion_count_the_search_finds_what_the_grid_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = pd.date_range("2022-01-01", periods=255)
    weekday = days.day_of_week.to_numpy() + 1
    promotion = np.where(weekday % 2, 0, rng.integers(0, 2, len(days)))
    level = 1000 + 500 * weekday + 150 * promotion + rng.normal(0, 100, len(days))
    sales = frame(days, level, promotion, (weekday == 7).astype(int))
    found, former = (_search(sales, settings, Roles()) for settings in (SETTINGS, GRID))
    best = min(one["cv_rmse"] for one in found.leaderboard if "cv_rmse" in one)
    assert best <= former.cv_mse**0.5


@pytest.fixture
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short budget plans little; on a busy machine the clock must not stop what was planned."""
    monkeypatch.setattr("ventas.search_run.monotonic", lambda: 0.0)


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    return chain(3, 250, seed=2)


@dataclass
class Watched:
    """A search, and what it told of its progress."""

    found: Search
    told: list[tuple[int, int]]


@pytest.fixture(scope="module")
def brief(sales: pd.DataFrame) -> Watched:
    """A search with a budget of a second."""
    told: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ventas.search_run.monotonic", lambda: 0.0)
        found = search(sales, BRIEF, lambda done, total: told.append((done, total)), CHAIN)
    return Watched(found, told)


def test_the_same_rows_give_the_same_winner_with_one_thread_and_two(sales, no_clock, monkeypatch) -> None:
    monkeypatch.setattr("ventas.threads.PARALLEL_FROM_ROWS", 0)  # so few rows would get one thread
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(_search(sales[:600], TWO_FOLDS.model_copy(update={"SEARCH_BUDGET_SECONDS": 4})))
    first, second = found
    assert first.params == second.params
    families = {one["family"] for one in first.leaderboard if "cv_rmse" in one}
    assert families >= {"boosting", "forest", "linear"}, "those that use threads are among them"
    boards = [{one["name"]: one.get("cv_rmse", 0.0) for one in each.leaderboard} for each in found]
    assert boards[0] == pytest.approx(boards[1], rel=1e-9)
    errors = [evaluate(one.estimator, sales[600:], CHAIN).rmse for one in found]
    assert errors[0] == pytest.approx(errors[1], rel=1e-9)


def test_a_budget_of_a_second_leaves_candidates_out_and_says_why(sales, brief: Watched) -> None:
    found = brief.found
    out = [one for one in found.leaderboard if "cv_rmse" not in one]
    assert out
    assert all("SEARCH_BUDGET_SECONDS" in one["note"] for one in out)
    assert found.candidates == len(found.leaderboard) - len(out)
    assert {MEANS, SEASONAL_NAIVE} <= {one["name"] for one in found.leaderboard if "cv_rmse" in one}
    assert np.isfinite(found.estimator.predict(inputs(sales))).all()


def test_a_plan_follows_from_size_and_settings_alone(monkeypatch) -> None:
    task = Task(rows=700_000, columns=11, series=1000, days=700, folds=2)
    first = plan(task, SETTINGS)
    monkeypatch.setattr("ventas.search_run.monotonic", lambda: 1e9)
    again = plan(task, SETTINGS)
    assert repr(first) == repr(again)
    assert first.seconds <= SETTINGS.SEARCH_BUDGET_SECONDS
    assert any(one.family == "boosting" for one in first.candidates)
    assert {one["family"] for one in first.left_out} >= {"forest", "linear"}


@pytest.mark.parametrize("rows", [20, 2_000, 50_000, 120_000, 3_000_000])
def test_tables_are_always_planned_and_only_once(rows: int, no_clock) -> None:
    planned = plan(Task(rows, 11, 10, 400, 3), BRIEF)
    names = [one.name for one in planned.candidates] + [one["name"] for one in planned.left_out]
    assert names[:2] == [MEANS, SEASONAL_NAIVE]
    assert len(names) == len(set(names))


def test_the_clock_stops_a_search_and_that_is_told(sales, monkeypatch) -> None:
    tick = iter(range(0, 10_000, 20))
    monkeypatch.setattr("ventas.search_run.monotonic", lambda: float(next(tick)))
    found = _search(sales)
    assert found.stopped
    late = [one["name"] for one in found.leaderboard if "Not tried: the clock" in one["note"]]
    assert late
    tried = [one["name"] for one in found.leaderboard if "cv_rmse" in one]
    assert {MEANS, SEASONAL_NAIVE} <= set(tried)
    assert len(tried) == found.candidates
    assert not set(tried) & set(late)


def test_every_candidate_tells_its_fits_and_boosting_that_stopped_keeps_its_iterations(sales) -> None:
    found = _search(sales)
    assert not found.stopped
    measured = [one for one in found.leaderboard if "cv_rmse" in one]
    assert {one["fits"] for one in measured} == {SETTINGS.CV_FOLDS}
    assert [one["cv_rmse"] for one in measured] == sorted(one["cv_rmse"] for one in measured)
    assert any(one["note"] == "Stopped after 50 of its iterations." for one in measured)


def test_boosting_that_wins_early_is_fitted_no_further() -> None:
    from ventas.candidates import _boosting

    candidate = next(_boosting(View(calendar=True), Task(1000, 5, 1, 1000, 5), seed=1))
    stopped = candidate.stopped_at(50)
    assert stopped.regressor.max_iter == 50
    assert stopped.params["max_iter"] == 50
    assert candidate.regressor.max_iter == 150
    assert candidate.stopped_at(150) is candidate
    assert candidate.stopped_at(0) is candidate


def _cells(days: int) -> pd.DataFrame:
    """Sales that follow weekday, promotion and holiday in no other way than by cell, and noise."""
    random = np.random.default_rng(8)
    dates = pd.date_range("2021-01-01", periods=days)
    promotion, holiday = random.integers(0, 2, days), random.integers(0, 2, days)
    means = random.uniform(500, 1500, size=(7, 2, 2))
    mean = means[dates.day_of_week, promotion, holiday]
    return frame(dates, mean + random.normal(0, 80, days), promotion, holiday)


def test_a_model_that_is_hardly_better_than_the_table_loses_and_that_is_said() -> None:
    sums = _cells(340)  # a line tells these with fewer numbers than a table of cells needs
    random = np.random.default_rng(8)
    sums["Ventas"] = 900 + 100 * sums["DíaDeLaSemana"] + 80 * sums["Promociones"] + random.normal(0, 80, 340)
    found = _search(sums, SETTINGS.model_copy(update={"TABLE_MARGIN": 0.5}), Roles())
    assert found.family == MEANS
    best = found.leaderboard[0]["name"]
    assert best != MEANS, "the test means nothing where the table is best anyway"
    assert found.table_note.startswith("The table «means» is used: the best model")
    assert best in found.table_note
    assert "50%" in found.table_note


def test_progress_is_told_of_every_candidate_and_what_it_raises_ends_the_search(
    sales, brief: Watched, no_clock
) -> None:
    told = brief.told
    assert told == [(done, len(told)) for done in range(1, len(told) + 1)]

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        search(sales, BRIEF, stop, CHAIN)


def test_the_grid_is_the_grid_and_nothing_else(sales) -> None:
    found = _search(sales, GRID)
    assert found.family == "grid"
    assert found.candidates == 4
    assert {one["family"] for one in found.leaderboard} == {"grid"}
    assert found.table_note == ""
    assert found.estimator[-1].regressor_.n_estimators == 20


def _odd() -> dict[str, pd.DataFrame]:
    days = pd.date_range("2024-01-01", periods=60)
    noise = np.random.default_rng(1).uniform(50, 100, 60)
    open_rarely = np.where(np.arange(60) % 19 == 0, 1, 0)
    return {
        "14 dates": frame(days[:14], noise[:14]),
        "one row per fold": frame(days[:3], noise[:3]),
        "nothing sold": frame(days, 0.0),
        "always the same": frame(days, 123.4),
        "hardly ever open": frame(days, noise * open_rarely, Abierto=open_rarely),
        "never open": frame(days, 0.0, Abierto=0),
        "open at first only": frame(days, noise * (np.arange(60) < 5), Abierto=(np.arange(60) < 5) * 1),
        "all holidays": frame(days, noise, holiday=1),
        "all promotions of a store each": frame(
            days, noise, promotion=1, Tienda=[f"T{n}" for n in range(60)]
        ),
        "one date, many stores": frame(list(days[:6]) * 10, noise, Tienda=[f"T{n}" for n in range(60)]),
        "huge": frame(days, noise * 1e12, Precio=noise * 1e306),
    }


@pytest.mark.parametrize("name", _odd())
def test_odd_uploads_are_searched_without_a_warning(name: str, no_clock) -> None:
    rows = _odd()[name]
    found = _search(rows, TWO_FOLDS)
    asked = pd.concat([inputs(rows), inputs(frame([None, "2030-05-25"], Precio=-1e308, Tienda="otra"))])
    answers = found.estimator.predict(asked)
    assert np.isfinite(answers).all()
    assert (answers >= 0).all()
    assert np.isfinite([one["cv_rmse"] for one in found.leaderboard if "cv_rmse" in one]).all()
    metrics = evaluate(found.estimator, rows.tail(2), CHAIN)
    assert np.isfinite([metrics.rmse, metrics.r2]).all()
