"""Further columns of a sales file that mean something special: what tells its series apart, and open or closed.

Found by `ingest`, kept in the quality report, and carried by the model, whose constructor takes the names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class Roles:
    """Names of columns, each "" where the file has no such column.

    series: tells the series apart (a store's id). open: 0 on days on which a series was closed, else 1.
    """

    series: str = ""
    open: str = ""

    @classmethod
    def of_report(cls, report: Mapping[str, Any] | None) -> Self:
        """The roles that a quality report tells; none where it is older than these."""
        told = report or {}
        return cls(str(told.get("series") or ""), str(told.get("open") or ""))

    def is_open(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Whether each row is of a day on which its series was open, shape (rows,); where nothing is said, it was."""
        if not self.open or self.open not in frame:
            return np.ones(len(frame), dtype=bool)
        return (pd.to_numeric(frame[self.open], errors="coerce") != 0).to_numpy(dtype=bool)

    def series_of(self, frame: pd.DataFrame) -> "pd.Series[str]":
        """The series of each row as text, "" where it is unknown or the file holds one series."""
        if not self.series or self.series not in frame:
            return pd.Series([""] * len(frame), index=frame.index, dtype="str")
        return series_texts(frame[self.series])


def says_open(frame: pd.DataFrame, column: str) -> npt.NDArray[np.bool_]:
    """Rows that say in `column` whether their series was open, shape (rows,)."""
    if not column or column not in frame:
        return np.zeros(len(frame), dtype=bool)
    return pd.to_numeric(frame[column], errors="coerce").notna().to_numpy(dtype=bool)


def series_texts(column: "pd.Series[Any]") -> "pd.Series[str]":
    """Ids as text, "" where missing; a whole number has no decimals: 17.0 -> "17"."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        codes, values = pd.factorize(column)
        known = [str(int(value)) if float(value).is_integer() else repr(float(value)) for value in values]
        texts = pd.array([*known, ""], dtype="str")
        return pd.Series(texts.take(np.where(codes < 0, len(known), codes)), index=column.index)
    return column.astype("str").fillna("")
