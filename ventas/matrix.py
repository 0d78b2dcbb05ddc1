"""From the raw columns of a sales table to a matrix of numbers: the first step of every model that is trained now.

Fitted attributes are numpy arrays, scalars, and objects of our own that hold only those; the import path of this
class is part of the contract, for old champions must load.
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ventas import days, target_statistics
from ventas.columns import RawColumns
from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY
from ventas.days import Calendar
from ventas.target_statistics import Rows, TargetStatistics

Matrix = npt.NDArray[np.float64]
# The first columns of every matrix. BASE is what sales would be by the means alone, NaN where there is none; DAY and
# SERIES are NaN where they are unknown. What a regressor learns from begins at SERIES.
OPEN, BASE, DAY, SERIES = range(4)
LEAD = ("open", "base", "date", "series", WEEKDAY, PROMOTION, HOLIDAY)
MASKED_SHARE = 0.2
MASK_DAYS = 7  # what is masked is masked for a week on end, as a row's neighbours tell much of it


class SalesMatrix(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Raw columns to numbers, float64 of shape (rows, features); unknown dates and series leave NaN.

    Parameters
    ----------
    series, open: names of special columns, "" where there is none (see `ventas.roles`).
    calendar: add what the date says. statistics: add what sales were before.
    masked: share of training's rows whose date, series or both are hidden, so that the model learns to do without.
    seed: of the masks, and of how old the statistics of a row of training are.
    """

    def __init__(
        self,
        series: str = "",
        open: str = "",
        calendar: bool = True,
        statistics: bool = False,
        masked: float = MASKED_SHARE,
        seed: int = 0,
    ):
        self.series = series
        self.open = open
        self.calendar = calendar
        self.statistics = statistics
        self.masked = masked
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Any) -> Self:
        """Learn columns, calendar and statistics from rows with known dates; closed days teach nothing."""
        self._fitted(X, np.asarray(y, dtype=np.float64))
        return self

    def fit_transform(self, X: pd.DataFrame, y: Any = None, **_: Any) -> Matrix:
        """What the regressor is fitted on: statistics of earlier days only, and a share of the rows masked."""
        sales = np.asarray(y, dtype=np.float64)
        rows, opened = self._fitted(X, sales)
        seen = self._mask(rows)
        told = np.full((len(X), len(target_statistics.NAMES)), np.nan)
        if self.statistics and opened.any():
            told[opened] = self.statistics_.chained(rows.take(opened), sales[opened], seen.take(opened))
        return self._assembled(X, seen, opened, told)

    def transform(self, X: pd.DataFrame) -> Matrix:
        """The matrix of rows that are asked about; `X` is not changed."""
        check_is_fitted(self, "columns_")
        rows = self._rows(X)
        told = self.statistics_.transform(rows) if self.statistics else np.empty((len(X), 0))
        return self._assembled(X, rows, self.columns_.opened(X) > 0, told)

    @property
    def numeric_names_(self) -> npt.NDArray[np.str_]:
        """Further columns that are numbers."""
        return self.columns_.numeric_names_  # type: ignore[no-any-return]

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Names of the matrix's columns."""
        names = [*LEAD, *self.columns_.names()]
        names += days.NAMES if self.calendar else ()
        names += target_statistics.NAMES if self.statistics else ()
        return np.array(names, dtype=object)

    def _fitted(self, X: pd.DataFrame, sales: Matrix) -> tuple[Rows, npt.NDArray[np.bool_]]:
        self.columns_ = RawColumns(self.series, self.open).fit(X)
        rows, opened = self._rows(X), self.columns_.opened(X) > 0
        taught = rows.take(opened) if opened.any() else rows
        if self.calendar:
            self.calendar_ = Calendar().fit(taught.day, taught.weekday, taught.holiday)
        if self.statistics:
            self.statistics_ = TargetStatistics(self.columns_.series_count, self.seed)
            self.statistics_.fit(taught, sales[opened] if opened.any() else sales)
        return rows, opened

    def _rows(self, X: pd.DataFrame) -> Rows:
        date = (
            X[DATE].to_numpy(dtype="datetime64[D]") if DATE in X else np.full(len(X), "NaT", "datetime64[D]")
        )
        day = np.where(np.isnat(date), np.nan, date.astype(np.int64))
        contract = (X[name].to_numpy(dtype=np.float64) for name in (WEEKDAY, PROMOTION, HOLIDAY))
        return Rows(day, self.columns_.series_codes(X), *contract)

    def _mask(self, rows: Rows) -> Rows:
        """Hide date, series or both for whole weeks of a series; nothing where one series has no calendar."""
        several = self.columns_.series_count > 1
        if not self.masked or not (several or self.calendar):
            return rows
        week = ((rows.day - rows.day.min()) // MASK_DAYS).astype(np.int64)
        codes = np.nan_to_num(rows.series).astype(np.int64)
        drawn = np.random.RandomState(self.seed).uniform(size=(self.columns_.series_count, week.max() + 1))
        draw = drawn[codes, week] / self.masked  # below 1: masked; which third of it says how
        date_hidden = draw < (2 / 3 if several else 1)
        series_hidden = (draw >= 1 / 3) & (draw < 1) if several else np.zeros(len(week), dtype=bool)
        day = np.where(date_hidden, np.nan, rows.day)
        series = np.where(series_hidden, np.nan, rows.series)
        return Rows(day, series, rows.weekday, rows.promotion, rows.holiday)

    def _assembled(self, X: pd.DataFrame, rows: Rows, opened: npt.NDArray[np.bool_], told: Matrix) -> Matrix:
        base = np.full(len(X), np.nan)
        if self.statistics:
            base = np.expm1(told[:, 0])
        parts = [
            opened.astype(np.float64),
            base,
            rows.day,
            rows.series,
            rows.weekday,
            rows.promotion,
            rows.holiday,
        ]
        blocks = [np.column_stack(parts), self.columns_.values(X, rows.series)]
        if self.calendar:
            blocks.append(self.calendar_.transform(rows.day, rows.holiday))
        if self.statistics:
            blocks.append(told)
        return np.concatenate(blocks, axis=1)
