"""A served model compiled, and the proof that it answers as its pipeline does."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from ventas.compiled.kept import Kept
from ventas.compiled.rows import Row, RowReader
from ventas.compiled.steps import Found, LinearStep, TableStep
from ventas.compiled.trees import trees_step
from ventas.compiled.unfit import NotCompiled
from ventas.contract import DATE, DATE_DTYPE
from ventas.linear_terms import LinearTerms
from ventas.matrix import BASE, DAY, OPEN, SERIES, SalesMatrix
from ventas.regressor import LARGEST_LOG, SalesRegressor
from ventas.served import ModelInput, ServedModel
from ventas.tables import CellMeans, SeasonalNaive

TOLERANCE = 1e-6  # relative; sums are added up in another order
QUESTIONS = 500
EPOCH = date(1970, 1, 1)
# Columns under the model's names, without those left out, and the day.
Asked = tuple[Mapping[str, Any], date | None]
Said = tuple[float, float, float]
_UNKNOWN_TEXT = "a text that no training had"


@dataclass(frozen=True)
class CompiledModel:
    """Answers questions; safe to use from several threads. `coverage` is that of its intervals."""

    rows: RowReader
    found: Found
    last: SalesRegressor
    coverage: float

    def answers(self, asked: Sequence[Asked]) -> list[Said]:
        """For each question sales and the ends of their interval; what it says to one rests on that one alone."""
        rows = [
            self.rows.read(columns, None if day is None else (day - EPOCH).days) for columns, day in asked
        ]
        return [self._said(row, found) for row, found in zip(rows, self.found(rows), strict=True)]

    def _said(self, row: Row, found: float) -> Said:
        value = self._sales(row, found)
        if self.last.offsets is None:
            return value, value, value
        known = (not math.isnan(row[DAY])) + 2 * (not math.isnan(row[SERIES]))
        below, above = self.last.offsets[known]
        factor = value if self.last.relative else float(row[OPEN] > 0)
        low = min(max(value + float(below) * factor, 0.0), value)
        return value, low, max(value + float(above) * factor, value)

    def _sales(self, row: Row, found: float) -> float:
        base = row[BASE] if self.last.on_base else 0.0
        if self.last.log:
            sales = math.expm1(min(found + math.log1p(base), LARGEST_LOG)) * float(self.last.smearing)
        else:
            sales = found + base
        return max(sales, 0.0) * (row[OPEN] > 0)


def compiled(model: ServedModel) -> CompiledModel:
    """`model` compiled, and seen to answer as it does. Raises NotCompiled."""
    made = _made(model)
    asked = _questions(model.inputs)
    plain = model.forecast(_frame(asked))
    ends = [end for end in (plain.low, plain.high) if end is not None]
    for place, found in enumerate(made.answers(asked)):
        expected = [float(part[place]) for part in (plain.values, *ends)]
        if not np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
            columns, day = asked[place]
            told = dict(columns) | {DATE: day}
            raise NotCompiled(f"Compiled it answers {found} and not {expected} to {told}.")
    return made


def _made(model: ServedModel) -> CompiledModel:
    steps = [step for _, step in getattr(model.estimator, "steps", [])]
    if len(steps) < 2 or not isinstance(steps[0], SalesMatrix) or not isinstance(steps[-1], SalesRegressor):
        raise NotCompiled("It is no model of this release's kind.")
    last = steps[-1]
    found = _found(steps[0], steps[1:-1], last)
    if found is None:
        raise NotCompiled(f"{type(last.regressor_).__name__} is not among the regressors that are compiled.")
    return CompiledModel(RowReader(steps[0]), found, last, float(last.coverage))


def _found(features: SalesMatrix, between: list[Any], last: SalesRegressor) -> Found | None:
    regressor = last.regressor_
    if len(between) == 1 and isinstance(between[0], LinearTerms):
        linear = isinstance(regressor, Ridge) and last.first == SERIES + 1
        return LinearStep(between[0], regressor, len(features.get_feature_names_out())) if linear else None
    if between:
        return None
    if isinstance(regressor, CellMeans | SeasonalNaive):
        return TableStep(regressor, last.first, features.columns_.series_count)
    trees = trees_step(regressor, last.first)
    return trees and Kept(trees, last.first, trees.features)


def _questions(inputs: tuple[ModelInput, ...]) -> list[Asked]:
    """Questions of all kinds: what need not be told is left out now and then, as is the day."""
    random = np.random.RandomState(0)
    asked: list[Asked] = []
    for _ in range(QUESTIONS):
        columns = {
            one.name: _one_of(_values(one), random)
            for one in inputs
            if one.required or random.uniform() < 0.8
        }
        day = date(2000, 1, 1) + timedelta(days=int(random.randint(0, 15_000)))
        asked.append((columns, None if random.uniform() < 0.2 else day))
    return asked


def _one_of(values: list[Any], random: np.random.RandomState) -> Any:
    return values[random.randint(len(values))]


def _values(one: ModelInput) -> list[Any]:
    if one.kind == "weekday":
        return list(range(1, 8))
    if one.kind == "flag":
        return [0, 1]
    if one.kind == "text":
        return [*one.categories, _UNKNOWN_TEXT, ""]
    if one.categories:  # a series that is told by its number
        return [*map(float, one.categories), -1.5]
    low, high = one.low or 0.0, one.high if one.high is not None else 30.0
    return [low, high, (low + high) / 2, low + (high - low) / 3, low - 1, high + 1, 0.0, 1e30, -1e30]


def _frame(asked: list[Asked]) -> pd.DataFrame:
    """The questions as a table of raw columns."""
    names = dict.fromkeys(name for columns, _ in asked for name in columns)
    table = {name: pd.Series([columns.get(name) for columns, _ in asked]) for name in names}
    dates = np.array(["NaT" if day is None else day for _, day in asked], dtype=DATE_DTYPE)
    return pd.DataFrame({DATE: dates, **table})
