"""Whether the columns of a new upload are spread as those that a model was trained on: the PSI of each.

The population stability index sums (p - q) ln(p / q) over bins: deciles of the training's numbers, each value of a
flag or a text. By convention below 0.1 nothing has changed, above 0.25 much has.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, TARGET
from ventas.roles import series_texts

Profile = dict[str, Any]
Counts = npt.NDArray[np.int64]

FEW_VALUES = 20  # up to here a number is told apart by its values, as flags and small codes are
MOST_TEXTS = 50  # of a column of texts; the others are one bin
_DECILES = np.arange(1, 10) / 10


def profile(frame: pd.DataFrame, left_out: Collection[str] = ()) -> Profile:
    """How the columns of training rows are spread, as JSON: `rows`, and for each column its bins and their counts.

    `left_out` are columns that no model reads. Date and sales are no inputs in this sense: a date always moves on.
    """
    names = [str(name) for name in frame if name not in (DATE, TARGET, *left_out)]
    return {"rows": len(frame), "columns": {name: _profiled(frame[name]) for name in names}}


def drift(known: Profile, frame: pd.DataFrame) -> dict[str, float]:
    """The PSI of each profiled column in `frame`; a column that is gone counts as missing in every row."""
    found = {}
    for name, bins in known["columns"].items():
        column = frame[name] if name in frame else pd.Series([np.nan] * len(frame))
        found[name] = _psi(np.array(bins["counts"]), _counts(bins, column))
    return found


def _profiled(column: "pd.Series[Any]") -> Profile:
    bins: Profile
    if pd.api.types.is_numeric_dtype(column.dtype) and column.nunique() > FEW_VALUES:
        bins = {"edges": np.unique(np.quantile(column.dropna(), _DECILES)).tolist()}
    else:
        texts, counts = _counted_texts(column)
        often = texts[np.argsort(-counts, kind="stable")]
        bins = {"texts": often[often != ""][:MOST_TEXTS].tolist()}
    return bins | {"counts": _counts(bins, column).tolist()}


def _counts(bins: Profile, column: "pd.Series[Any]") -> Counts:
    """Rows in each bin; the last bins are for other texts and for what is missing."""
    if "edges" in bins:
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
        size = len(bins["edges"]) + 1
        where = np.where(np.isnan(values), size, np.searchsorted(bins["edges"], values))
        return np.bincount(where, minlength=size + 1)
    (texts, counts), size = _counted_texts(column), len(bins["texts"])
    codes = pd.Index(bins["texts"], dtype="str").get_indexer(pd.Index(texts))
    where = np.where(texts == "", size + 1, np.where(codes < 0, size, codes))
    return np.bincount(where, weights=counts, minlength=size + 2).astype(np.int64)


def _counted_texts(column: "pd.Series[Any]") -> tuple[npt.NDArray[np.object_], Counts]:
    """The distinct values as text in order of appearance, and their rows; at the end "", the missing ones."""
    codes, values = pd.factorize(column)
    texts = np.array([*series_texts(pd.Series(values)), ""], dtype=object)
    return texts, np.bincount(np.where(codes < 0, len(values), codes), minlength=len(texts))


def _psi(expected: Counts, found: Counts) -> float:
    """Half a row is added to each bin, lest an empty one make it infinite."""
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (expected, found))
    return float(((q - p) * np.log(q / p)).sum())
