"""Whatever a regressor says, the answer is what sales can be, and the interval holds it."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from ventas.regressor import SalesRegressor

ALL = [1.0, 100.0, 19_000.0, 0.0]  # open, base, date, series


class _Says(RegressorMixin, BaseEstimator):
    """Says one number, and remembers what it was taught."""

    def __init__(self, value: float = 0.0):
        self.value = value

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        return self

    def predict(self, X):
        return np.full(len(X), self.value)


def _matrix(*rows: list[float]) -> np.ndarray:
    return np.array([[*row, 1.0, 0.0, 0.0] for row in rows])


@pytest.mark.parametrize("value", [-1e308, -5.0, 0.0, 3.0, 1e308])
@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("on_base", [True, False])
def test_answers_are_finite_not_negative_and_0_when_closed(value, log, on_base) -> None:
    matrix = _matrix(ALL, [0.0, *ALL[1:]])
    model = SalesRegressor(_Says(value), log=log, on_base=on_base).fit(matrix, [10.0, 0.0])
    opened, closed = model.predict(matrix)
    assert np.isfinite(opened)
    assert opened >= 0
    assert closed == 0


@pytest.mark.parametrize(("log", "on_base"), [(True, True), (True, False), (False, True), (False, False)])
def test_what_is_learnt_is_told_again_in_sales(log: bool, on_base: bool) -> None:
    matrix = _matrix(ALL, [1.0, 40.0, 19_001.0, 1.0])
    model = SalesRegressor(LinearRegression(), log=log, on_base=on_base).fit(matrix, [120.0, 90.0])
    assert model.predict(matrix) == pytest.approx([120, 90])


def test_closed_days_and_rows_without_a_base_are_not_taught() -> None:
    matrix = _matrix(ALL, [0.0, *ALL[1:]], [1.0, np.nan, 19_002.0, 0.0])
    with_base = SalesRegressor(_Says(), log=False, on_base=True).fit(matrix, [10.0, 5.0, 7.0])
    assert with_base.regressor_.y_.tolist() == [-90]
    without = SalesRegressor(_Says(), log=False).fit(matrix, [10.0, 5.0, 7.0])
    assert without.regressor_.y_.tolist() == [10, 7]
    assert without.regressor_.X_.shape == (2, 4), "open, base and date are not for the regressor"


def test_smearing_lifts_every_answer() -> None:
    model = SalesRegressor(_Says(np.log(11)), smearing=1.1).fit(_matrix(ALL), [10.0])
    assert model.predict(_matrix(ALL)) == pytest.approx([11.0])


def test_iterations_that_go_on_end_where_one_fit_does() -> None:
    random = np.random.default_rng(2)
    matrix = np.column_stack([np.ones((300, 3)), random.normal(size=(300, 4))])
    sales = np.exp(matrix[:, 3] + matrix[:, 4])
    boosting = HistGradientBoostingRegressor(max_iter=30, early_stopping=False, random_state=1)
    at_once = SalesRegressor(boosting).fit(matrix, sales)
    rungs = SalesRegressor(boosting).fit_iterations(matrix, sales, 10)
    early = rungs.predict(matrix)
    rungs.fit_iterations(matrix, sales, 30)
    assert np.array_equal(rungs.predict(matrix), at_once.predict(matrix))
    assert not np.array_equal(early, at_once.predict(matrix))


OFFSETS = [[-0.8, 2.0], [-0.4, 0.8], [-0.2, 0.4], [-0.1, 0.2]]


@pytest.mark.parametrize(
    ("date", "series", "low", "high"),
    [(np.nan, np.nan, 20, 300), (1.0, np.nan, 60, 180), (np.nan, 1.0, 80, 140), (1.0, 1.0, 90, 120)],
)
def test_the_interval_is_that_of_what_is_known(date, series, low, high) -> None:
    asked = _matrix([1.0, 0.0, date, series])
    model = SalesRegressor(_Says(100.0), log=False, relative=True, offsets=OFFSETS).fit(asked, [1.0])
    assert np.column_stack(model.predict_interval(asked)).tolist() == [
        pytest.approx([100.0, low, high]),
    ]
    sums = np.array(OFFSETS) * 100
    model = SalesRegressor(_Says(100.0), log=False, offsets=sums).fit(asked, [1.0])
    assert np.column_stack(model.predict_interval(asked))[0] == pytest.approx([100, low, high])


def test_the_interval_never_goes_below_0_and_is_0_when_closed() -> None:
    asked = _matrix(ALL, [0.0, *ALL[1:]])
    model = SalesRegressor(_Says(5.0), log=False, offsets=[[-50.0, 7.0]] * 4).fit(asked, [1.0, 0.0])
    assert np.column_stack(model.predict_interval(asked)).tolist() == [[5, 0, 12], [0, 0, 0]]


def test_without_calibration_the_interval_is_the_answer() -> None:
    model = SalesRegressor(_Says(5.0), log=False).fit(_matrix(ALL), [1.0])
    assert np.column_stack(model.predict_interval(_matrix(ALL))).tolist() == [[5, 5, 5]]


def test_the_interval_survives_a_clone() -> None:
    model = SalesRegressor(_Says(5.0), log=False, offsets=OFFSETS, coverage=0.9)
    again = clone(model).fit(_matrix(ALL), [1.0])
    assert again.offsets == OFFSETS
    assert again.coverage == 0.9


def test_boosting_learns_from_a_fold_too_short_for_any_statistics() -> None:
    matrix = np.column_stack([_matrix(*[[1.0, np.nan, 19_000.0, 0.0]] * 60), np.full(60, np.nan)])
    model = SalesRegressor(HistGradientBoostingRegressor(max_iter=5, early_stopping=False), on_base=True)
    assert np.isfinite(model.fit(matrix, np.full(60, 9.0)).regressor_.predict(matrix[:, 3:])).all()
