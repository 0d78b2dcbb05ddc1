"""A model that misbehaves in any of these ways must not be served, and the sentence says how."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from ventas.checks import Example, failed_check
from ventas.errors import ModelUnusable
from ventas.served import ModelInput, ServedModel, served_model
from ventas.training import inputs, search

INPUTS = (
    ModelInput("DíaDeLaSemana", "weekday", required=True),
    ModelInput("Promociones", "flag", required=True),
    ModelInput("Festivo", "flag", required=True),
    ModelInput("Precio", "number", required=False, low=1.0, high=9.0),
    ModelInput("self", "text", required=False, categories=("norte", "sur")),
)
Predict = Callable[[pd.DataFrame], Any]


class Model:
    def __init__(self, predict: Predict):
        self.predict = predict

    def __getitem__(self, index: object) -> object:
        return object()  # its last step, which gives no interval


def fault_of(predict: Predict) -> str | None:
    return failed_check(ServedModel(3, INPUTS, Model(predict)))


def plain(frame: pd.DataFrame) -> Any:
    return frame["DíaDeLaSemana"].to_numpy(float) * 100


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    dates = pd.date_range("2024-01-01", periods=80)
    table = pd.DataFrame(
        {
            "Fecha": dates,
            "DíaDeLaSemana": dates.day_of_week + 1,
            "Promociones": rng.integers(0, 2, 80),
            "Festivo": (dates.day_of_week == 6).astype(int),
            "Ventas": 100.0 * (dates.day_of_week + 1) + rng.normal(0, 5, 80),
            "Precio (€)": rng.normal(10, 1, 80) / 3,
            "Zona": rng.choice(["norte", "sur"], 80),
        }
    )
    table.loc[[1, 4], ["Precio (€)", "Zona"]] = [np.nan, None]
    return table


@pytest.fixture
def fit(settings, sales: pd.DataFrame) -> Pipeline:
    quick = {
        "SEARCH": "grid",
        "GRID_N_ESTIMATORS": [5],
        "GRID_MAX_DEPTH": [None],
        "GRID_MIN_SAMPLES_SPLIT": [2],
    }
    return search(sales, settings.model_copy(update=quick), lambda *_: None).estimator


def test_a_model_that_behaves_passes() -> None:
    assert fault_of(plain) is None


def test_a_real_fit_passes_with_the_example_of_its_training(fit: Pipeline, sales: pd.DataFrame) -> None:
    example = Example.from_json(Example.of(inputs(sales), {"judged": fit}).to_json())
    assert len(example.rows) == 50
    pd.testing.assert_frame_equal(example.rows, inputs(sales).head(50), check_dtype=False)
    assert failed_check(served_model(fit, 1), example.rows, example.predictions["judged"]) is None


def test_a_fit_that_answers_otherwise_than_at_training_is_found(fit: Pipeline, sales: pd.DataFrame) -> None:
    example = Example.of(inputs(sales), {"judged": fit})
    expected = example.predictions["judged"]
    expected[8] *= 1 + 1e-6  # not a Monday, whose sales are next to nothing
    fault = failed_check(served_model(fit, 1), example.rows, expected)
    assert fault == "does not answer as it did at training."
    assert failed_check(served_model(fit, 1), example.rows, expected[:-1]) == fault


def _changes_its_input(frame: pd.DataFrame) -> Any:
    frame["Promociones"] = 1
    return plain(frame)


def _by_position(frame: pd.DataFrame) -> Any:
    return frame.iloc[:, 1].to_numpy(float)


def _knows_its_neighbours(frame: pd.DataFrame) -> Any:
    return plain(frame) - plain(frame).mean()


def _stumbles(frame: pd.DataFrame) -> Any:
    raise ZeroDivisionError("of all things")


def _needs_every_column(frame: pd.DataFrame) -> Any:
    return plain(frame) + frame["Precio"].to_numpy(float)


def _knows_only_its_texts(frame: pd.DataFrame) -> Any:
    unknown = ~frame["self"].isin(["norte", "sur"]) if "self" in frame else np.zeros(len(frame), dtype=bool)
    return np.where(unknown, np.nan, plain(frame))


def _overflows(frame: pd.DataFrame) -> Any:
    return plain(frame) + (frame["Precio"].to_numpy(float) ** 4 if "Precio" in frame else 0)


def _goes_below_zero(frame: pd.DataFrame) -> Any:
    return plain(frame) - 150.0


def _needs_a_date(frame: pd.DataFrame) -> Any:
    return plain(frame) + frame["Fecha"].dt.month.to_numpy(float)


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize(
    ("predict", "words"),
    [
        (_goes_below_zero, "gives negative sales for"),
        (_needs_a_date, "no finite number for"),
        (_changes_its_input, "changes the table"),
        (_by_position, "another order"),
        (_knows_its_neighbours, "a row alone"),
        (_stumbles, "ZeroDivisionError: of all things"),
        (_needs_every_column, "KeyError: 'Precio'"),
        (_knows_only_its_texts, "no finite number for"),
        (_overflows, "no finite number for"),
        (lambda frame: np.full(len(frame), np.inf), "no finite number for"),
        (lambda frame: plain(frame)[:-1], "no finite number for"),
    ],
)  # fmt: skip
def test_each_way_of_misbehaving_is_named(predict: Predict, words: str) -> None:
    assert words in str(fault_of(predict))


class WithInterval:
    """The last step of a pipeline that tells an interval, which `spoil` may make a bad one."""

    coverage = 0.8

    def __init__(self, spoil: Callable[..., Any]):
        self.spoil = spoil

    def predict_interval(self, frame: pd.DataFrame) -> Any:
        return self.spoil(plain(frame), plain(frame) * 0.9, plain(frame) * 1.1)


class IntervalModel(Model):
    """A pipeline whose features are the table itself."""

    def __init__(self, spoil: Callable[..., Any]):
        super().__init__(plain)
        self.model = WithInterval(spoil)

    def __getitem__(self, index: object) -> object:
        return self if isinstance(index, slice) else self.model

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda value, low, high: (value, low, high), None),
        (lambda value, low, high: (value, value, value), None),
        (lambda value, low, high: (value, high, low), "does not hold its own answer"),
        (lambda value, low, high: (value, low * np.nan, high), "does not hold its own answer"),
        (lambda value, low, high: (value, low, high + np.inf), "does not hold its own answer"),
        (lambda value, low, high: (value + 1, low, high), "otherwise with an interval than without"),
    ],
)
def test_an_interval_must_hold_its_own_answer(spoil: Callable[..., Any], words: str | None) -> None:
    fault = failed_check(ServedModel(3, INPUTS, IntervalModel(spoil)))
    assert fault is None if words is None else words in str(fault)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"rows": 5, "predictions": {}}', '{"rows": {"a": [1, 2], "b": [1]}}']
)
def test_an_example_that_cannot_be_read_is_no_example(text: str) -> None:
    with pytest.raises(ModelUnusable, match="cannot be read"):
        Example.from_json(text)


def test_extreme_numbers_in_training_leave_a_model_that_passes(settings, sales: pd.DataFrame) -> None:
    """Forests compute in float32; what lies beyond must be bounded before."""
    sales = sales.copy()
    sales.loc[:2, "Precio (€)"] = [1e308, -1e308, 3e38]
    quick = {
        "SEARCH": "grid",
        "GRID_N_ESTIMATORS": [5],
        "GRID_MAX_DEPTH": [None],
        "GRID_MIN_SAMPLES_SPLIT": [2],
    }
    found = search(sales, settings.model_copy(update=quick), lambda *_: None)
    assert failed_check(served_model(found.estimator, 1), inputs(sales)) is None
