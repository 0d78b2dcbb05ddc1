"""What the whole file decides before any of its cells can be read: the decimal mark, and what an empty flag means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ventas import cells
from ventas.cells import Evidence
from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET
from ventas.out_of_core.blocks import Block, Blocks
from ventas.remarks import Remark, remark
from ventas.rows import Sales, days_in_range, only_x
from ventas.stray_dates import DayCounts


@dataclass
class FlagMarks:
    """What stands in a column of flags: its rows without a mark, and whether its only mark is an x."""

    absent: int = 0
    present: bool = False
    all_x: bool = True

    def add(self, column: "pd.Series[Any]") -> None:
        """Look at the column in one more block."""
        values, _, counts = cells.distinct(column)
        used = counts > 0
        absent = cells.is_missing(values) & used
        there = values[used & ~absent]
        self.absent += int(counts[absent].sum())
        if len(there):
            self.present, self.all_x = True, self.all_x and only_x(there)

    @property
    def marked_with_x(self) -> bool:
        """Whether its empty cells are zeros."""
        return self.present and self.all_x and self.absent > 0


@dataclass
class Whole:
    """What one look at all blocks has found."""

    sales: Evidence = field(default_factory=Evidence)
    flags: dict[str, FlagMarks] = field(
        default_factory=lambda: {PROMOTION: FlagMarks(), HOLIDAY: FlagMarks()}
    )
    rows: int = 0
    blank_lines: int = 0
    days: DayCounts = field(default_factory=DayCounts)

    def add(self, block: Block, columns: Mapping[str, str]) -> None:
        """Look at one more block; `columns` are the file's names of the contract's, none if one is missing."""
        table = block.table
        self.rows += len(table.cells) + len(table.ragged.lines)
        self.blank_lines += table.blank_lines
        if columns and len(table.cells):
            self.sales += sales_evidence(Sales.of(table.cells[columns[TARGET]]))
            for name, marks in self.flags.items():
                marks.add(table.cells[columns[name]])
            values, _, counts = cells.distinct(table.cells[columns[DATE]])
            self.days.add(days_in_range(cells.dates(values)), counts)

    def remarks(self) -> list[Remark]:
        """What the sender should know of the flags."""
        marked = {name: flag for name, flag in self.flags.items() if flag.marked_with_x}
        return [remark("marked_with_x", column=name, rows=flag.absent) for name, flag in marked.items()]


def sales_evidence(sales: Sales) -> Evidence:
    """What cells of sales prove of the decimal mark."""
    if sales.proven is None or sales.plain is None:
        return Evidence.of(sales.values, sales.counts)
    return Evidence.of_plain(sales.values, sales.plain, sales.proven)


def other_evidence(blocks: Blocks, columns: Mapping[str, str]) -> Iterator[tuple[int, int, int]]:
    """The verdicts of all columns but dates and sales, by one more look at the file."""
    contract = (columns[DATE], columns[TARGET])
    found: dict[str, Evidence] = {}
    for block in blocks:
        for name in map(str, block.table.cells):
            if name not in contract:
                values, _, counts = cells.distinct(block.table.cells[name])
                found[name] = found.get(name, Evidence()) + Evidence.of(values, counts)
    return (one.verdict() for one in found.values())


@dataclass
class FurtherCells:
    """What stands in a further column of the good rows, as far as it decides how the column is read.

    plain: all values are plain numbers by the file's mark. readable: all are numbers by this mark. flags: the
    values, as long as they may be yes and no. longest: characters.
    """

    rows: int = 0
    empty: int = 0
    missing: int = 0
    plain: bool = True
    evidence: Evidence = field(default_factory=Evidence)
    readable: dict[cells.Decimal, bool] = field(default_factory=lambda: {",": True, ".": True})
    flags: frozenset[str] | None = frozenset()
    longest: int = 0

    def add(self, column: "pd.Series[Any]", decimal: cells.Decimal, most_flags: int) -> "pd.Series[str]":
        """Look at the good rows of one more block; their stripped cells."""
        values, codes, counts = cells.distinct(column)
        used = counts > 0
        self.rows += len(codes)
        self.longest = max(self.longest, int(values[used].str.len().max()) if used.any() else 0)
        self.empty += int(counts[(values == "").to_numpy(dtype=bool)].sum())
        if not self.is_text:
            self._add_values(values[used], counts[used], decimal, most_flags)
        return pd.Series(values.array.take(codes), dtype="str")

    def _add_values(
        self, values: "pd.Series[str]", counts: np.ndarray[Any, Any], decimal: cells.Decimal, most_flags: int
    ) -> None:
        plain = cells.plain_numbers(values, decimal)
        odd = np.isnan(plain)
        if odd.any():
            odd[odd] = ~cells.is_missing(values[odd])
            self.missing += int(counts[np.isnan(plain) & ~odd].sum())
        read = ~np.isnan(plain)
        there, rest = values[read], values[odd]
        self.plain = self.plain and not len(rest)
        self._add_plain(there, counts[read], plain[read], decimal)
        if len(rest):
            self.evidence += Evidence.of(rest, counts[odd])
            for mark, fine in self.readable.items():
                self.readable[mark] = fine and not np.isnan(cells.numbers(rest, mark)).any()
        if self.flags is not None:
            known = self.flags | frozenset(pd.concat([there, rest]).unique()[: most_flags + 1])
            self.flags = known if len(known) <= most_flags else None

    def _add_plain(
        self,
        values: "pd.Series[str]",
        counts: np.ndarray[Any, Any],
        plain: cells.Floats,
        decimal: cells.Decimal,
    ) -> None:
        """Plain numbers by the file's mark are certain where they have one, and no numbers by the other."""
        other: cells.Decimal = "." if decimal == "," else ","
        one_each = Evidence.of_plain(values, plain, decimal)
        marked = values.str.contains(decimal, regex=False).to_numpy(dtype=bool)
        sure = int(counts[marked].sum())
        self.evidence += replace(
            one_each, comma=sure if decimal == "," else 0, point=sure if decimal == "." else 0
        )
        if marked.any():
            self.readable[other] = False

    @property
    def is_text(self) -> bool:
        """Whether no further row can make numbers or flags of it; then `missing` and `evidence` do not matter."""
        return not self.plain and not any(self.readable.values()) and self.flags is None

    @property
    def present(self) -> int:
        """Rows that have a value; of a column that may be numbers."""
        return self.rows - self.missing
