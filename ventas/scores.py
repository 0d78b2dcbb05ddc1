"""Squared errors of several models on the same rows: each model is asked once, all else is reckoned from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, TARGET
from ventas.evidence import DailyGain
from ventas.training import inputs, refit

Losses = npt.NDArray[np.float64]

ROUNDING = 1e-12  # of the largest sale; the mean of equal numbers is that far from them at most


@dataclass(frozen=True)
class Scores:
    """`losses` are squared errors by the model's name, float64 of shape (rows,) each."""

    rows: pd.DataFrame
    losses: dict[str, Losses]

    def rmse(self, name: str) -> float:
        """The root mean squared error of a model, in units of sales."""
        return float(np.sqrt(self.losses[name].mean()))

    @property
    def dates(self) -> int:
        """How many dates the rows are of."""
        return int(self.rows[DATE].nunique())

    def daily_gain(self, name: str, rival: str) -> DailyGain:
        """How much the losses of `rival` are above those of `name`, by date."""
        codes, _ = pd.factorize(self.rows[DATE], sort=True)
        gain = self.losses[rival] - self.losses[name]
        weights = (gain, np.ones(len(gain)))
        return DailyGain(*(np.asarray(np.bincount(codes, one), dtype=np.float64) for one in weights))


def score(models: Mapping[str, Any], rows: pd.DataFrame) -> Scores:
    """The losses of `models` on `rows`, which have the target; what only rounding makes is no loss."""
    actual = rows[TARGET].to_numpy(dtype=np.float64)
    asked = inputs(rows)
    noise = ROUNDING * float(np.abs(actual).max(initial=0.0))
    return Scores(
        rows,
        {
            name: _squared(actual - np.asarray(model.predict(asked), dtype=np.float64), noise)
            for name, model in models.items()
        },
    )


def _squared(errors: Losses, noise: float) -> Losses:
    return np.where(np.abs(errors) <= noise, 0.0, errors) ** 2


def score_from_origins(
    recipes: Mapping[str, Any], train: pd.DataFrame, test: pd.DataFrame, scored: pd.DataFrame, windows: int
) -> list[Scores]:
    """Cut the dates of `test` into `windows` in a row; fit each recipe on all rows before one, score it inside.

    Only rows of `scored`, a part of `test`, are scored. All recipes see the same rows, and none its own future.
    """
    known = pd.concat([train, test], ignore_index=True)
    parts = np.array_split(np.sort(test[DATE].unique()), windows)
    return [
        score(
            {name: refit(recipe, known[known[DATE] < dates[0]]) for name, recipe in recipes.items()}, inside
        )
        for dates in parts
        if len(dates) and len(inside := scored[scored[DATE].isin(dates)])
    ]


def pooled(parts: Sequence[Scores]) -> Scores:
    """Scores of the same models on several tables, as one."""
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    return Scores(
        rows, {name: np.concatenate([part.losses[name] for part in parts]) for name in parts[0].losses}
    )
