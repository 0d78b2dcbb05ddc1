"""The search for a challenger inside train, and how a fit is measured.

Candidates are compared by cross-validation inside train only; test rows are for the verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.pipeline import Pipeline

from ventas.candidates import Plan, Task, grid, matrix_of, plan
from ventas.cluster import fitter
from ventas.contract import DATE, TARGET
from ventas.folds import fold_count, folds_of, inputs, time_folds
from ventas.replaced import Replaced
from ventas.roles import Roles
from ventas.search_run import Result, SearchRun
from ventas.settings import Settings
from ventas.tables import MEANS, SEASONAL_NAIVE
from ventas.threads import threads_for

__all__ = ["Metrics", "Search", "evaluate", "inputs", "refit", "search", "time_folds"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Search:
    """The winner of a search, fitted on all of train; `cv_mse` is its mean squared error over the folds.

    leaderboard: every candidate, best first, and what was left out, with a note that says why.
    table_note: why a table won where a model did not beat it by enough, or lost to it on the test rows; else "".
    replaced: the search's winner, where a table took its place on the test rows; searched: its parameters then.
    stopped: the clock ended the search, so the same upload may be searched otherwise the next time.
    """

    estimator: Pipeline
    params: dict[str, Any]
    cv_mse: float
    candidates: int
    family: str = "grid"
    leaderboard: list[dict[str, Any]] = field(default_factory=list)
    table_note: str = ""
    stopped: bool = False
    replaced: Replaced | None = None
    searched: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Metrics:
    """How well a fit does on some rows: mean squared error, its root, and R².

    coverage: the share of sales that lay in their interval; None where the fit knows no interval.
    """

    mse: float
    rmse: float
    r2: float
    coverage: float | None = None


def search(
    train: pd.DataFrame,
    settings: Settings,
    on_progress: Progress,
    roles: Roles | None = None,
    planned: Plan | None = None,
) -> Search:
    """The best model for `train`; `on_progress(done, total)` is told of each candidate.

    Candidates are those of `planned`, or what SEARCH says. What `on_progress` raises ends the search.
    """
    with threads_for(len(train)):
        return _search(train, settings, on_progress, roles or Roles(), planned)


def _search(
    train: pd.DataFrame, settings: Settings, on_progress: Progress, known: Roles, planned: Plan | None
) -> Search:
    ordered = train.sort_values(DATE, kind="stable") if settings.SPLIT == "time" else train
    planned = planned or _planned(ordered, known, settings)
    with fitter(settings) as fits:
        run = SearchRun(ordered, folds_of(ordered, settings), known, settings, planned, on_progress, fits)
        run.run()
    winner, note = _winner(run.results, settings)
    calibration = run.calibration(winner)
    chosen = winner.candidate.stopped_at(winner.iterations)
    estimator = chosen.pipeline(
        matrix_of(chosen.view, known, settings.SEED),
        smearing=winner.smearing,
        coverage=settings.INTERVAL_COVERAGE,
        relative=calibration.relative,
        offsets=calibration.offsets,
    ).fit(inputs(ordered), ordered[TARGET])
    return Search(
        estimator=estimator,
        params={"candidate": chosen.name, **chosen.params},
        cv_mse=winner.cv_mse,
        candidates=len(run.results),
        family=chosen.family,
        leaderboard=_leaderboard(run, planned),
        table_note=note,
        stopped=run.stopped,
    )


def refit(estimator: Pipeline, frame: pd.DataFrame) -> Pipeline:
    """The same recipe fitted on other rows."""
    fresh: Pipeline = clone(estimator)
    with threads_for(len(frame)):
        return fresh.fit(inputs(frame), frame[TARGET])


def evaluate(estimator: Any, frame: pd.DataFrame, roles: Roles | None = None) -> Metrics:
    """Score a fit on rows with known sales; those of closed days do not count, unless all are."""
    opened = (roles or Roles()).is_open(frame)
    rows = frame[opened] if opened.any() else frame
    predicted = estimator.predict(inputs(rows))
    mse = float(mean_squared_error(rows[TARGET], predicted))
    # R² of a single row is undefined; it explains as much as its mean does.
    r2 = float(r2_score(rows[TARGET], predicted)) if len(rows) > 1 else 0.0
    return Metrics(mse, float(np.sqrt(mse)), r2, _coverage(estimator, rows))


def _coverage(estimator: Any, rows: pd.DataFrame) -> float | None:
    model = estimator[-1] if isinstance(estimator, Pipeline) else None
    if getattr(model, "offsets", None) is None:
        return None
    assert isinstance(estimator, Pipeline)
    _, low, high = estimator[-1].predict_interval(estimator[:-1].transform(inputs(rows)))
    return float(np.mean((rows[TARGET] >= low) & (rows[TARGET] <= high)))


def _planned(train: pd.DataFrame, roles: Roles, settings: Settings) -> Plan:
    if settings.SEARCH == "grid":
        return grid(settings, len(train))
    series = train[roles.series].nunique() if roles.series in train else 1
    task = Task(
        rows=len(train),
        columns=train.shape[1],
        series=int(series),
        days=(train[DATE].max().date() - train[DATE].min().date()).days + 1,  # Timedelta ends at 292 years
        folds=fold_count(len(train), settings),
    )
    return plan(task, settings)


def _winner(results: list[Result], settings: Settings) -> tuple[Result, str]:
    """The lowest error; but a table unless it is beaten by TABLE_MARGIN, and why."""
    best = min(results, key=lambda one: one.cv_mse)
    tables = [one for one in results if one.candidate.family in (MEANS, SEASONAL_NAIVE)]
    if not tables or best in tables:
        return best, ""
    table = min(tables, key=lambda one: one.cv_mse)
    ours, theirs = (float(np.sqrt(one.cv_mse)) for one in (best, table))
    if ours < theirs * (1 - settings.TABLE_MARGIN):
        return best, ""
    return table, (
        f"The table «{table.candidate.name}» is used: the best model ({best.candidate.name}) has a cross-validated "
        f"RMSE of {ours:.2f}, not {settings.TABLE_MARGIN:.0%} below the table's {theirs:.2f}."
    )


def _leaderboard(run: SearchRun, planned: Plan) -> list[dict[str, Any]]:
    tried = sorted(run.results, key=lambda one: one.cv_mse)
    names = {one.candidate.name for one in tried}
    late = [
        {"name": one.name, "family": one.family, "note": "Not tried: the clock stopped the search."}
        for one in planned.candidates
        if one.name not in names
    ]
    return [*(one.as_dict() for one in tried), *late, *planned.left_out]
