"""Text cells -> numbers, dates and 0/1 flags, as spreadsheets in Spanish (and others) write them.

Every function works on the distinct values of a column where it has few (`distinct`), and is vectorised where it
has many. What cannot be read becomes NaN or NaT; nothing is guessed row by row that the file can decide.
"""

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ventas.contract import normalised

Decimal = Literal[",", "."]
Floats = npt.NDArray[np.float64]

# What people and programs write for «no value».
MISSING = frozenset({"", "-", "na", "n/a", "#n/a", "#n/d", "nan", "null", "none", "nulo", "s/d"})

FLAGS = {
    **dict.fromkeys(("1", "si", "s", "verdadero", "v", "true", "t", "yes", "y", "x"), 1.0),
    **dict.fromkeys(("0", "no", "n", "falso", "f", "false"), 0.0),
}

_DAYS = ("lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo")
WEEKDAYS = {
    **{str(number): float(number) for number in range(1, 8)},
    **{day: float(number) for number, day in enumerate(_DAYS, start=1)},
    **{day[:3]: float(number) for number, day in enumerate(_DAYS, start=1)},
}

_TIME = r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d{2}:?\d{2}|[ap]\.? ?m\.?))?)?"
_DATE_SHAPES = (
    rf"^(?P<y>\d{{4}})(?:-|/|\.)(?P<m>\d{{1,2}})(?:-|/|\.)(?P<d>\d{{1,2}}){_TIME}$",
    rf"^(?P<d>\d{{1,2}})(?:-|/|\.)(?P<m>\d{{1,2}})(?:-|/|\.)(?P<y>\d{{4}}|\d{{2}}){_TIME}$",
    r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})$",
)
_TWO_DIGIT_PIVOT = 70  # as POSIX and spreadsheets do: 69 is 2069, 70 is 1970

# A decimal mark is certain where the digits after it cannot be a group of three, or where both marks stand.
_CERTAIN = (
    r"^[+-]?(?:\d*M(?:\d{1,2}|\d{4,})|(?:0\d*|\d{4,})?M\d+|\d+M\d+[eE][+-]?\d+"
    r"|\d{1,3}(?:G\d{3})+M\d*|\d{1,3}(?:G\d{3}){2,})$"
)
_GROUPED = r"^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$"
_AMBIGUOUS = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
# Up to 14 digits together: the whole number in them is exact, and so is the nearest float of its hundredth.
_MOST_BEFORE, _MOST_AFTER = 12, 2
_SHARES = np.array([1.0, 10.0, 100.0])
_PIECE = 1 << 16  # values that are read at once: what is held of them fits the cache
_LONG_DIGITS = 4
_LONG_INTEGER = rf"^[+-]?\d{{{_LONG_DIGITS},}}$"


def distinct(
    column: "pd.Series[Any]",
) -> tuple["pd.Series[str]", npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The stripped values of a text column, the place of each row's value among them, and each value's count of rows.

    Values are distinct if the column is categorical, else one per row.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        values = pd.Series(column.cat.categories.astype("str"), dtype="str")
        codes = column.cat.codes.to_numpy().astype(np.int32)
        return values.str.strip(), codes, np.bincount(codes, minlength=len(values))
    rows = len(column)
    return (
        column.str.strip().reset_index(drop=True),
        np.arange(rows, dtype=np.int32),
        np.broadcast_to(np.int64(1), rows),
    )


def is_missing(values: "pd.Series[str]") -> npt.NDArray[np.bool_]:
    """Which of the stripped values stand for «no value»."""
    return np.array(values.str.lower().isin(list(MISSING)), dtype=bool)


@dataclass(frozen=True)
class Evidence:
    """What the values of a column prove of its decimal mark, as counts of rows; parts of a column add up.

    comma, point: rows that are certain. either_comma, either_point: rows like `1,234` and `1.234`, which may have
    thousands separators. long: whether any row is a whole number of four digits or more without a mark.
    """

    comma: int = 0
    point: int = 0
    either_comma: int = 0
    either_point: int = 0
    long: bool = False

    @classmethod
    def of(cls, values: "pd.Series[str]", counts: npt.NDArray[np.int64]) -> Self:
        """The evidence of stripped values, each of so many rows."""
        bare = _bare(values)
        marked = bare.str.contains("[.,]", regex=True).to_numpy(dtype=bool)
        some, weight = bare[marked], counts[marked]
        comma, point = (
            int(weight[_certain(some, mark, group)].sum()) for mark, group in ((",", r"\."), (r"\.", ","))
        )
        unsure = some.str.match(_AMBIGUOUS).to_numpy(dtype=bool)
        with_comma = some[unsure].str.contains(",", regex=False).to_numpy(dtype=bool)
        either_comma, either_point = (int(weight[unsure][which].sum()) for which in (with_comma, ~with_comma))
        return cls(
            comma, point, either_comma, either_point, long=bool(bare[~marked].str.match(_LONG_INTEGER).any())
        )

    @classmethod
    def of_plain(cls, values: "pd.Series[str]", plain: Floats, decimal: Decimal) -> Self:
        """The same of many values, one per row, of which `plain` are those that `plain_numbers` has read."""
        read = ~np.isnan(plain)
        text = values.array.__arrow_array__()  # type: ignore[attr-defined]  # of a column of texts
        marked = pc.match_substring(text, decimal).to_numpy() & read
        sure, whole = int(marked.sum()), text.filter(pa.array(read & ~marked))
        told = cls(
            comma=sure if decimal == "," else 0,
            point=sure if decimal == "." else 0,
            long=bool((pc.utf8_length(whole).to_numpy() >= _LONG_DIGITS).any()),
        )
        rest = values[~read]
        return told + cls.of(rest, np.ones(len(rest), dtype=np.int64))

    def __add__(self, other: "Evidence") -> Self:
        """The evidence of both parts."""
        return type(self)(
            self.comma + other.comma,
            self.point + other.point,
            self.either_comma + other.either_comma,
            self.either_point + other.either_point,
            self.long or other.long,
        )

    def verdict(self) -> tuple[int, int, int]:
        """Rows that prove a decimal comma, rows that prove a decimal point, and rows that could be either.

        `1.234` alone is either, unless the column also has whole numbers of four digits without a mark: then nobody
        wrote thousands separators in it, and its mark is a decimal one.
        """
        if self.comma or self.point or not self.long:
            return self.comma, self.point, self.either_comma + self.either_point
        return self.either_comma, self.either_point, 0


def decimal_evidence(values: "pd.Series[str]", counts: npt.NDArray[np.int64]) -> tuple[int, int, int]:
    """`Evidence.verdict` of a whole column."""
    return Evidence.of(values, counts).verdict()


def _certain(values: "pd.Series[str]", mark: str, group: str) -> npt.NDArray[np.bool_]:
    return values.str.match(_CERTAIN.replace("M", mark).replace("G", group)).to_numpy(dtype=bool)


def plain_majority(values: "pd.Series[str]", plain: Floats, decimal: Decimal) -> bool:
    """Whether more than half of the values are plain numbers with this mark, and so outvote any other evidence."""
    if np.count_nonzero(plain % 1 > 0) * 2 > len(values):  # a fraction has a mark
        return True
    marked = pc.match_substring(values.array.__arrow_array__(), decimal)  # type: ignore[attr-defined]
    return int((~np.isnan(plain) & marked.to_numpy()).sum()) * 2 > len(values)


def numbers(values: "pd.Series[str]", decimal: Decimal) -> Floats:
    """Stripped values as floats, NaN where they are no finite number under this decimal mark.

    Reads thousands separators in groups of three, an exponent, and a currency sign before or after.
    """
    found = plain_numbers(values, decimal)
    rest = np.isnan(found)
    if rest.any():
        found[rest] = _odd_numbers(values[rest], decimal)
    return found


def plain_numbers(values: "pd.Series[str]", decimal: Decimal) -> Floats:
    """Stripped values as floats where they are digits alone, or with one or two after the mark; NaN else."""
    text = values.array.__arrow_array__()  # type: ignore[attr-defined]  # of a column of texts
    if len(text) <= _PIECE:
        return _plain_numbers(text, decimal)
    found = np.empty(len(text))

    def read(start: int) -> None:
        found[start : start + _PIECE] = _plain_numbers(text.slice(start, _PIECE), decimal)

    with ThreadPoolExecutor(2) as threads:  # Arrow reads without Python's lock
        list(threads.map(read, range(0, len(text), _PIECE)))
    return found


def _plain_numbers(text: pa.Array, decimal: Decimal) -> Floats:
    whole = pc.replace_substring(text, decimal, "", max_replacements=1)
    digits, at = pc.binary_length(whole).to_numpy(), pc.find_substring(text, decimal).to_numpy()
    after = np.where(at < 0, 0, digits - at)
    plain = pc.ascii_is_decimal(whole).to_numpy(zero_copy_only=False)
    plain &= (digits > after) & (digits - after <= _MOST_BEFORE)
    plain &= ((at < 0) | (after > 0)) & (after <= _MOST_AFTER)
    found = np.full(len(text), np.nan)
    found[plain] = pc.cast(whole.filter(pa.array(plain)), pa.int64()).to_numpy() / _SHARES[after[plain]]
    return found


def _odd_numbers(values: "pd.Series[str]", decimal: Decimal) -> Floats:
    text = _bare(values)
    if decimal == "," and text.str.contains("[.,]", regex=True).any():
        text = text.str.replace(",", "\v", regex=False).str.replace(".", ",", regex=False)
        text = text.str.replace("\v", ".", regex=False)
    found = _floats(text)
    grouped = text.str.contains(",", regex=False).to_numpy(dtype=bool)
    if grouped.any():
        some = text[grouped]
        proper = some.str.match(_GROUPED).to_numpy(dtype=bool)
        found[grouped] = np.where(proper, _floats(some.str.replace(",", "", regex=False)), np.nan)
    found[~np.isfinite(found)] = np.nan
    return found + 0.0  # no negative zero


def dates(values: "pd.Series[str]") -> npt.NDArray[np.datetime64]:
    """Stripped values as days (`datetime64[D]`), NaT where they are no date; ISO or day first, value by value."""
    found = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[D]")
    for shape in _DATE_SHAPES:
        rest = np.flatnonzero(np.isnat(found))
        parts = values.iloc[rest].str.extract(shape, flags=re.ASCII)
        fits = parts["y"].notna().to_numpy(dtype=bool)
        year, month, day = (np.asarray(parts[part][fits].astype(np.int64)) for part in "ymd")
        short = parts["y"][fits].str.len().to_numpy() == 2
        year = year + np.where(short, np.where(year < _TWO_DIGIT_PIVOT, 2000, 1900), 0)
        found[rest[fits]] = _days(year, month, day)
    return found


def flags(values: "pd.Series[str]") -> Floats:
    """Stripped values as 0.0 or 1.0 (`sí/no`, `verdadero/falso`, `s/n`, `x`, `1,0`), NaN where they are neither."""
    return _looked_up(values, FLAGS)


def weekdays(values: "pd.Series[str]") -> Floats:
    """Stripped values as 1.0 (Monday) to 7.0, from numbers or Spanish names; NaN where they are neither."""
    return _looked_up(values, WEEKDAYS)


def _looked_up(values: "pd.Series[str]", table: dict[str, float]) -> Floats:
    whole = values.str.replace(r"[.,]0+$", "", regex=True)
    return _each(whole, lambda value: table.get(normalised(value).rstrip("."), np.nan))


def _each(values: Iterable[str], function: Callable[[str], float]) -> Floats:
    return np.array([function(value) for value in values], dtype=np.float64)


def _bare(values: "pd.Series[str]") -> "pd.Series[str]":
    """Without a currency sign before or after, where there is one."""
    odd = values.str.contains("[^-+0-9.,eE]", regex=True).to_numpy(dtype=bool)
    if not odd.any():
        return values
    bare = values.copy()
    # By string methods: a regular expression that looks for blanks before a sign is quadratic in a run of them,
    # and one such cell would hold up the worker for hours.
    text = values[odd].str.strip()
    for sign in "$€":
        text = text.str.removeprefix(sign).str.removesuffix(sign)
    bare[odd] = text.str.strip()
    return bare


def _floats(text: "pd.Series[str]") -> Floats:
    return np.array(pd.to_numeric(text, errors="coerce"), dtype=np.float64)


def _days(
    year: npt.NDArray[Any], month: npt.NDArray[Any], day: npt.NDArray[Any]
) -> npt.NDArray[np.datetime64]:
    """Calendar days; NaT for a 31 February. The month is built first, so a day too many shows in the next one."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    real = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    return np.where(real, days, np.datetime64("NaT"))
