"""The baselines that every model must beat: a table of means, and the week before. Both are candidates, too.

They are sklearn regressors on the matrix of `SalesMatrix`, whose first columns they read; fitted attributes are numpy
arrays only, and the import paths are part of the contract.
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.pipeline import Pipeline

from ventas.matrix import DAY, SalesMatrix
from ventas.regressor import SalesRegressor
from ventas.roles import Roles

Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
MEANS, SEASONAL_NAIVE = "means", "seasonal_naive"
WINDOW_DAYS = 365
WEEKDAYS, CELLS = 7, 28


def baselines(roles: Roles | None = None) -> dict[str, Pipeline]:
    """The unfitted baselines by name, raw columns in: the mean per series, weekday, promotion and holiday; and the
    last sale of the same series and weekday."""
    return {name: table(name, roles or Roles()) for name in (MEANS, SEASONAL_NAIVE)}


def table(name: str, roles: Roles, **options: Any) -> Pipeline:
    """One baseline as a pipeline; `options` go to its SalesRegressor."""
    model = {MEANS: CellMeans, SEASONAL_NAIVE: SeasonalNaive}[name]()
    features = SalesMatrix(roles.series, roles.open, calendar=False, masked=0.0)
    return Pipeline(
        [("features", features), ("model", SalesRegressor(model, log=False, first=DAY, **options))]
    )


class CellMeans(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Mean sales of the last WINDOW_DAYS per series, weekday, promotion and holiday.

    A cell that was never seen gets the mean of the next coarser one: without holiday, without promotion, the series,
    and the same for all series together, which also answers where the series is unknown.
    """

    def fit(self, X: Matrix, y: Matrix) -> Self:
        """Learn from rows of [date, series, weekday, promotion, holiday, ...]."""
        recent = X[:, 0] > np.nanmax(X[:, 0]) - WINDOW_DAYS
        sales = y[recent]
        series, cell, known = _codes(X[recent])
        self.series_count_ = int(series.max()) + 1
        self.means_ = np.concatenate(
            [_means(key[known], sales[known], size) for key, size in self._levels(series, cell)]
            + [_means(key, sales, size) for key, size in _shared_levels(cell)]
        )
        return self

    def predict(self, X: Matrix) -> Matrix:
        """The mean of the finest cell that was seen, shape (rows,)."""
        series, cell, known = _codes(X)
        known &= series < self.series_count_
        series = np.where(known, series, 0)
        found = np.full(len(X), np.nan)
        offset = 0
        for place, (key, size) in enumerate([*self._levels(series, cell), *_shared_levels(cell)]):
            value = self.means_[offset + key]
            usable = np.isnan(found) & (known | (place >= 4))
            found = np.where(usable, value, found)
            offset += size
        return found

    def _levels(self, series: Codes, cell: Codes) -> list[tuple[Codes, int]]:
        """Keys from fine to coarse and how many there are: cell, without holiday, weekday, the series itself."""
        n = self.series_count_
        return [
            (series * CELLS + cell, n * CELLS),
            (series * 14 + cell // 2, n * 14),
            (series * WEEKDAYS + cell // 4, n * WEEKDAYS),
            (series, n),
        ]


class SeasonalNaive(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The last sale of the same series and weekday, the mean if that day has several.

    A weekday that the series never had gets the mean of the series; an unknown series the weekday's mean of all.
    """

    def fit(self, X: Matrix, y: Matrix) -> Self:
        """Learn from rows of [date, series, weekday, ...]."""
        series, cell, known = _codes(X)
        self.series_count_ = int(series.max()) + 1
        key, size = series * WEEKDAYS + cell // 4, self.series_count_ * WEEKDAYS
        newest = np.full(size, -np.inf)
        np.maximum.at(newest, key[known], X[known, 0])
        last = known & (X[:, 0] == newest[key])
        own = _means(series[known], y[known], self.series_count_)
        found = _means(key[last], y[last], size).reshape(-1, WEEKDAYS)
        self.last_ = np.where(np.isnan(found), own[:, None], found)
        shared = _means(cell // 4, y, WEEKDAYS)
        self.shared_ = np.where(np.isnan(shared), y.mean(), shared)
        return self

    def predict(self, X: Matrix) -> Matrix:
        """The last known value, shape (rows,)."""
        series, cell, known = _codes(X)
        known &= series < self.series_count_
        own = self.last_[np.where(known, series, 0), cell // 4]
        return np.where(known & np.isfinite(own), own, self.shared_[cell // 4])


def _codes(X: Matrix) -> tuple[Codes, Codes, npt.NDArray[np.bool_]]:
    """Series, weekday with promotion and holiday as one number below CELLS, and whether the series is known."""
    cell = ((X[:, 2] - 1) * 2 + (X[:, 3] > 0)) * 2 + (X[:, 4] > 0)
    return np.nan_to_num(X[:, 1]).astype(np.int64), cell.astype(np.int64), np.isfinite(X[:, 1])


def _shared_levels(cell: Codes) -> list[tuple[Codes, int]]:
    return [(cell, CELLS), (cell // 2, 14), (cell // 4, WEEKDAYS), (0 * cell, 1)]


def _means(key: Codes, y: Matrix, size: int) -> Matrix:
    counts = np.bincount(key, minlength=size)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.bincount(key, y, size) / counts, dtype=np.float64)
