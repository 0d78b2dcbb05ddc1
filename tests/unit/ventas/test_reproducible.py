"""A recipe with a seed gives the same model again, and one without does not."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import Pipeline

from ventas.features import SalesFeatures
from ventas.reproducible import REFIT_ROWS, irreproducible


def _sales(days: int) -> pd.DataFrame:
    dates = pd.date_range("2000-01-01", periods=days)
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "Fecha": dates,
            "DíaDeLaSemana": dates.day_of_week + 1,
            "Promociones": rng.integers(0, 2, days),
            "Festivo": 0,
            "Ventas": 100 + rng.normal(0, 5, days),
        }
    )


def _forest(seed: int | None) -> Pipeline:
    forest = RandomForestRegressor(n_estimators=3, random_state=seed)
    return Pipeline([("features", SalesFeatures()), ("model", forest)])


def test_a_seed_makes_the_same_model() -> None:
    assert irreproducible(_forest(42), _sales(90), seed=1) is None


def test_without_a_seed_it_is_another_one() -> None:
    assert str(irreproducible(_forest(None), _sales(90), seed=1)).startswith("gives another model each time")


class Counts(SalesFeatures):
    """Remembers in the class how many rows it was fitted on, for sklearn fits a clone."""

    rows: list[int] = []  # noqa: RUF012

    def fit(self, X, y=None):
        self.rows.append(len(X))
        return super().fit(X, y)


def test_no_more_rows_are_fitted_than_it_takes() -> None:
    counting = Pipeline([("features", Counts()), ("model", RandomForestRegressor(3, random_state=1))])
    assert irreproducible(counting, _sales(REFIT_ROWS + 500), seed=1) is None
    assert Counts.rows == [REFIT_ROWS, REFIT_ROWS]


def test_a_recipe_that_cannot_be_fitted_is_told() -> None:
    broken = Pipeline([("features", SalesFeatures()), ("model", RandomForestRegressor(n_estimators=-1))])
    with pytest.raises(ValueError, match="n_estimators"):
        broken.fit(_sales(30).drop(columns="Ventas"), _sales(30)["Ventas"])
    assert "cannot be fitted again: " in str(irreproducible(broken, _sales(90), seed=1))
