"""The search for a challenger inside train, and how a fit is measured.

Candidates are compared by cross-validation inside train only; test rows are for the verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import GridSearchCV, KFold, ParameterGrid, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ventas.contract import DATE, TARGET
from ventas.features import SalesFeatures
from ventas.settings import Settings

PARALLEL_FROM_ROWS = (
    10_000  # below, starting threads costs more than the trees: 4.0 s against 7 s for 60 fits
)
Fold = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Search:
    """The winner of a search, fitted on all of train; `cv_mse` is its mean squared error over the folds."""

    estimator: Pipeline
    params: dict[str, Any]
    cv_mse: float
    candidates: int


@dataclass(frozen=True)
class Metrics:
    """How well a fit does on some rows: mean squared error, its root, and R²."""

    mse: float
    rmse: float
    r2: float


def inputs(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that a model may read: all but the target."""
    return frame.drop(columns=TARGET)


def search(train: pd.DataFrame, settings: Settings, on_progress: Progress) -> Search:
    """The seed's grid over `train`; `on_progress(done, total)` is told of each candidate.

    What `on_progress` raises ends the search.
    """
    ordered = train.sort_values(DATE, kind="stable") if settings.SPLIT == "time" else train
    grid = _grid(settings)
    scorer = _CountingScorer(len(ParameterGrid(grid)), settings.CV_FOLDS, on_progress)
    found = GridSearchCV(
        _pipeline(settings, len(ordered)),
        grid,
        scoring=scorer,
        cv=_folds(ordered, settings),
        error_score="raise",
    ).fit(inputs(ordered), ordered[TARGET])
    # One row is predicted far quicker without joblib's threads; the fit itself is the same.
    found.best_estimator_.set_params(model__n_jobs=None)
    return Search(found.best_estimator_, found.best_params_, -float(found.best_score_), scorer.total)


def refit(estimator: Pipeline, frame: pd.DataFrame) -> Pipeline:
    """The same recipe fitted on other rows."""
    fresh: Pipeline = clone(estimator)
    return fresh.fit(inputs(frame), frame[TARGET])


def evaluate(estimator: Any, frame: pd.DataFrame) -> Metrics:
    """Score a fit on rows with known sales."""
    predicted = estimator.predict(inputs(frame))
    mse = float(mean_squared_error(frame[TARGET], predicted))
    return Metrics(mse, float(np.sqrt(mse)), float(r2_score(frame[TARGET], predicted)))


def time_folds(dates: pd.Series, folds: int) -> list[Fold]:
    """Growing windows over whole dates: each fold is judged on dates after all that it was fitted on."""
    distinct = np.sort(dates.unique())
    return [
        (
            np.flatnonzero(dates.isin(distinct[fit]).to_numpy()),
            np.flatnonzero(dates.isin(distinct[judge]).to_numpy()),
        )
        for fit, judge in TimeSeriesSplit(n_splits=folds).split(distinct)
    ]


def _folds(train: pd.DataFrame, settings: Settings) -> list[Fold] | KFold:
    return (
        time_folds(train[DATE], settings.CV_FOLDS) if settings.SPLIT == "time" else KFold(settings.CV_FOLDS)
    )


def _pipeline(settings: Settings, rows: int) -> Pipeline:
    forest = RandomForestRegressor(
        random_state=settings.SEED, n_jobs=-1 if rows >= PARALLEL_FROM_ROWS else None
    )
    return Pipeline([("features", SalesFeatures()), ("scaler", StandardScaler()), ("model", forest)])


def _grid(settings: Settings) -> dict[str, list[Any]]:
    return {
        "model__n_estimators": list(settings.GRID_N_ESTIMATORS),
        "model__max_depth": list(settings.GRID_MAX_DEPTH),
        "model__min_samples_split": list(settings.GRID_MIN_SAMPLES_SPLIT),
    }


class _CountingScorer:
    """Negative mean squared error that also counts: GridSearchCV fits candidate by candidate, fold by fold."""

    def __init__(self, total: int, folds: int, on_progress: Progress):
        self.total = total
        self._folds = folds
        self._on_progress = on_progress
        self._fits = 0

    def __call__(self, estimator: Any, rows: pd.DataFrame, sales: pd.Series) -> float:
        self._fits += 1
        if self._fits % self._folds == 0:
            self._on_progress(self._fits // self._folds, self.total)
        return -float(mean_squared_error(sales, estimator.predict(rows)))
