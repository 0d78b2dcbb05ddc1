"""The folds of a search as its candidates see them: each view of a fold is computed once and shared."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.candidates import Candidate, View, matrix_of
from ventas.contract import DATE
from ventas.folds import Fold
from ventas.roles import Roles

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FoldView:
    """One fold in one view: the fitted transformers that made it, and the matrices to fit on and to judge on."""

    makers: tuple[Any, ...]
    fit: Matrix
    judged: Matrix


class FoldViews:
    """All views of the folds of `known` (raw columns) that are asked for; `sales` teach the statistics in them."""

    def __init__(self, known: pd.DataFrame, sales: Matrix, folds: list[Fold], roles: Roles, seed: int):
        self._known, self._sales, self._folds = known, sales, folds
        self._roles, self._seed = roles, seed
        self._made: dict[tuple[View, bool], list[FoldView]] = {}

    def of(self, candidate: Candidate) -> list[FoldView]:
        """The folds as this candidate sees them."""
        key = (candidate.view, candidate.has_terms)
        if key not in self._made:
            if candidate.has_terms:
                plain = self._plain(candidate.view)
                self._made[key] = [_in_terms(candidate, view) for view in plain]
            else:
                self._made[key] = self._plain(candidate.view)
        return self._made[key]

    def in_ignorance(self, candidate: Candidate, place: int) -> list[Matrix]:
        """The judged rows of a fold with date and series hidden, the series, the date, and nothing."""
        view = self.of(candidate)[place]
        frame = self._known.iloc[self._folds[place][1]]
        dateless = frame.assign(**{DATE: np.full(len(frame), "NaT", "datetime64[ns]")})
        asked = [dateless, frame, dateless]
        if self._roles.series in frame:
            asked[:2] = [one.drop(columns=self._roles.series) for one in asked[:2]]
        return [*(_through(view.makers, one) for one in asked), view.judged]

    def _plain(self, view: View) -> list[FoldView]:
        key = (view, False)
        if key not in self._made:
            self._made[key] = [self._seen(view, fold) for fold in self._folds]
        return self._made[key]

    def _seen(self, view: View, fold: Fold) -> FoldView:
        fit, judged = fold
        maker = matrix_of(view, self._roles, self._seed)
        taught = maker.fit_transform(self._known.iloc[fit], self._sales[fit])
        return FoldView((maker,), taught, maker.transform(self._known.iloc[judged]))


def _in_terms(candidate: Candidate, view: FoldView) -> FoldView:
    terms = candidate.terms().fit(view.fit)
    return FoldView((*view.makers, terms), terms.transform(view.fit), terms.transform(view.judged))


def _through(makers: tuple[Any, ...], frame: pd.DataFrame) -> Matrix:
    found: Any = frame
    for maker in makers:
        found = maker.transform(found)
    return np.asarray(found, dtype=np.float64)
