"""The further columns of a file that is cleaned on disk: what each is, and its cells as values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ventas import cells
from ventas.cells import Decimal
from ventas.contract import normalised, shown
from ventas.further import Further, Role, are_flags, own_mark, role_of_text
from ventas.out_of_core.evidence import FurtherCells
from ventas.remarks import Remark, remark

Reading = Literal[",", ".", "flags", "text"]


@dataclass(frozen=True)
class Column:
    """One further column. `place` is its number in the file's own order, `reading` how its cells become values."""

    name: str
    place: int
    role: Role
    reading: Reading
    missing: int
    remark: Remark | None = None

    @property
    def sql(self) -> str:
        """Its name in the files on disk and in queries."""
        return f"c{self.place}"

    def as_further(self) -> Further:
        """Without its values."""
        return Further(self.name, self.role, pd.Series([], dtype="object"), self.missing, self.remark)

    def left_out(self, code: str) -> "Column":
        """The same column, kept from the models."""
        return replace(self, role="left_out", remark=remark(code, column=shown(self.name)))


def decided(
    seen: dict[str, FurtherCells],
    decimal: Decimal,
    kinds: Callable[[int], int],
    unnamed: Sequence[str],
    left_out: Sequence[str],
) -> list[Column]:
    """What each column is, as `read_further` says; `kinds(place)` counts the distinct texts of a column."""
    excluded = {normalised(name) for name in left_out}
    found = []
    for place, (name, column) in enumerate(seen.items()):
        one = _decided(name, place, column, decimal, kinds)
        if name in unnamed and one.role != "left_out":
            one = one.left_out("left_out_unnamed")
        found.append(one.left_out("left_out_by_setting") if normalised(name) in excluded else one)
    return found


def _decided(
    name: str, place: int, seen: FurtherCells, decimal: Decimal, kinds: Callable[[int], int]
) -> Column:
    if seen.empty == seen.rows:
        return Column(name, place, "left_out", "text", seen.empty).left_out("left_out_empty")
    own = own_mark(seen.evidence.verdict(), decimal)
    if seen.present and seen.plain:
        return Column(name, place, "numeric", decimal, seen.missing)
    if seen.present and seen.readable[own]:
        return Column(name, place, "numeric", own, seen.missing)
    if seen.flags is not None and are_flags(seen.flags):
        return Column(name, place, "numeric", "flags", seen.missing)
    role, said = role_of_text(name, seen.longest, kinds(place), seen.rows - seen.empty)
    return Column(name, place, role, "text", seen.empty, said)


def values_of(texts: pa.ChunkedArray, reading: Reading) -> "pa.ChunkedArray | pa.Array":
    """Stripped cells as float64 or as texts; null where missing."""
    if reading == "text":
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    cells_read = texts.to_pandas().astype("str")
    there = ~cells.is_missing(cells_read)
    read = np.full(len(cells_read), np.nan)
    some = cells_read[there]
    read[there] = cells.flags(some) if reading == "flags" else cells.numbers(some, reading)
    return pa.array(read, pa.float64(), from_pandas=True)
