"""What a linear model needs to be told: cells for codes, waves for day numbers, everything on one scale."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from ventas import days, target_statistics
from ventas.matrix import LEAD, SERIES
from ventas.target_statistics import CELLS, DAY_TYPES

Matrix = npt.NDArray[np.float64]
WAVES = 3  # sine and cosine of the year, its half and its third
NEAR_DAYS = 3  # before and after a holiday
_WEEKDAY = LEAD.index("DíaDeLaSemana")


class LinearTerms(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The matrix of `SalesMatrix` as terms; its first columns, up to SERIES, stay as they are.

    Every day type with and without promotion is a term of its own (their interaction), and so is each month. What is
    unknown counts as the mean. `calendar` and `statistics` say what the matrix holds.
    """

    def __init__(self, calendar: bool = True, statistics: bool = False):
        self.calendar = calendar
        self.statistics = statistics

    def fit(self, X: Matrix, y: Any = None) -> Self:  # noqa: ARG002 - sklearn's names
        """Learn mean and spread of each term."""
        terms = self._terms(X)
        known = np.isfinite(terms)
        count = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, terms, 0.0)
        self.means_ = filled.sum(axis=0) / count
        spread = np.sqrt(np.where(known, (terms - self.means_) ** 2, 0.0).sum(axis=0) / count)
        self.scales_ = np.where(spread > 1e-9, spread, 1.0)
        return self

    def transform(self, X: Matrix) -> Matrix:
        """Shape (rows, SERIES + 1 + terms), finite but for the first columns."""
        terms = (self._terms(X) - self.means_) / self.scales_
        return np.column_stack([X[:, : SERIES + 1], np.nan_to_num(np.clip(terms, -1e6, 1e6))])

    def _terms(self, X: Matrix) -> Matrix:
        weekday, promotion, holiday = X[:, _WEEKDAY : _WEEKDAY + 3].T
        day_type = np.where(holiday > 0, DAY_TYPES, weekday)
        cell = (day_type - 1) * 2 + (promotion > 0)
        parts = [cell[:, None] == np.arange(CELLS), weekday[:, None] == np.arange(1, 8), promotion[:, None]]
        end = X.shape[1] - len(target_statistics.NAMES) * self.statistics
        calendar_at = end - len(days.NAMES) * self.calendar
        parts.append(X[:, len(LEAD) : calendar_at])
        if self.calendar:
            parts.append(_calendar_terms(X[:, calendar_at:end]))
        if self.statistics:
            parts.append(X[:, end:])
        return np.column_stack([part.astype(np.float64) for part in parts])


def _calendar_terms(calendar: Matrix) -> Matrix:
    """Months, waves of the year, trend, and nearness to a pay-day or holiday; NaN where the date is unknown."""
    columns = dict(zip(days.NAMES, calendar.T, strict=True))
    unknown = np.isnan(columns["month"])
    year = 2 * np.pi * columns["day_of_year"] / 365.25
    terms = [np.where(unknown, np.nan, columns["month"] == month) for month in range(1, 13)]
    terms += [wave(number * year) for number in range(1, WAVES + 1) for wave in (np.sin, np.cos)]
    terms += [columns["trend"]]
    terms += [1 / (1 + columns[name]) for name in ("since_pay_day", "until_pay_day")]
    for name in ("since_holiday", "until_holiday"):
        terms += [np.where(unknown, np.nan, columns[name] == day) for day in range(1, NEAR_DAYS + 1)]
    return np.column_stack(terms).astype(np.float64)
