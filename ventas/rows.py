"""The rows of one file while they are judged: the contract's cells read, each bad row kept with its first reason."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas import cells
from ventas.cells import Decimal
from ventas.contract import shown
from ventas.reader import Table
from ventas.rejections import ROW_RULES
from ventas.remarks import Remark, remark

Bools = npt.NDArray[np.bool_]

_YEARS = (np.datetime64("1900-01-01"), np.datetime64("2200-12-31"))
_ABSURD_SALES = 1e12
_SAMPLE = 1000  # values of a column that tell which decimal mark to try first


@dataclass(frozen=True)
class Broken:
    """The rows, by their places, that broke rule `code` first, each with its reason in words."""

    rows: npt.NDArray[np.int64]
    code: str
    reasons: npt.NDArray[np.object_]


@dataclass
class Rows:
    """The rows of a table while they are judged: `bad` ones have broken a rule, the first one broken counts."""

    table: Table
    bad: Bools
    remarks: list[Remark] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    width: int = field(init=False)  # columns of the file

    def __post_init__(self) -> None:
        self.width = len(self.table.cells.columns)

    def reject(self, mask: Bools, code: str, column: "pd.Series[Any] | None" = None, **words: str) -> None:
        """Mark the rows of `mask` that are still good as bad by rule `code`, quoting their cell of `column`."""
        rows = np.flatnonzero(mask & ~self.bad)
        if not len(rows):
            return
        self.bad[rows] = True
        template = ROW_RULES[code].reason
        cells_at = pd.Series("", index=rows) if column is None else column.iloc[rows].astype("str")
        places, values = pd.factorize(cells_at)
        sentences = np.array([template.format(value=shown(value), **words) for value in values], dtype=object)
        self.broken.append(Broken(rows, code, sentences[places]))

    def reject_values(
        self,
        bad: Bools,
        codes: npt.NDArray[np.int32],
        code: str,
        column: "pd.Series[Any] | None" = None,
        **words: str,
    ) -> None:
        """As `reject`, for the rows whose value is `bad`; `codes` are the places of the rows' values."""
        if bad.any():
            self.reject(bad[codes], code, column, **words)


@dataclass(frozen=True)
class Sales:
    """The cells of Ventas before the file's decimal mark is known: distinct `values` as `cells.distinct` has them.

    proven: the mark that most of them have for certain, if they are many; plain: those read by it, NaN elsewhere.
    """

    column: "pd.Series[Any]"
    values: "pd.Series[str]"
    codes: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]
    proven: Decimal | None = None
    plain: npt.NDArray[np.float64] | None = None

    @classmethod
    def of(cls, column: "pd.Series[Any]") -> Self:
        """Reads the plain numbers of a column of many values at once; a few are as quick one by one."""
        found = cls(column, *cells.distinct(column))
        if isinstance(column.dtype, pd.CategoricalDtype):
            return found
        comma, point, _ = cells.decimal_evidence(found.values[:_SAMPLE], found.counts[:_SAMPLE])
        mark: Decimal = "," if comma > point else "."
        plain = cells.plain_numbers(found.values, mark)
        if not cells.plain_majority(found.values, plain, mark):
            return found
        return replace(found, proven=mark, plain=plain)

    def numbers(self, decimal: Decimal) -> npt.NDArray[np.float64]:
        """The values as floats, NaN where they are none."""
        if self.plain is None or self.proven != decimal:
            return cells.numbers(self.values, decimal)
        read, rest = self.plain, np.isnan(self.plain)
        read[rest] = cells.numbers(self.values[rest], decimal)
        return read


def read_dates(
    rows: Rows, column: "pd.Series[Any]"
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.int32]]:
    """The days that the column's distinct texts name, NaT where they name none in range, and each row's place among
    them; rows without a day are marked as bad.
    """
    values, codes, _ = cells.distinct(column)
    days = cells.dates(values)
    absent = cells.is_missing(values)
    unreadable, days = np.isnat(days), days_in_range(days)
    rows.reject_values(absent, codes, "missing_date")
    rows.reject_values(unreadable, codes, "date_unreadable", column)
    rows.reject_values(~unreadable & np.isnat(days), codes, "date_out_of_range", column)
    return days, codes


def days_in_range(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.datetime64]:
    """The days with NaT for those that no sales file can mean."""
    outside = (days < _YEARS[0]) | (days > _YEARS[1])
    return np.where(outside, np.datetime64("NaT"), days)


def reject_stray_dates(
    rows: Rows,
    column: "pd.Series[Any]",
    days: npt.NDArray[np.datetime64],
    codes: npt.NDArray[np.int32],
    stray: npt.NDArray[np.int64],
) -> None:
    """Mark the rows of `stray` days as bad; `days` and `codes` are what `read_dates` gave for the column."""
    if len(stray):
        mistyped = np.isin(days.astype("datetime64[D]"), stray.astype("datetime64[D]"))
        rows.reject_values(mistyped, codes, "date_far_off", column)


def read_flag(
    rows: Rows, column: "pd.Series[Any]", name: str, code: str, *, marked: bool | None = None
) -> npt.NDArray[np.float64]:
    """Flags of 0 and 1; where the only mark is an x, empty cells are 0.

    `marked` says whether that is so in the whole file, of which `rows` are a part; None looks, and remarks on it.
    """
    values, codes, counts = cells.distinct(column)
    read = cells.flags(values)
    absent = cells.is_missing(values)
    empty = int(counts[absent].sum())
    if marked is None and empty and only_x(values[~absent]):
        marked = True
        rows.remarks.append(remark("marked_with_x", column=name, rows=empty))
    if marked:
        read[absent] = 0
        absent[:] = False
    rows.reject_values(absent, codes, f"missing_{code}")
    rows.reject_values(np.isnan(read), codes, f"{code}_invalid", column)
    return read[codes]


def only_x(values: "pd.Series[str]") -> bool:
    """Whether all values are an x, and there is one."""
    return set(values.str.lower()) == {"x"}


def read_sales(rows: Rows, sales: Sales, decimal: Decimal) -> npt.NDArray[np.float64]:
    read = sales.numbers(decimal)
    unread = np.isnan(read)
    absent = np.zeros(len(read), dtype=bool)
    absent[unread] = cells.is_missing(sales.values[unread])
    rows.reject_values(absent, sales.codes, "missing_sales")
    mark = {",": "comma", ".": "point"}[decimal]
    rows.reject_values(unread, sales.codes, "sales_unreadable", sales.column, decimal=mark)
    rows.reject_values(read < 0, sales.codes, "sales_negative", sales.column)
    rows.reject_values(read > _ABSURD_SALES, sales.codes, "sales_absurd", sales.column)
    return read[sales.codes] if isinstance(sales.column.dtype, pd.CategoricalDtype) else read


def all_rejected(rows: Rows) -> pd.DataFrame:
    """All bad rows of a file in the order of their lines, those with a wrong number of cells too.

    Columns: line (int64), reason, code and row, the text of the row as the file has it (str).
    """
    ragged, expected = rows.table.ragged, str(rows.width)
    reasons = [
        ROW_RULES["fields"].reason.format(value=n, expected=expected) for n in rows.table.ragged_counts
    ]
    bad = rows.table.records.take(
        np.concatenate([np.zeros(0, dtype=np.int64), *(one.rows for one in rows.broken)])
    )
    codes = [code for one in rows.broken for code in [one.code] * len(one.rows)]
    lines = np.concatenate([bad.lines, ragged.lines])
    order = np.argsort(lines, kind="stable")
    texts = {
        "reason": [*(reason for one in rows.broken for reason in one.reasons), *reasons],
        "code": codes + ["fields"] * len(ragged.lines),
        "row": bad.raw() + ragged.raw(),
    }
    columns = {name: pd.Series(text, dtype="str").array.take(order) for name, text in texts.items()}
    return pd.DataFrame({"line": lines[order], **columns})


def weekday_of(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """1 Monday to 7 Sunday; 1970-01-01 was a Thursday."""
    return (days.astype(np.int64) + 3) % 7 + 1


def weekday_faults(
    column: "pd.Series[Any]", stays: Bools, weekdays: npt.NDArray[np.int64]
) -> tuple[Bools, Bools]:
    """Of the rows that stay, shape (rows,): whose cell of the weekday is absent, and whose contradicts `weekdays`."""
    values, codes, _ = cells.distinct(column)
    codes = codes[stays]
    absent = cells.is_missing(values)[codes]
    return absent, ~absent & (cells.weekdays(values)[codes] != weekdays)
