"""The rows of one file while they are judged: the contract's cells read, each bad row kept with its first reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas import cells
from ventas.cells import Decimal
from ventas.contract import shown
from ventas.reader import Table
from ventas.records import Records
from ventas.rejections import ROW_RULES
from ventas.remarks import Remark, remark

Bools = npt.NDArray[np.bool_]

_YEARS = (np.datetime64("1900-01-01"), np.datetime64("2200-12-31"))
_ABSURD_SALES = 1e12


@dataclass
class Rows:
    """The rows of a table while they are judged: `bad` ones have broken a rule, the first one broken counts."""

    table: Table
    bad: Bools
    remarks: list[Remark] = field(default_factory=list)
    pieces: list[pd.DataFrame] = field(default_factory=list)

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
        reasons = sentences[places]
        self.pieces.append(rejected_frame(self.table.records.take(rows), code, reasons))


def read_dates(rows: Rows, column: "pd.Series[Any]") -> npt.NDArray[np.datetime64]:
    values, codes, _ = cells.distinct(column)
    days = cells.dates(values)
    absent = cells.is_missing(values)
    outside = (days < _YEARS[0]) | (days > _YEARS[1])
    rows.reject(absent[codes], "missing_date")
    rows.reject(np.isnat(days)[codes], "date_unreadable", column)
    rows.reject(outside[codes], "date_out_of_range", column)
    return days[codes]


def read_flag(rows: Rows, column: "pd.Series[Any]", name: str, code: str) -> npt.NDArray[np.float64]:
    values, codes, counts = cells.distinct(column)
    read = cells.flags(values)
    absent = cells.is_missing(values)
    if absent.any() and set(values[~absent].str.lower()) == {"x"}:
        read[absent] = 0
        rows.remarks.append(remark("marked_with_x", column=name, rows=int(counts[absent].sum())))
        absent[:] = False
    rows.reject(absent[codes], f"missing_{code}")
    rows.reject(np.isnan(read)[codes], f"{code}_invalid", column)
    return read[codes]


def read_sales(rows: Rows, column: "pd.Series[Any]", decimal: Decimal) -> npt.NDArray[np.float64]:
    values, codes, _ = cells.distinct(column)
    read = cells.numbers(values, decimal)
    rows.reject(cells.is_missing(values)[codes], "missing_sales")
    mark = {",": "comma", ".": "point"}[decimal]
    rows.reject(np.isnan(read)[codes], "sales_unreadable", column, decimal=mark)
    rows.reject((read < 0)[codes], "sales_negative", column)
    rows.reject((read > _ABSURD_SALES)[codes], "sales_absurd", column)
    return read[codes]


def rejected_frame(
    records: Records, code: str, reasons: "Sequence[str] | npt.NDArray[np.object_]"
) -> pd.DataFrame:
    raw = records.raw(np.arange(len(records.lines)))
    text = {name: pd.Series(value, dtype="str") for name, value in (("reason", reasons), ("row", raw))}
    frame = pd.DataFrame({"line": records.lines, "code": code, **text})
    return frame.astype({"line": "int64", "code": "str"})[["line", "reason", "code", "row"]]
