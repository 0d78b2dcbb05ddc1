"""The last step of every model: a regressor on the matrix of `SalesMatrix` that keeps to what sales can be.

It hides closed days from the regressor and answers 0 for them, learns logarithms or departures from the base where it
is told to, never answers below 0, and knows the interval of its answers. Import path and constructor are part of the
contract, for old champions must load.
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin, clone

from ventas.matrix import BASE, DAY, OPEN, SERIES

Matrix = npt.NDArray[np.float64]
# What is known of a row, as a number: the date counts 1, the series 2.
ALL_KNOWN = 3
LARGEST_LOG = 30.0  # exp of it is 1e13, more than any sale that a file may hold


def iterations_name(regressor: Any) -> str:
    """What a regressor that is made of one tree after the other calls their number."""
    return "max_iter" if hasattr(regressor, "max_iter") else "n_estimators"


class SalesRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Sales from a matrix.

    Parameters
    ----------
    regressor: any sklearn regressor; it gets the matrix from column `first` on.
    log: learn log(1 + sales). on_base: learn the departure from the matrix's BASE, as a ratio where `log`, else as a
    difference; rows without a base teach nothing.
    smearing: what the mean is above the exponential of the mean logarithm (Duan 1983, JASA 78); 1 where not `log`.
    coverage: share of actual sales that an interval is to hold.
    relative: whether errors grow with sales. offsets: shape (4, 2), the lower and upper end of the interval for each
    state of knowledge (see ALL_KNOWN), in sales or, where `relative`, in shares of the prediction; None: no interval.
    """

    def __init__(
        self,
        regressor: Any,
        log: bool = True,
        on_base: bool = False,
        first: int = SERIES,
        smearing: float = 1.0,
        coverage: float = 0.8,
        relative: bool = False,
        offsets: Any = None,
    ):
        self.regressor = regressor
        self.log = log
        self.on_base = on_base
        self.first = first
        self.smearing = smearing
        self.coverage = coverage
        self.relative = relative
        self.offsets = offsets

    def fit(self, X: Matrix, y: Any) -> Self:
        """Fit on the rows of open days."""
        self.regressor_ = clone(self.regressor)
        return self._fitted(X, y)

    def fit_iterations(self, X: Matrix, y: Any, iterations: int) -> Self:
        """Fit boosting or a forest up to so many iterations; called again with the same rows it goes on."""
        if not hasattr(self, "regressor_"):
            self.regressor_ = clone(self.regressor).set_params(warm_start=True)
        self.regressor_.set_params(**{iterations_name(self.regressor): iterations})
        return self._fitted(X, y)

    def _fitted(self, X: Matrix, y: Any) -> Self:
        jobs = getattr(self.regressor, "n_jobs", None)
        if jobs is not None:
            self.regressor_.n_jobs = jobs
        self.regressor_.fit(*self._lesson(X, y))
        if jobs is not None:  # one row is predicted far quicker without joblib's threads
            self.regressor_.n_jobs = None
        return self

    def _lesson(self, X: Matrix, y: Any) -> tuple[Matrix, Matrix]:
        """What the regressor is fitted on: rows of open days, from column `first` on, and what it is to say."""
        sales = np.asarray(y, dtype=np.float64)
        taught = X[:, OPEN] > 0
        if self.on_base:
            taught &= np.isfinite(X[:, BASE])
        if not taught.any():
            taught = np.ones(len(X), dtype=bool)
        lesson = X[taught, self.first :]
        # Boosting cannot bin a column of which nothing is known, such as statistics in a fold of few days.
        lesson[:, np.isnan(lesson).all(axis=0)] = 0.0
        return lesson, self._target(X[taught], sales[taught])

    def predict(self, X: Matrix) -> Matrix:
        """Sales, shape (rows,); 0 for closed days."""
        found = np.asarray(self.regressor_.predict(X[:, self.first :]), dtype=np.float64).ravel()
        return self._sales(X, found)

    def predict_interval(self, X: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """Sales and the ends of their interval, each of shape (rows,), low <= sales <= high."""
        values = self.predict(X)
        if self.offsets is None:
            return values, values, values
        known = np.isfinite(X[:, DAY]) + 2 * np.isfinite(X[:, SERIES])
        ends = np.asarray(self.offsets, dtype=np.float64)[known]
        reach = ends * values[:, None] if self.relative else ends * (X[:, OPEN] > 0)[:, None]
        low = np.clip(values + reach[:, 0], 0, values)
        return values, low, np.maximum(values + reach[:, 1], values)

    def _target(self, X: Matrix, sales: Matrix) -> Matrix:
        base = np.nan_to_num(X[:, BASE]) if self.on_base else np.zeros(len(X))
        return np.asarray(np.log1p(sales) - np.log1p(base) if self.log else sales - base)

    def _sales(self, X: Matrix, found: Matrix) -> Matrix:
        base = X[:, BASE] if self.on_base else np.zeros(len(X))
        if self.log:
            sales = np.expm1(np.minimum(found + np.log1p(base), LARGEST_LOG)) * self.smearing
        else:
            sales = found + base
        return np.asarray(np.maximum(sales, 0.0) * (X[:, OPEN] > 0))
