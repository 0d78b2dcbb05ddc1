"""From the raw columns of a sales table to a numeric matrix, inside the model that is served.

Whatever training learnt about the columns travels in the fitted transformer, so that the API can send raw
values. Fitted attributes are numpy arrays and scalars only, which skops can save; the import path of this
class is part of the contract, for old champions must load.
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET, WEEKDAY

FLAGS = (PROMOTION, HOLIDAY)
Matrix = npt.NDArray[np.float64]
# Forests compute in float32: a number beyond its range, or one that the scaler lifts there, is an error to them.
LARGEST = 1e30


class SalesFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Weekday, promotion and holiday as they are, further numbers bounded and filled, further texts one-hot.

    `fit` takes a DataFrame with the contract's columns and any further ones, `transform` gives a float matrix of
    shape (rows, features). Unknown texts become all zeros, missing further columns the median of training.
    """

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002 - sklearn's names
        """Learn the further columns, their medians and their texts."""
        further = [name for name in X.columns if name not in (DATE, WEEKDAY, PROMOTION, HOLIDAY, TARGET)]
        known = [name for name in further if X[name].notna().any()]  # of the others there is nothing to learn
        numeric = [name for name in known if pd.api.types.is_numeric_dtype(X[name])]
        texts = [name for name in known if name not in numeric]
        self.numeric_names_ = np.array(numeric, dtype=np.str_)
        self.numeric_medians_ = _bounded([X[name].median() for name in numeric])
        self.numeric_lows_ = _bounded([X[name].min() for name in numeric])
        self.numeric_highs_ = _bounded([X[name].max() for name in numeric])
        pairs = [(name, text) for name in texts for text in sorted(X[name].dropna().astype(str).unique())]
        self.text_columns_ = np.array([name for name, _ in pairs], dtype=np.str_)
        self.text_values_ = np.array([text for _, text in pairs], dtype=np.str_)
        return self

    def transform(self, X: pd.DataFrame) -> Matrix:
        """The matrix of features, float64 of shape (rows, features); `X` is not changed."""
        check_is_fitted(self)
        columns = [X[name].to_numpy(dtype=np.float64) for name in (WEEKDAY, *FLAGS)]
        columns += [
            self._number(X, str(name), median, low, high)
            for name, median, low, high in zip(
                self.numeric_names_,
                self.numeric_medians_,
                self.numeric_lows_,
                self.numeric_highs_,
                strict=True,
            )
        ]
        names = dict.fromkeys(self.text_columns_.tolist())
        columns += [self._one_hot(X, name, self.text_values_[self.text_columns_ == name]) for name in names]
        return np.column_stack(columns)

    @staticmethod
    def _number(X: pd.DataFrame, name: str, median: float, low: float, high: float) -> Matrix:
        """Numbers within the range of training: trees split only inside it, so their answer is the same."""
        if name not in X.columns:
            return np.full(len(X), median)
        values = pd.to_numeric(X[name], errors="coerce").to_numpy(dtype=np.float64)
        return np.where(np.isfinite(values), np.clip(values, low, high), median)

    @staticmethod
    def _one_hot(X: pd.DataFrame, name: str, texts: npt.NDArray[np.str_]) -> Matrix:
        """One column for each text, in one look at the values rather than one for each."""
        found = np.zeros((len(X), len(texts)))
        if name in X.columns:
            codes = pd.Index(texts.astype(object)).get_indexer(X[name].astype(object))
            rows = np.flatnonzero(codes >= 0)
            found[rows, codes[rows]] = 1.0
        return found

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Names of the matrix's columns; a text's is `column=value`."""
        texts = [f"{name}={text}" for name, text in zip(self.text_columns_, self.text_values_, strict=True)]
        return np.array([WEEKDAY, *FLAGS, *self.numeric_names_.tolist(), *texts], dtype=object)


def _bounded(values: list[float]) -> Matrix:
    return np.clip(np.array(values, dtype=np.float64), -LARGEST, LARGEST)
