"""Every kind of model that a search may choose comes back from its file as it was, and no type is trusted in vain."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from model_frames import CHAIN, chain
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ventas.candidates import Candidate, Task, grid, matrix_of, plan
from ventas.features import SalesFeatures
from ventas.intervals import STATES
from ventas.promotion_plan import with_plan
from ventas.served import TRUSTED_TYPES, load_served
from ventas.settings import Settings
from ventas.training import inputs

SETTINGS = Settings(_env_file=None)
OFFSETS = [[-0.1, 0.2]] * STATES


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    return with_plan(chain(3, 200, seed=2), CHAIN)


def one_of_each(sales: pd.DataFrame) -> list[Candidate]:
    task = Task(len(sales), sales.shape[1], 3, 200, 3)
    tried = [*plan(task, SETTINGS).candidates, *grid(SETTINGS, len(sales)).candidates]
    return list({(one.family, one.log): one for one in tried}.values())


def old_champion() -> Pipeline:
    """As earlier releases made them."""
    forest = RandomForestRegressor(n_estimators=5, random_state=0)
    return Pipeline([("features", SalesFeatures()), ("scaler", StandardScaler()), ("model", forest)])


def test_models_come_back_from_their_files_and_no_type_is_trusted_in_vain(sales, tmp_path: Path) -> None:
    models = [
        one.pipeline(matrix_of(one.view, CHAIN, 42), offsets=OFFSETS, relative=True)
        for one in one_of_each(sales)
    ]
    named = {"numpy.dtype"}  # of files that an earlier skops wrote
    rows = inputs(sales).tail(40)
    for number, model in enumerate([*models, old_champion()]):
        model.fit(inputs(sales), sales["Ventas"])
        path = tmp_path / f"{number}.skops"
        skops.io.dump(model, path)
        named |= set(skops.io.get_untrusted_types(file=path))
        loaded = load_served(path, number)
        assert np.array_equal(loaded.predict(rows), model.predict(rows))
        assert (loaded.forecast(rows).low is not None) == (number < len(models)), "old ones know no interval"
    assert named == set(TRUSTED_TYPES)
