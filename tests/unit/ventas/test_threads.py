"""Small fits get one thread, and only they."""

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from threadpoolctl import threadpool_info, threadpool_limits

from ventas.regressor import SalesRegressor
from ventas.threads import PARALLEL_FROM_ROWS, threads_for


def _threads() -> set[int]:
    return {one["num_threads"] for one in threadpool_info()}


def test_few_rows_get_one_thread_and_the_others_have_theirs_back_afterwards() -> None:
    with threadpool_limits(2):
        with threads_for(PARALLEL_FROM_ROWS - 1):
            assert _threads() == {1}
        assert _threads() == {2}
        with threads_for(PARALLEL_FROM_ROWS):
            assert _threads() == {2}


def test_a_forest_that_was_stopped_and_goes_on_is_the_forest_that_never_stopped() -> None:
    random = np.random.default_rng(3)
    matrix, sales = np.abs(random.normal(size=(120, 9))) + 1, random.uniform(10, 20, 120)
    recipe = SalesRegressor(RandomForestRegressor(n_estimators=9, random_state=1, n_jobs=2), log=False)
    halved = recipe.fit_iterations(matrix, sales, 3)
    assert len(halved.regressor_.estimators_) == 3
    halved = halved.fit_iterations(matrix, sales, 9).predict(matrix)
    whole = SalesRegressor(recipe.regressor, log=False).fit(matrix, sales)
    assert np.array_equal(whole.predict(matrix), halved)
    assert whole.regressor_.n_jobs is None
