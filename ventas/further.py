"""The further columns of a sales file: which become features, and what tells the series of a file apart."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.cells import Decimal, decimal_evidence, distinct, is_missing, numbers
from ventas.contract import DATE, shown

Role = Literal["numeric", "categorical", "left_out"]

# A text of more distinct values is a comment or a free name, not a category that a model can learn from.
MAX_CATEGORIES = 50
LONGEST_CATEGORY = 200  # characters; each category is a column of the model, as wide as the longest of them


@dataclass(frozen=True)
class Further:
    """One further column: its role, its values (float64, str with missing values, or the raw text), why left out."""

    name: str
    role: Role
    values: "pd.Series[Any]"
    missing: int
    warning: str = ""


def read_further(name: str, column: "pd.Series[Any]", decimal: Decimal) -> Further:
    """Read a column of text cells as numbers if all its values are, else as a category if it has few.

    `decimal` is the file's mark; a column that proves another one for itself is read by its own.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
    values, codes, counts = distinct(column)
    empty = (values == "").to_numpy(dtype=bool)
    missing = int(counts[empty].sum())
    if empty.all():
        warning = f"Column {shown(name)} was left out: it is empty."
        return Further(name, "left_out", column.astype("str"), missing, warning)
    if (floats := _as_numbers(values, counts, decimal)) is not None:
        read = pd.Series(floats[codes])
        return Further(name, "numeric", read, int(read.isna().sum()))
    text = values.mask(empty)
    kinds = text.nunique()
    read = pd.Series(text.array.take(codes), dtype="str")
    if text.str.len().max() > LONGEST_CATEGORY:
        warning = (
            f"Column {shown(name)} was left out: it has texts of more than {LONGEST_CATEGORY} characters."
        )
        return Further(name, "left_out", read, missing, warning)
    if kinds <= MAX_CATEGORIES:
        return Further(name, "categorical", read, missing)
    warning = f"Column {shown(name)} was left out: {kinds} different texts, more than {MAX_CATEGORIES}."
    return Further(name, "left_out", read, missing, warning)


def _as_numbers(
    values: "pd.Series[str]", counts: npt.NDArray[np.int64], decimal: Decimal
) -> npt.NDArray[np.float64] | None:
    """The distinct values as floats with NaN where missing, or None if any of them is no number."""
    present = ~is_missing(values)
    if not present.any():
        return None
    comma, point, _ = decimal_evidence(values[present], counts[present])
    own: Decimal = decimal if comma == point else "," if comma > point else "."
    found = np.full(len(values), np.nan)
    found[present] = numbers(values[present], own)
    return None if np.isnan(found[present]).any() else found


def duplicates(frame: pd.DataFrame, further: list[Further]) -> tuple[npt.NDArray[np.bool_], str]:
    """Rows of `frame` that a later row repeats, and the name of a column found to tell series apart ("" if none).

    One series: the last row of a date stays. Several series (a text column, or an id found by
    `_series_id`): only rows that are equal in all columns repeat each other.
    """
    again = frame.duplicated([DATE], keep="last").to_numpy()
    if not again.any():
        return again, ""
    texts = [column.name for column in further if column.role == "categorical"]
    found = "" if texts else _series_id(frame, further)
    if not texts and not found:
        return again, ""
    left_out = {("left out", column.name): column.values for column in further if column.role == "left_out"}
    whole = pd.concat([frame, pd.DataFrame(left_out, index=frame.index)], axis=1) if left_out else frame
    # Comparing all columns is dear: first narrow down to dates and texts that repeat at all.
    alike = np.flatnonzero(frame.duplicated([DATE, *texts], keep=False).to_numpy())
    again = np.zeros(len(frame), dtype=bool)
    again[alike] = whole.iloc[alike].duplicated(keep="last").to_numpy()
    return again, found


def _series_id(frame: pd.DataFrame, further: list[Further]) -> str:
    """The column that names the series where most dates have several rows and no category does it; "" if none.

    An id takes each value about once per date, so it has hardly more values than a date has rows; a count of
    customers, say, has far more.
    """
    per_date = len(frame) / frame[DATE].nunique()
    if per_date < 2:
        return ""
    for column in further:
        kinds = column.values.nunique()
        if kinds > 3 * per_date or column.missing or not _countable(column):
            continue
        pairs = pd.DataFrame({"date": frame[DATE], "id": column.values})
        if pairs.duplicated().mean() < 0.01:
            return column.name
    return ""


def _countable(column: Further) -> bool:
    return column.role == "left_out" or bool((column.values % 1 == 0).all())
