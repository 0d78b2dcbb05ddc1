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
from ventas.promotion_plan import PLAN_COLUMNS
from ventas.target_statistics import Rows, TargetStatistics

Matrix = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# The first columns of every matrix. BASE is what sales would be by the means alone, NaN where there is none; DAY and
# SERIES are NaN where they are unknown. What a regressor learns from begins at SERIES.
OPEN, BASE, DAY, SERIES = range(4)
LEAD = ("open", "base", "date", "series", WEEKDAY, PROMOTION, HOLIDAY)
MASKED_SHARE = 0.2
LONGEST_PLAN = 60  # days of a promotion; one that lasts longer is no other
MASK_DAYS = 7  # what is masked is masked for a week on end, as a row's neighbours tell much of it


class SalesMatrix(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Raw columns to numbers, float64 of shape (rows, features); unknown dates and series leave NaN.

    Parameters
    ----------
    series, open: names of special columns, "" where there is none (see `ventas.roles`).
    calendar: add what the date says, and the promotions around it where they are told (`ventas.promotion_plan`).
    statistics: add what sales were before.
    masked: share of training's rows whose date, series or both are hidden, so that the model learns to do without; of
    as many others the promotions around them.
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
        return self._assembled(X, seen, opened, told, self._plan_hidden(rows))

    def transform(self, X: pd.DataFrame) -> Matrix:
        """The matrix of rows that are asked about; `X` is not changed."""
        check_is_fitted(self, "columns_")
        rows = self._rows(X)
        told = self.statistics_.transform(rows) if self.statistics else np.empty((len(X), 0))
        return self._assembled(X, rows, self._expected_open(X, rows), told)

    def opened(self, X: pd.DataFrame) -> Flags:
        """Open days among rows that are asked about, shape (rows,), as `transform` takes them."""
        return self._expected_open(X, self._rows(X))

    def _expected_open(self, X: pd.DataFrame, rows: Rows) -> Flags:
        return self.columns_.expected_open(X, rows.day, rows.series, rows.weekday, rows.holiday)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Names of the matrix's columns."""
        names = [*LEAD, *self.columns_.names(), *self.plan_names_]
        names += days.NAMES if self.calendar else ()
        names += target_statistics.NAMES if self.statistics else ()
        return np.array(names, dtype=object)

    def _fitted(self, X: pd.DataFrame, sales: Matrix) -> tuple[Rows, Flags]:
        self.columns_ = RawColumns(self.series, self.open).fit(X)
        rows, opened = self._rows(X), self.columns_.opened(X) > 0
        taught = rows.take(opened) if opened.any() else rows
        told = [name for name in PLAN_COLUMNS if self.calendar and name in X and X[name].notna().any()]
        self.plan_names_ = np.array(told, dtype=np.str_)
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
        draw = self._drawn(rows, self.seed) / self.masked  # below 1: masked; which third of it says how
        date_hidden = draw < (2 / 3 if several else 1)
        series_hidden = (draw >= 1 / 3) & (draw < 1) if several else np.zeros(len(draw), dtype=bool)
        day = np.where(date_hidden, np.nan, rows.day)
        series = np.where(series_hidden, np.nan, rows.series)
        return Rows(day, series, rows.weekday, rows.promotion, rows.holiday)

    def _plan_hidden(self, rows: Rows) -> Flags:
        """Of which rows the promotions around them are hidden, whole weeks of a series again."""
        return self._drawn(rows, self.seed + 1) < self.masked

    def _drawn(self, rows: Rows, seed: int) -> Matrix:
        """A number from 0 to 1 for each row, the same for a week of a series."""
        week = ((rows.day - rows.day.min()) // MASK_DAYS).astype(np.int64)
        codes = np.nan_to_num(rows.series).astype(np.int64)
        size = (self.columns_.series_count, int(week.max()) + 1)
        return np.asarray(np.random.RandomState(seed % 2**32).uniform(size=size)[codes, week])

    def _plan(self, X: pd.DataFrame, hidden: Flags) -> Matrix:
        """The promotions around each row, NaN where they are not told or hidden."""
        found = np.full((len(X), len(self.plan_names_)), np.nan)
        for place, name in enumerate(self.plan_names_):
            if name in X:
                values = pd.to_numeric(X[name], errors="coerce").to_numpy(dtype=np.float64)
                found[:, place] = np.where(np.isfinite(values), np.clip(values, 0, LONGEST_PLAN), np.nan)
        found[hidden] = np.nan
        return found

    def _assembled(
        self, X: pd.DataFrame, rows: Rows, opened: Flags, told: Matrix, hidden: Flags | None = None
    ) -> Matrix:
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
        blocks.append(self._plan(X, np.zeros(len(X), dtype=bool) if hidden is None else hidden))
        if self.calendar:
            blocks.append(self.calendar_.transform(rows.day, rows.holiday))
        if self.statistics:
            blocks.append(told)
        return np.concatenate(blocks, axis=1)
