"""The search tells of each candidate, looks at no test row, and gives the same winner again."""

import numpy as np
import pandas as pd
import pytest

from ventas.training import evaluate, inputs, refit, search, time_folds


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    dates = pd.date_range("2023-01-01", periods=140)
    weekday = dates.day_of_week + 1
    promotion, holiday = rng.integers(0, 2, 140), (weekday == 7).astype(int)
    return pd.DataFrame(
        {
            "Fecha": dates,
            "DíaDeLaSemana": weekday,
            "Promociones": promotion,
            "Festivo": holiday,
            "Ventas": 1000.0 + 200 * weekday + 300 * promotion + rng.normal(0, 30, 140),
        }
    )


@pytest.fixture
def quick(settings):
    return settings.model_copy(
        update={
            "SEARCH": "grid",
            "GRID_N_ESTIMATORS": [10],
            "GRID_MAX_DEPTH": [None, 2],
            "GRID_MIN_SAMPLES_SPLIT": [2],
        }
    )


def test_progress_is_told_candidate_by_candidate(sales, quick) -> None:
    told: list[tuple[int, int]] = []
    found = search(sales, quick, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    assert found.candidates == 2
    assert found.params["max_depth"] is None, "seven weekdays do not fit into depth 2"


def test_what_progress_raises_ends_the_search(sales, quick) -> None:
    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        search(sales, quick, stop)


def test_the_same_rows_give_the_same_model(sales, quick) -> None:
    first, second = (search(sales, quick, lambda *_: None) for _ in range(2))
    assert first.cv_mse == second.cv_mse
    assert np.array_equal(first.estimator.predict(inputs(sales)), second.estimator.predict(inputs(sales)))


def test_folds_are_judged_only_on_later_dates_and_cut_no_date(sales) -> None:
    two_shops = pd.concat([sales, sales], ignore_index=True)["Fecha"]
    folds = time_folds(two_shops, 5)
    assert len(folds) == 5
    for fit, judged in folds:
        assert two_shops[fit].max() < two_shops[judged].min()


def test_errors_are_those_of_the_predictions(sales, quick) -> None:
    estimator = search(sales, quick, lambda *_: None).estimator
    metrics = evaluate(estimator, sales)
    values, low, high = estimator[-1].predict_interval(estimator[:-1].transform(inputs(sales)))
    assert np.array_equal(values, estimator.predict(inputs(sales)))
    assert metrics.coverage == sales["Ventas"].between(low, high).mean()
    residuals = sales["Ventas"] - estimator.predict(inputs(sales))
    assert metrics.mse == pytest.approx((residuals**2).mean())
    assert metrics.rmse == pytest.approx(metrics.mse**0.5)
    assert metrics.r2 == pytest.approx(
        1 - (residuals**2).sum() / ((sales.Ventas - sales.Ventas.mean()) ** 2).sum()
    )


def test_a_refit_keeps_the_recipe_and_leaves_the_fit_alone(sales, quick) -> None:
    judged = search(sales[:100], quick, lambda *_: None).estimator
    before = judged.predict(inputs(sales))
    again = refit(judged, sales)
    assert (
        again.get_params()["model__regressor__max_depth"]
        == judged.get_params()["model__regressor__max_depth"]
    )
    assert np.array_equal(judged.predict(inputs(sales)), before)
    assert not np.array_equal(again.predict(inputs(sales)), before)


def test_a_random_split_is_searched_over_plain_folds(sales, quick) -> None:
    found = search(
        sales.sample(frac=1, random_state=1), quick.model_copy(update={"SPLIT": "random"}), lambda *_: None
    )
    assert found.cv_mse > 0
