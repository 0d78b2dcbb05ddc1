"""The further columns of a sales file: which become inputs of the model, and as what."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.cells import Decimal, decimal_evidence, distinct, flags, is_missing, numbers, plain_numbers
from ventas.contract import normalised, shown
from ventas.remarks import Remark, remark

Role = Literal["numeric", "categorical", "id", "left_out"]

# A text of more distinct values is an id if a model can learn from its values, else a comment or a free name.
MAX_CATEGORIES = 50
MAX_IDS = 20_000
ROWS_PER_ID = 5  # on average
LONGEST_CATEGORY = (
    200  # characters; each category may be a column of the model, as wide as the longest of them
)

_FLAG_WORDS = frozenset(("si", "no", "verdadero", "falso", "true", "false", "yes"))
MOST_FLAG_SPELLINGS = 2 * len(_FLAG_WORDS)  # each in a few
_FLAG_PAIRS = tuple(frozenset(pair) for pair in ("sn", "vf", "tf", "yn"))  # alone, S may be a south


@dataclass(frozen=True)
class Further:
    """One further column: its role, its values (float64, str with missing values, or the raw text), why left out."""

    name: str
    role: Role
    values: "pd.Series[Any]"
    missing: int
    remark: Remark | None = None
    # `places`, where reading found them
    known: npt.NDArray[np.int32] | None = field(default=None, repr=False)

    @cached_property
    def places(self) -> npt.NDArray[np.int32]:
        """The place of each row's value among the distinct ones, -1 where it is missing, shape (rows,)."""
        return pd.factorize(self.values)[0].astype(np.int32) if self.known is None else self.known

    def left_out(self, code: str, **facts: int) -> "Further":
        """The same column, kept from the models; `code` is that of the remark that says so."""
        said = remark(code, column=shown(self.name), **facts)
        return replace(self, role="left_out", remark=said)


def read_further(name: str, column: "pd.Series[Any]", decimal: Decimal) -> Further:
    """Read a column of text cells as numbers if all its values are, else as a category or id if they repeat.

    `decimal` is the file's mark; a column that proves another one for itself is read by its own. Yes and no are
    the numbers 1 and 0.
    """
    values, codes, counts = used_values(column)
    empty = (values == "").to_numpy(dtype=bool)
    missing = int(counts[empty].sum())
    if empty.all():
        none = pd.Series([None] * len(column), dtype="str")  # blanks tell no series apart
        return Further(name, "left_out", none, missing).left_out("left_out_empty")
    floats = _as_numbers(values, counts, decimal)
    if floats is None:
        floats = _as_flags(values)
    if floats is not None:
        read = pd.Series(floats[codes])
        return Further(name, "numeric", read, int(read.isna().sum()))
    text = values.mask(empty)
    read = pd.Series(text.array.take(codes), dtype="str")
    known = pd.factorize(text)[0].astype(np.int32)[codes] if len(text) < len(codes) else None
    return _as_text(Further(name, "categorical", read, missing, known=known), text)


def used_values(
    column: "pd.Series[Any]",
) -> tuple["pd.Series[str]", npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """As `cells.distinct`, without the values of bad rows alone."""
    values, codes, counts = distinct(column)
    if (used := counts > 0).all():
        return values, codes, counts
    return values[used].reset_index(drop=True), (np.cumsum(used) - 1)[codes], counts[used]


def _as_text(read: Further, text: "pd.Series[str]") -> Further:
    """The column as a category or an id, as its values `text` (missing where empty) repeat, or left out."""
    role, said = role_of_text(
        read.name, int(text.str.len().max()), text.nunique(), len(read.values) - read.missing
    )
    return replace(read, role=role, remark=said)


def role_of_text(name: str, longest: int, kinds: int, present: int) -> tuple[Role, Remark | None]:
    """What a column of texts is: at most so many characters long, of so many values in so many rows that have one."""
    column = shown(name)
    if longest > LONGEST_CATEGORY:
        return "left_out", remark("left_out_long", column=column, most=LONGEST_CATEGORY)
    if kinds <= MAX_CATEGORIES:
        return "categorical", None
    if kinds <= MAX_IDS and present >= ROWS_PER_ID * kinds:
        return "id", None
    return "left_out", remark("left_out_many", column=column, kinds=int(kinds), most=MAX_CATEGORIES)


def _as_numbers(
    values: "pd.Series[str]", counts: npt.NDArray[np.int64], decimal: Decimal
) -> npt.NDArray[np.float64] | None:
    """The distinct values as floats with NaN where missing, or None if any of them is no number."""
    found = plain_numbers(values, decimal)
    rest = np.isnan(found)
    if not rest.all() and is_missing(values[rest]).all():
        return found
    present = ~is_missing(values)
    if not present.any():
        return None
    own = own_mark(decimal_evidence(values[present], counts[present]), decimal)
    found = np.full(len(values), np.nan)
    found[present] = numbers(values[present], own)
    return None if np.isnan(found[present]).any() else found


def _as_flags(values: "pd.Series[str]") -> npt.NDArray[np.float64] | None:
    """The distinct values as 1.0 and 0.0 with NaN where missing, or None if they are not all yes and no."""
    present = ~is_missing(values)
    some = values[present].unique()
    if len(some) > MOST_FLAG_SPELLINGS or not are_flags(some):
        return None
    found = np.full(len(values), np.nan)
    found[present] = flags(values[present])
    return found


def own_mark(evidence: tuple[int, int, int], decimal: Decimal) -> Decimal:
    """The decimal mark that a column proves for itself, else the file's."""
    comma, point, _ = evidence
    return decimal if comma == point else "," if comma > point else "."


def are_flags(values: Iterable[str]) -> bool:
    """Whether these values, all of a column, are yes and no."""
    words = frozenset(normalised(value) for value in values)
    return bool(words) and (words <= _FLAG_WORDS or words in _FLAG_PAIRS)
