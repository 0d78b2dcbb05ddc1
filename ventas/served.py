"""A model as it is served: raw columns in, sales out, and what it wants to be told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY
from ventas.errors import ModelUnusable
from ventas.promotion_plan import PLAN_COLUMNS, with_plan
from ventas.roles import Roles, says_open, series_texts

# NumPy reads the head of each array by Python's parser, and two threads that parse at once may both fail there:
# "AST constructor recursion depth mismatch" (https://github.com/python/cpython/issues/106905; 3.11.7 has it). A good
# challenger, loaded beside its champion, was then said to be unusable.
_ONE_LOADS = Lock()

# The only types beyond skops' own that a model file may name. The list is ours, never the file's: a crafted
# file could allow itself anything.
TRUSTED_TYPES = [
    "numpy.dtype",  # of files that an earlier skops wrote
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "ventas.columns.RawColumns",
    "ventas.days.Calendar",
    "ventas.features.SalesFeatures",  # of champions made before `ventas.matrix`
    "ventas.linear_terms.LinearTerms",
    "ventas.matrix.SalesMatrix",
    "ventas.regressor.SalesRegressor",
    "ventas.tables.CellMeans",
    "ventas.tables.SeasonalNaive",
    "ventas.target_statistics.TargetStatistics",
]


@dataclass(frozen=True)
class ModelInput:
    """One column that the model reads; `low` and `high` are those seen in training, for information.

    median: what is taken for a number that is left out; None where that is each series' own.
    whole: training saw only whole numbers. of_series: each series has one value of it, which a row need not tell.
    """

    name: str
    kind: Literal["weekday", "flag", "number", "text"]
    required: bool
    categories: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    median: float | None = None
    whole: bool = False
    of_series: bool = False


@dataclass(frozen=True)
class Forecast:
    """Sales for some rows, float64 of shape (rows,) each; `low` and `high` bound the interval that holds `coverage`.

    All three are None where the model was made before models had intervals.
    """

    values: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64] | None = None
    high: npt.NDArray[np.float64] | None = None
    coverage: float | None = None

    def oddity(self) -> float | None:
        """An answer or bound that is no finite number, or None where all are."""
        for given in (self.values, self.low, self.high):
            if given is not None and not np.isfinite(given).all():
                return float(given[~np.isfinite(given)][0])
        return None


@dataclass(frozen=True)
class ServedModel:
    """A loaded model version; safe to use from several threads."""

    version: int
    inputs: tuple[ModelInput, ...]
    estimator: Any
    roles: Roles = field(default_factory=Roles)

    def forecast(self, frame: pd.DataFrame) -> Forecast:
        """Sales and their interval for each row of raw columns; a date that is unknown is NaT."""
        model = self.estimator[-1]
        if not hasattr(model, "predict_interval"):
            return Forecast(self.predict(frame))
        values, low, high = model.predict_interval(self.estimator[:-1].transform(frame))
        return Forecast(values, low, high, float(model.coverage))

    def with_plan(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`frame` with the promotions around each row as its rows tell of them, where the model reads those."""
        return with_plan(frame, self.roles) if self.plan_inputs else frame

    def plan_known(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_] | None:
        """Whether anything is told of the promotions around each row; None where the model reads nothing of it."""
        if not self.plan_inputs:
            return None
        told = [name for name in self.plan_inputs if name in frame]
        return frame[told].notna().any(axis=1).to_numpy(dtype=bool)

    @property
    def plan_inputs(self) -> list[str]:
        """Inputs that tell of the promotions around a row, those that the model reads."""
        return [one.name for one in self.inputs if one.name in PLAN_COLUMNS]

    def series_known(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Whether each row names a series that the model was trained on; all True where it knows only one."""
        known = next((one for one in self.inputs if one.name == self.roles.series), None)
        if known is None:
            return np.ones(len(frame), dtype=bool)
        if known.name not in frame:
            return np.zeros(len(frame), dtype=bool)
        return series_texts(frame[known.name]).isin(known.categories).to_numpy(dtype=bool)

    def open_known(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_] | None:
        """Rows that say whether their series is open; None where the model reads no such column."""
        return says_open(frame, self.roles.open) if self.roles.open else None

    def closed_assumed(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Rows that do not say whether their series is open, and are answered as closed days."""
        known = self.open_known(frame)
        features: Any = getattr(self.estimator, "named_steps", {}).get("features")
        if known is None or known.all() or not hasattr(features, "opened"):
            return np.zeros(len(frame), dtype=np.bool_)
        opened: npt.NDArray[np.bool_] = features.opened(frame)
        return ~known & ~opened

    def predict(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Sales for each row of raw columns, float64 of shape (rows,); missing optional columns are filled."""
        return np.asarray(self.estimator.predict(frame), dtype=np.float64)


def load_estimator(path: Path) -> Any:
    """The fitted pipeline in a skops file; raises ModelUnusable where it cannot be loaded or is not trusted."""
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        with _ONE_LOADS:
            return skops.io.load(path, trusted=TRUSTED_TYPES)
    except UntrustedTypesFoundException as error:
        raise ModelUnusable(f"The model file names types that are not trusted: {error}") from error
    except Exception as error:
        raise ModelUnusable(f"The model file cannot be loaded: {error}") from error


def load_served(path: Path, version: int) -> ServedModel:
    """Load a model version from a skops file. Raises ModelUnusable."""
    return served_model(load_estimator(path), version)


def served_model(estimator: Any, version: int) -> ServedModel:
    """A fitted pipeline as a model that can be asked. Raises ModelUnusable."""
    try:
        features = estimator.named_steps["features"]
        inputs = model_inputs(features)
        roles = Roles(getattr(features, "series", ""), getattr(features, "open", ""))
        model = ServedModel(version, inputs, estimator, roles)
        sample = model.predict(sample_frame())
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelUnusable(f"Version {version} is not a sales model of this pipeline: {error!r}") from error
    if not np.isfinite(sample).all():
        raise ModelUnusable(f"Version {version} answers {sample.tolist()} to plain inputs.")
    return model


def sample_frame() -> pd.DataFrame:
    """Two plain rows with the contract's columns, to warm a model and to see that it answers at all."""
    return pd.DataFrame(
        {
            DATE: pd.to_datetime(["2024-01-01", "2024-01-07"]),
            WEEKDAY: [1, 7],
            PROMOTION: [0, 1],
            HOLIDAY: [0, 1],
        }
    )


def model_inputs(features: Any) -> tuple[ModelInput, ...]:
    """What a fitted first step (`SalesMatrix`, or `SalesFeatures`) reads, the contract's columns first."""
    columns = getattr(features, "columns_", features)
    contract = (
        ModelInput(WEEKDAY, "weekday", required=True, low=1, high=7),
        ModelInput(PROMOTION, "flag", required=True, low=0, high=1),
        ModelInput(HOLIDAY, "flag", required=True, low=0, high=1),
    )
    fixed = columns.fixed_names() if hasattr(columns, "fixed_names") else []
    numbers = tuple(_number_inputs(columns, fixed))
    texts = tuple(
        ModelInput(
            str(name),
            "text",
            required=False,
            categories=tuple(columns.text_values_[columns.text_columns_ == name].tolist()),
            of_series=name in fixed,
        )
        for name in dict.fromkeys(columns.text_columns_.tolist())
    )
    plan = tuple(
        ModelInput(str(name), "number", required=False, low=0.0)
        for name in getattr(features, "plan_names_", ())
    )
    return contract + _special_inputs(columns) + numbers + texts + plan


def _number_inputs(columns: Any, fixed: Sequence[str]) -> Iterator[ModelInput]:
    """Further numbers; of champions made before that was learnt, whether they are whole is unknown."""
    whole = getattr(columns, "numeric_whole_", np.zeros(len(columns.numeric_names_), dtype=bool))
    absent = getattr(columns, "absent_numbers_", columns.numeric_medians_[:, None])
    parts = (columns.numeric_lows_, columns.numeric_highs_, absent, whole)
    for name, low, high, taken, is_whole in zip(columns.numeric_names_, *parts, strict=True):
        yield ModelInput(
            str(name),
            "number",
            required=False,
            low=float(low),
            high=float(high),
            median=float(taken[0]) if (taken == taken[0]).all() else None,
            whole=bool(is_whole),
            of_series=str(name) in fixed,
        )


def _special_inputs(columns: Any) -> tuple[ModelInput, ...]:
    """The series, and whether it was open; champions made before these were known have neither."""
    found = []
    if getattr(columns, "series", ""):
        kind: Literal["number", "text"] = "number" if columns.series_is_number_ else "text"
        found.append(ModelInput(columns.series, kind, False, tuple(columns.series_values_.tolist())))
    if getattr(columns, "open", ""):
        usual = None if hasattr(columns, "usually_open_") else 1.0  # for each series its own, else open
        found.append(ModelInput(columns.open, "flag", required=False, low=0, high=1, median=usual))
    return tuple(found)
