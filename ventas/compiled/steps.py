"""The fitted regressors of `SalesRegressor`, asked for some rows: tables, linear models, trees."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ventas import days, target_statistics
from ventas.compiled.rows import Row, cell_of
from ventas.linear_terms import LinearTerms
from ventas.matrix import LEAD, SERIES
from ventas.target_statistics import CELLS

# The regressor's answer to each of some rows of the matrix.
Found = Callable[[Sequence[Row]], list[float]]
Floats = npt.NDArray[np.float64]
WEEKDAYS, FLAGS = 7, 4
KEPT = 4096
MOST_TERM = 1e6  # as LinearTerms clips them


class TableStep:
    """A table of means or of last sales: every answer that it can give, found once."""

    def __init__(self, regressor: Any, first: int, series_count: int):
        lead = _every_lead(series_count)
        self._answers = np.asarray(regressor.predict(lead[:, first:]), dtype=np.float64).tolist()

    def __call__(self, rows: Sequence[Row]) -> list[float]:
        """The regressor's answer to each row of the matrix."""
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> float:
        answer: float = self._answers[(_place(row) * WEEKDAYS + int(row[4]) - 1) * FLAGS + _flags(row)]
        return answer


class LinearStep:
    """A linear model on `LinearTerms`: a sum, whose parts that come again are kept.

    The parts are computed by the terms themselves, of rows in which all else is unknown.
    """

    def __init__(self, terms: LinearTerms, regressor: Any, width: int):
        self._terms, self._width = terms, width
        self._weights = np.asarray(regressor.coef_, dtype=np.float64).ravel()
        self._statistics_at = width - len(target_statistics.NAMES) * terms.statistics
        self._calendar_at = self._statistics_at - len(days.NAMES) * terms.calendar
        further = self._calendar_at - len(LEAD)
        lead_terms = CELLS + WEEKDAYS + 1
        self._calendar = slice(lead_terms + further, len(self._weights) - (width - self._statistics_at))
        self._statistics = slice(len(self._weights) - (width - self._statistics_at), len(self._weights) - 1)
        lead = self._parts(_every_lead(0), slice(0, lead_terms))
        self._lead = (lead + float(np.asarray(regressor.intercept_).ravel()[0])).tolist()
        self._further = self._single(range(lead_terms, lead_terms + further))
        self._stale = self._single([len(self._weights) - 1])
        self._kept: dict[tuple[float, ...], float] = {}

    def __call__(self, rows: Sequence[Row]) -> list[float]:
        """The regressor's answer to each row of the matrix."""
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> float:
        found: float = self._lead[(int(row[4]) - 1) * FLAGS + _flags(row)]
        for value, (mean, scale, weight) in zip(
            row[len(LEAD) : self._calendar_at], self._further, strict=True
        ):
            found += _term(value, mean, scale) * weight
        if self._terms.calendar and not math.isnan(row[2]):
            key: tuple[float, ...] = (row[2], row[6])
            found += self._part(key, row, self._calendar_at, self._statistics_at, self._calendar)
        if self._terms.statistics:
            key = (_place(row), cell_of(row), 0.0)
            found += self._part(key, row, self._statistics_at, self._width - 1, self._statistics)
            ((mean, scale, weight),) = self._stale
            found += _term(row[-1], mean, scale) * weight
        return found

    def _part(self, key: tuple[float, ...], row: Row, start: int, end: int, terms: slice) -> float:
        """What the columns `start` to `end` of a row add, kept under `key`."""
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= KEPT:
                self._kept = {}
            alone = np.full((1, self._width), np.nan)
            alone[0, 4:7] = 1.0
            alone[0, start:end] = row[start:end]
            found = float(self._parts(alone, terms)[0])
            self._kept[key] = found
        return found

    def _parts(self, matrix: Floats, terms: slice) -> Floats:
        """What some terms of each row add; a matrix of LEAD alone is filled up with the unknown."""
        whole = np.full((len(matrix), self._width), np.nan)
        whole[:, : matrix.shape[1]] = matrix
        return np.asarray(self._terms.transform(whole)[:, SERIES + 1 :][:, terms] @ self._weights[terms])

    def _single(self, places: Any) -> list[tuple[float, float, float]]:
        parts = (self._terms.means_, self._terms.scales_, self._weights)
        return [tuple(float(part[place]) for part in parts) for place in places]  # type: ignore[misc]


def _term(value: float, mean: float, scale: float) -> float:
    term = (value - mean) / scale
    return 0.0 if math.isnan(term) else min(max(term, -MOST_TERM), MOST_TERM)


def _place(row: Row) -> int:
    """0 for an unknown series, else one more than its code."""
    return 0 if math.isnan(row[SERIES]) else int(row[SERIES]) + 1


def _flags(row: Row) -> int:
    return 2 * (row[5] > 0) + (row[6] > 0)


def _every_lead(series_count: int) -> Floats:
    """LEAD's columns for each series, the unknown one first, each weekday, and with and without the flags."""
    series = np.array([np.nan, *range(series_count)])
    axes = np.meshgrid(series, np.arange(1.0, WEEKDAYS + 1), [0.0, 1.0], [0.0, 1.0], indexing="ij")
    code, weekday, promotion, holiday = (axis.ravel() for axis in axes)
    unknown = np.full(len(code), np.nan)
    return np.column_stack([np.ones(len(code)), unknown, unknown, code, weekday, promotion, holiday])
