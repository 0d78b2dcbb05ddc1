"""A compiled model answers every question as its pipeline does, or is not made at all."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_frames import CHAIN, chain
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from ventas.candidates import Candidate, Task, grid, matrix_of, plan
from ventas.compiled.kept import Kept
from ventas.compiled.model import CompiledModel, compiled
from ventas.compiled.rows import Row
from ventas.compiled.unfit import NotCompiled
from ventas.contract import DATE, DATE_DTYPE
from ventas.features import SalesFeatures
from ventas.promotion_plan import with_plan
from ventas.roles import Roles
from ventas.served import ServedModel, served_model
from ventas.settings import Settings
from ventas.training import inputs

SETTINGS = Settings(_env_file=None)
OFFSETS = [[-0.1, 0.2], [-0.2, 0.1], [-0.05, 0.3], [-0.3, 0.05]]
SHOPS = 3


def sales_of(shops: int) -> pd.DataFrame:
    """A chain with a price that changes within a shop, and a text of so many values that not all have a column."""
    frame = chain(shops, 150, seed=2)
    frame["Tienda"] = frame["Tienda"].str[1:].astype(np.float64) if shops > 1 else frame["Tienda"]
    random = np.random.RandomState(3)
    frame["Precio"] = random.uniform(1, 9, len(frame))
    frame["Clima"] = pd.Series(
        [f"clima {number}" for number in random.randint(0, 20, len(frame))], dtype="str"
    )
    return with_plan(frame, CHAIN)


def one_of_each(frame: pd.DataFrame) -> list[Candidate]:
    """Of each kind that a search may choose one, with few trees."""
    task = Task(len(frame), frame.shape[1], frame["Tienda"].nunique(), 150, 3)
    tried = [*plan(task, SETTINGS).candidates, *grid(SETTINGS, len(frame)).candidates]
    chosen = {(one.family, one.log, one.view): one for one in tried}.values()
    return [replace(one, regressor=_smaller(clone(one.regressor))) for one in chosen]


def _smaller(regressor: Any) -> Any:
    few = {"n_estimators": 7, "max_iter": 12}
    known = regressor.get_params()
    is_trees = "max_leaf_nodes" in known
    return regressor.set_params(**{name: value for name, value in few.items() if is_trees and name in known})


def model_of(one: Candidate, frame: pd.DataFrame, roles: Roles = CHAIN, **options: Any) -> ServedModel:
    known: dict[str, Any] = {"offsets": OFFSETS, "relative": True, "smearing": 1.01} | options
    pipeline = one.pipeline(matrix_of(one.view, roles, 42), **known)
    return served_model(pipeline.fit(inputs(frame), frame["Ventas"]), 1)


@pytest.fixture(scope="module")
def models() -> list[tuple[str, ServedModel, CompiledModel]]:
    """Every kind of model that a search may choose, of one shop and of several."""
    found = []
    for roles, frame in ((CHAIN, sales_of(SHOPS)), (Roles("", CHAIN.open), sales_of(1))):
        for one in one_of_each(frame):
            taught = frame if roles.series else frame.drop(columns="Tienda")
            model = model_of(one, taught, roles, relative=one.log)
            found.append((f"{one.name}, {roles}", model, compiled(model)))
    return found


NUMBERS = st.sampled_from([-1e30, -1.0, 0.0, 1.0, 3.7, 14.0, 400.0, 1e30])
OPTIONAL = {
    "Tienda": st.sampled_from([1.0, 2.0, 3.0, 17.0, 1.5, -3.0]),
    "Abierto": st.sampled_from([0, 1]),
    "Precio": NUMBERS,
    "Clima": st.sampled_from(["clima 0", "clima 7", "clima 19", "otro", "", "ñ"]),
    "DíasDesdePromoción": NUMBERS,
    "DíasHastaPromoción": NUMBERS,
    "DíaDePromoción": NUMBERS,
    "DuraciónPromoción": NUMBERS,
}
QUESTIONS = st.fixed_dictionaries(
    {
        "DíaDeLaSemana": st.integers(1, 7),
        "Promociones": st.integers(0, 1),
        "Festivo": st.integers(0, 1),
    },
    optional=OPTIONAL,
)
DAYS = (
    st.none()
    | st.dates(date(1900, 1, 1), date(2199, 12, 31))
    | st.dates(date(2019, 1, 1), date(2022, 12, 31))
)


@settings(max_examples=12, deadline=None)
@given(asked=st.lists(st.tuples(QUESTIONS, DAYS), min_size=10, max_size=30))
def test_every_kind_of_model_answers_every_question_as_its_pipeline(models, asked) -> None:
    for name, model, made in models:
        known = [one.name for one in model.inputs]
        columns = [{column: told[column] for column in known if column in told} for told, _ in asked]
        days = np.array(["NaT" if day is None else day for _, day in asked], dtype=DATE_DTYPE)
        frame = pd.DataFrame({DATE: days, **pd.DataFrame(columns)})
        said = model.forecast(frame)
        questions = [(row, day) for row, (_, day) in zip(columns, asked, strict=True)]
        found = made.answers(questions)
        anew = replace(made, found=made.found.asked) if isinstance(made.found, Kept) else made
        assert found == [answer for one in questions for answer in anew.answers([one])], name
        expected = np.column_stack([said.values, said.low, said.high])
        assert np.allclose(found, expected, rtol=1e-6, atol=1e-6), name
        assert [made.rows.series_text(row) for row in columns] == model.roles.series_of(frame).tolist()
        if model.roles.series:
            assert [made.rows.knows_series(row) for row in columns] == model.series_known(frame).tolist()


def test_every_kind_of_regressor_is_compiled(models) -> None:
    regressors = {type(model.estimator[-1].regressor_).__name__ for _, model, _ in models}
    assert regressors == {
        *("CellMeans", "SeasonalNaive", "Ridge", "HistGradientBoostingRegressor", "RandomForestRegressor")
    }


def test_answers_that_are_kept_are_those_to_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ventas.compiled.kept.MOST_KEPT", 40)
    asked: list[Row] = []

    def sums(rows: Sequence[Row]) -> list[float]:
        asked.extend(rows)
        return [sum(0.0 if math.isnan(number) else number for number in row[1:3]) for row in rows]

    kept = Kept(sums, 1, 2)
    nan = float("nan")
    rows = [[9.0, a, b, 7.0] for a in (1.0, 2.0, nan) for b in (-0.5, 0.5, nan, 3e300)]
    assert kept(rows) == sums(rows)
    asked.clear()
    changed = [[8.0, *row[1:3], 6.0] for row in rows]
    assert kept(changed[::-1]) == sums(rows)[::-1]
    assert len(asked) == len(rows), "by the comparison alone: of the other numbers nothing is read"
    asked.clear()
    new, known = [9.0, 5.0, 5.0, 7.0], rows[3]
    assert kept([new, known, new]) == [10.0, 3e300 + 1, 10.0]
    many = [[9.0, float(number), 0.0, 7.0] for number in range(1000)]
    assert [kept([row]) for row in many * 2] == [sums([row]) for row in many * 2]
    assert kept(many) == sums(many)
    assert len(kept._known) <= max(40, len(many))


def test_a_series_that_is_a_text_is_told_by_it() -> None:
    frame = sales_of(SHOPS)
    frame["Tienda"] = ("Ñuñoa " + frame["Tienda"].astype(np.int64).astype("str")).astype("str")
    made = compiled(model_of(one_of_each(frame)[0], frame))
    day = {"DíaDeLaSemana": 1, "Promociones": 0, "Festivo": 0}
    assert made.rows.series_text(day | {"Tienda": "Ñuñoa 2"}) == "Ñuñoa 2"
    assert made.rows.knows_series(day | {"Tienda": "Ñuñoa 2"})
    assert not made.rows.knows_series(day | {"Tienda": "Ñuñoa"})
    with pytest.raises(UnicodeError):
        made.rows.series_text(day | {"Tienda": "\ud800"})


def test_without_offsets_the_interval_is_the_answer_itself() -> None:
    frame = sales_of(1)
    made = compiled(model_of(one_of_each(frame)[0], frame, offsets=None))
    ((value, low, high),) = made.answers([({"DíaDeLaSemana": 1, "Promociones": 0, "Festivo": 0}, None)])
    assert value == low == high > 0


class Crooked(Ridge):
    """A linear model by its kind and its coefficients, but not by what it says."""

    def predict(self, X: Any) -> Any:
        return super().predict(X) * 1.0001


def test_a_model_that_would_answer_otherwise_is_not_compiled() -> None:
    frame = sales_of(1)
    linear = next(one for one in one_of_each(frame) if one.family == "linear")
    model = model_of(linear, frame)
    regressor = model.estimator[-1].regressor_
    model.estimator[-1].regressor_ = Crooked(**regressor.get_params())
    vars(model.estimator[-1].regressor_).update(vars(regressor))
    with pytest.raises(NotCompiled, match=r"answers .* and not .* to"):
        compiled(model)


def test_a_champion_of_earlier_releases_is_not_compiled() -> None:
    frame = chain(1, 100)
    forest = RandomForestRegressor(n_estimators=3, random_state=0)
    old = Pipeline([("features", SalesFeatures()), ("model", forest)]).fit(inputs(frame), frame["Ventas"])
    with pytest.raises(NotCompiled, match="release"):
        compiled(served_model(old, 1))
