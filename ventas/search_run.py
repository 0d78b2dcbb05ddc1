"""One search as it runs: every candidate on every fold, boosting and forests by successive halving over their trees.

Halving is on iterations, never on rows: with fewer rows small models win that lose with all of them. Equal views of
the data are computed once for each fold and shared by all candidates.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.candidates import Candidate, Plan
from ventas.cluster import Fit, Fits, done_here
from ventas.contract import TARGET
from ventas.fold_views import FoldView, FoldViews
from ventas.folds import Fold, inputs
from ventas.intervals import Calibration, calibrated
from ventas.matrix import OPEN
from ventas.regressor import SalesRegressor
from ventas.roles import Roles
from ventas.settings import Settings

Matrix = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

FIRST_RUNG = 3  # boosting and forests begin with a third of their iterations
# With a third of them, a RMSE of so many times the leader's is not made up for: boosting still has a way to go, the
# further trees of a forest only smooth.
LOST: dict[str, float] = {"boosting": 1.25, "forest": 1.1}
PATIENCE = 2.0  # a search may take this many times its budget before the clock stops it
MOST_SMEARING = 1.2


@dataclass
class Result:
    """What a candidate came to: its mean squared error over the folds, what it said there, and the fitted models."""

    candidate: Candidate
    models: list[SalesRegressor]
    said: list[Matrix] = field(default_factory=list)
    cv_mse: float = float("inf")
    smearing: float = 1.0
    fits: int = 0
    iterations: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """A line of the leaderboard."""
        stopped = 0 < self.iterations < self.candidate.iterations
        return {
            "name": self.candidate.name,
            "family": self.candidate.family,
            "cv_rmse": float(np.sqrt(self.cv_mse)),
            "fits": self.fits,
            "seconds": round(self.seconds, 3),
            "note": f"Stopped after {self.iterations} of its iterations." if stopped else "",
        }


class SearchRun:
    """Tries a plan's candidates on `train` (in order of date); what `on_progress` raises ends it.

    `stopped` says that the clock ended it before all candidates were tried.
    """

    def __init__(
        self,
        train: pd.DataFrame,
        folds: list[Fold],
        roles: Roles,
        settings: Settings,
        plan: Plan,
        on_progress: Progress,
        fits: Fits = done_here,
    ):
        self._folds, self._settings, self._plan, self._on_progress = folds, settings, plan, on_progress
        self._sales = train[TARGET].to_numpy(dtype=np.float64)
        self._views = FoldViews(inputs(train), self._sales, folds, roles, settings.SEED)
        self._fits = fits
        self._done = 0
        self._began = monotonic()
        self.results: list[Result] = []
        self.stopped = False

    def run(self) -> None:
        """Try all of them; `results` has every one that was tried, in the plan's order of families."""
        for candidate in self._plan.candidates:
            if not candidate.iterations and not self._late():
                self._finish(self._measured(self._begun(candidate)))
        for family in LOST:
            self._halve([one for one in self._plan.candidates if one.iterations and one.family == family])

    def calibration(self, result: Result) -> Calibration:
        """The interval of a candidate from what it said of the folds, with date, series or both hidden.

        A later fold was fitted on more and is nearer to what is to be forecast: its errors weigh more.
        """
        said, actual, weights = [], [], []
        for place, (model, (_, judged)) in enumerate(zip(result.models, self._folds, strict=True)):
            asked = self._views.in_ignorance(result.candidate, place)
            opened = asked[-1][:, OPEN] > 0
            said.append(np.stack([model.predict(matrix)[opened] * result.smearing for matrix in asked]))
            actual.append(self._sales[judged][opened])
            weight = 1.0 + place if self._settings.SPLIT == "time" else 1.0
            weights.append(np.full(int(opened.sum()), weight))
        return calibrated(
            np.concatenate(said, axis=1),
            np.concatenate(actual),
            self._settings.INTERVAL_COVERAGE,
            np.concatenate(weights),
        )

    def forget(self, kept: Iterable[Result]) -> None:
        """Let go of the fitted models of all but some results: forests are large."""
        for result in self.results:
            if not any(result is one for one in kept):
                result.models, result.said = [], []

    def _late(self) -> bool:
        late = monotonic() - self._began > PATIENCE * self._settings.SEARCH_BUDGET_SECONDS
        self.stopped = self.stopped or late
        return late

    def _finish(self, result: Result) -> None:
        self.results.append(result)
        leaders = sorted(self.results, key=lambda one: one.cv_mse)[:1]
        self.forget([*leaders, *(one for one in self.results if not one.candidate.view.masked)])
        self._done += 1
        self._on_progress(self._done, len(self._plan.candidates))

    def _halve(self, family: list[Candidate]) -> None:
        """All with a third of their iterations, then the better half with all of them, but for what has lost."""
        first = []
        for candidate in family:
            if self._late():
                break
            step = max(1, candidate.iterations // FIRST_RUNG)
            first.append(self._measured(self._begun(candidate), step))
        ranked = sorted(first, key=lambda one: one.cv_mse)
        best = min((one.cv_mse for one in self.results), default=float("inf"))
        better = ranked[: max(1, len(ranked) // 2)]
        goes_on = [one for one in better if one.cv_mse <= best * LOST[one.candidate.family] ** 2]
        for result in ranked[len(goes_on) :]:
            self._finish(result)
        for result in goes_on:
            self._finish(result if self._late() else self._measured(result, result.candidate.iterations))

    def _begun(self, candidate: Candidate) -> Result:
        return Result(candidate, [candidate.final_step() for _ in self._folds], fits=len(self._folds))

    def _measured(self, result: Result, iterations: int = 0) -> Result:
        """Fit on every fold, boosting up to so many iterations: the trees that are there stay."""
        began = monotonic()
        views = self._views.of(result.candidate)
        result.iterations = iterations
        fitted = self._fits(
            [
                Fit(model, view.fit, self._sales[fit], view.judged, iterations)
                for model, view, (fit, _) in zip(result.models, views, self._folds, strict=True)
            ]
        )
        result.models, result.said = [model for model, _ in fitted], [said for _, said in fitted]
        self._score(result, views)
        result.seconds += monotonic() - began
        return result

    def _score(self, result: Result, views: list[FoldView]) -> None:
        opened = [view.judged[:, OPEN] > 0 for view in views]
        actual = [self._sales[judged] for _, judged in self._folds]
        if result.candidate.log:
            errors = [
                np.log1p(a[o]) - np.log1p(s[o]) for a, s, o in zip(actual, result.said, opened, strict=True)
            ]
            spread = float(np.concatenate(errors).var()) if any(map(len, errors)) else 0.0
            result.smearing = min(float(np.exp(spread / 2)), MOST_SMEARING)
        parts = [
            float(np.mean((a[o] - s[o] * result.smearing) ** 2))
            for a, s, o in zip(actual, result.said, opened, strict=True)
            if o.any()
        ]
        # Where every judged day was closed, all candidates answer 0 and are right.
        result.cv_mse = float(np.mean(parts)) if parts else 0.0
