"""Intervals hold what they say, know nothing of test rows, and are wider where less is known."""

import numpy as np
import pandas as pd
import pytest
from model_frames import CHAIN, chain, frame
from sklearn.base import clone

from ventas.folds import inputs
from ventas.intervals import STATES, calibrated
from ventas.served import served_model
from ventas.training import Search, search


def _said(value: float, rows: int) -> np.ndarray:
    return np.full((STATES, rows), value)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_further_errors_are_held_as_often_as_asked(coverage: float) -> None:
    random = np.random.default_rng(4)
    held = []
    for _ in range(200):
        (low, high), *_ = calibrated(_said(100.0, 60), 100 + random.normal(size=60), coverage).offsets
        further = random.normal(size=200)
        held.append(((further >= low) & (further <= high)).mean())
    assert coverage - 0.005 < np.mean(held) < coverage + 0.045, "60 rows: corrected upwards, never below"


def test_the_correction_for_few_rows_takes_the_next_larger_error() -> None:
    actual = 100 + np.arange(-9.0, 10.0)  # 19 errors make 20 gaps; two of them are a tail
    assert calibrated(_said(100.0, 19), actual, 0.8).offsets == [[-8, 8]] * STATES
    assert calibrated(_said(100.0, 3), np.array([99.0, 100.0, 102.0]), 0.8).offsets == [[-1, 2]] * STATES


def test_errors_that_weigh_more_decide() -> None:
    early, late = 100 + np.linspace(-30, 30, 400), 100 + np.linspace(-10, 10, 400)
    both = np.concatenate([early, late])
    (low, high) = calibrated(_said(100.0, 800), both, 0.8, np.repeat([1.0, 1e9], 400)).offsets[-1]
    assert (low, high) == (pytest.approx(-8, abs=0.1), pytest.approx(8, abs=0.1))
    alike = calibrated(_said(100.0, 800), both, 0.8, np.full(800, 3.0))
    assert alike == calibrated(_said(100.0, 800), both, 0.8)


def test_later_folds_of_a_search_weigh_more(quick_search) -> None:  # type: ignore[no-untyped-def]
    """Sales that grow calm: the interval holds what is asked of the rows to come, not of all that was."""
    days = pd.date_range("2015-01-01", periods=3000)
    noise = np.random.default_rng(8).normal(size=3000)
    spread = np.where(np.arange(3000) < 1000, 300, 100)
    sales = frame(days, 1000 + spread * noise)
    assert _coverage(quick_search(sales[:2100]), sales[2100:]) < 0.9


def test_no_errors_to_learn_from_give_no_width() -> None:
    assert calibrated(_said(1.0, 0), np.array([]), 0.8).offsets == [[0, 0]] * STATES


def test_errors_are_shares_where_they_grow_with_the_answer_and_sums_where_not() -> None:
    random = np.random.default_rng(1)
    said = random.uniform(10, 1000, size=500)
    noise = random.normal(size=500)
    assert calibrated(np.tile(said, (STATES, 1)), said * (1 + 0.1 * noise), 0.8).relative
    assert not calibrated(np.tile(said, (STATES, 1)), said + noise, 0.8).relative


@pytest.mark.parametrize("wobble", [0.0, 1e-13, 1e-9])
def test_answers_that_are_all_alike_are_no_slope(wobble: float) -> None:
    said = _said(0.1, 50) + wobble * np.arange(50)
    assert not calibrated(said, np.full(50, 0.3), 0.8).relative


@pytest.fixture(scope="module")
def iid() -> pd.DataFrame:
    """One store without any structure but its weekdays; rows enough to count on."""
    days = pd.date_range("2005-01-01", periods=7000)
    noise = np.random.default_rng(3).lognormal(sigma=0.2, size=7000)
    return frame(days, 1000 * (1 + 0.1 * days.day_of_week.to_numpy()) * noise)


@pytest.fixture(scope="module")
def quick_search():
    """A search of tables and linear models alone: what is tested here is the same for all."""
    from ventas.settings import Settings

    def run(train: pd.DataFrame, **options: object) -> Search:
        settings = Settings(_env_file=None, SEARCH_BUDGET_SECONDS=1, **options)
        return search(train, settings, lambda *_: None, CHAIN)

    return run


def _ends(found: Search, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    told = served_model(found.estimator, 1).forecast(inputs(rows))
    assert told.low is not None
    assert told.high is not None
    return told.values, told.low, told.high


def _coverage(found: Search, test: pd.DataFrame) -> float:
    _, low, high = _ends(found, test)
    return float(((test["Ventas"] >= low) & (test["Ventas"] <= high)).mean())


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_test_rows_are_held_as_often_as_asked(iid, quick_search, coverage) -> None:
    found = quick_search(iid[:4900], INTERVAL_COVERAGE=coverage)
    assert _coverage(found, iid[4900:]) == pytest.approx(coverage, abs=0.03)


@pytest.fixture(scope="module")
def stores(quick_search) -> tuple[Search, pd.DataFrame]:
    """A search on a chain of stores, and the rows after it."""
    sales = chain(8, 400, seed=9)
    return quick_search(sales[: 8 * 280]), sales[8 * 280 :]


def test_less_known_is_held_in_a_wider_interval(stores) -> None:
    found, test = stores
    opened = test[test["Abierto"] == 1]
    asked = {
        "all": opened,
        "no date": opened.assign(Fecha=pd.NaT),
        "no store": opened.drop(columns="Tienda"),
        "nothing": opened.assign(Fecha=pd.NaT).drop(columns="Tienda"),
    }
    width = {}
    for name, rows in asked.items():
        values, low, high = _ends(found, rows)
        assert ((low <= values) & (values <= high)).all()
        width[name] = float(np.mean(high - low))
    assert width["no date"] >= width["all"] * 0.98
    assert width["no store"] > width["all"] * 1.2
    assert width["nothing"] > width["all"] * 1.2


def test_closed_days_have_no_width(stores) -> None:
    found, test = stores
    values, low, high = _ends(found, test[test["Abierto"] == 0])
    assert not np.any([values, low, high])


def test_the_interval_survives_clone_and_refit(stores) -> None:
    found, test = stores
    again = clone(found.estimator).fit(inputs(test), test["Ventas"])
    model = found.estimator[-1]
    assert again[-1].offsets == model.offsets
    assert (again[-1].relative, again[-1].coverage) == (model.relative, model.coverage)
