"""The rows of a file, judged block by block and kept on disk: good ones with their values, bad ones with reasons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from ventas.cells import Decimal
from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET, WEEKDAY
from ventas.further import MOST_FLAG_SPELLINGS
from ventas.memory import give_back
from ventas.out_of_core.blocks import Block, Blocks
from ventas.out_of_core.columns import Column, values_of
from ventas.out_of_core.evidence import FlagMarks, FurtherCells, Whole
from ventas.rows import (
    Rows,
    Sales,
    all_rejected,
    read_dates,
    read_flag,
    read_sales,
    reject_stray_dates,
    weekday_faults,
    weekday_of,
)
from ventas.stray_dates import Days

REJECTED_SCHEMA = pa.schema(
    [("line", pa.int64()), ("reason", pa.string()), ("code", pa.string()), ("row", pa.string())]
)
# What the file says of a row's weekday.
FINE, ABSENT, WRONG = 0, 1, 2
_OWN = [
    ("rn", pa.int64()),  # place among the good rows
    ("line", pa.int64()),
    ("start", pa.int64()),  # of the row's text in the file of text, in bytes
    ("length", pa.int64()),
    ("date_text", pa.string()),
    ("day", pa.int32()),  # since 1970-01-01
    ("promotion", pa.int8()),
    ("holiday", pa.int8()),
    ("sales", pa.float64()),
    ("weekday", pa.int8()),
]


# Numbers that grow from row to row cost next to nothing so, and the rest is read again soon: quick beats small.
_GROWING = ("rn", "line", "start")
PACKED: dict[str, Any] = {
    "compression": "lz4",
    "use_dictionary": [name for name, _ in _OWN if name not in (*_GROWING, "sales", "length")],
    "column_encoding": dict.fromkeys(_GROWING, "DELTA_BINARY_PACKED"),
}


@dataclass
class Staged:
    """The good rows on disk, their further columns still as text (`t0`, `t1`, …); `seen` says what these hold."""

    good: Path
    rejected: Path
    rows: int = 0
    seen: dict[str, FurtherCells] = field(default_factory=dict)


def stage(blocks: Blocks, columns: Mapping[str, str], decimal: Decimal, whole: Whole, folder: Path) -> Staged:
    """Judge all rows; `columns` are the file's names of the contract's columns."""
    stray = whole.days.stray()
    further = [name for name in blocks.header.names if name not in columns.values()]
    staged = Staged(folder / "good.parquet", folder / "rejected.parquet")
    staged.seen = {name: FurtherCells() for name in further}
    schema = pa.schema([*_OWN, *((f"t{place}", pa.string()) for place in range(len(further)))])
    with (
        parquet.ParquetWriter(staged.good, schema, **PACKED) as good,
        parquet.ParquetWriter(staged.rejected, REJECTED_SCHEMA, **PACKED) as bad,
    ):
        for block in blocks:
            rows = Rows(block.table, np.zeros(len(block.table.cells), dtype=bool))
            own = _contract(rows, columns, decimal, whole.flags, stray)
            rejected = all_rejected(rows)
            if len(rejected):
                bad.write_table(pa.Table.from_pandas(rejected, REJECTED_SCHEMA, preserve_index=False))
            if not rows.bad.all():
                good.write_table(_good(block, rows, own, columns, decimal, staged).cast(schema))
            del rows, own, rejected
            give_back()
    return staged


def _contract(
    rows: Rows,
    columns: Mapping[str, str],
    decimal: Decimal,
    flags: Mapping[str, FlagMarks],
    stray: Days,
) -> dict[str, Any]:
    """The contract's columns of all rows of a block; bad rows are marked in `rows`."""
    source = rows.table.cells
    days, places = read_dates(rows, source[columns[DATE]])
    reject_stray_dates(rows, source[columns[DATE]], days, places, stray)
    promotion = _flag(rows, columns, PROMOTION, "promotion", flags)
    holiday = _flag(rows, columns, HOLIDAY, "holiday", flags)
    sales = read_sales(rows, Sales.of(source[columns[TARGET]]), decimal)
    return {"day": days[places], "promotion": promotion, "holiday": holiday, "sales": sales}


def _flag(
    rows: Rows, columns: Mapping[str, str], name: str, code: str, flags: Mapping[str, FlagMarks]
) -> "np.ndarray[Any, Any]":
    column = rows.table.cells[columns[name]]
    return read_flag(rows, column, name, code, marked=flags[name].marked_with_x)


def _good(
    block: Block,
    rows: Rows,
    own: dict[str, Any],
    columns: Mapping[str, str],
    decimal: Decimal,
    staged: Staged,
) -> pa.Table:
    """The good rows of a block as they are kept."""
    source, good = block.table.cells, ~rows.bad
    records = block.table.records
    days = own["day"][good]
    first, staged.rows = staged.rows, staged.rows + len(days)
    kept = {
        "rn": np.arange(first, staged.rows),
        "line": records.lines[good],
        "start": records.starts[good] + block.offset,
        "length": (records.ends - records.starts)[good],
        "date_text": pa.array(source[columns[DATE]][good].astype("str"), pa.string(), from_pandas=True),
        "day": days.astype(np.int32),
        "promotion": own["promotion"][good].astype(np.int8),
        "holiday": own["holiday"][good].astype(np.int8),
        "sales": own["sales"][good],
        "weekday": _weekday(source, columns.get(WEEKDAY), good, days),
    }
    for place, (name, seen) in enumerate(staged.seen.items()):
        text = seen.add(source[name][good], decimal, MOST_FLAG_SPELLINGS)
        kept[f"t{place}"] = pa.array(text, pa.string(), from_pandas=True)
    return pa.table(kept)


def _weekday(
    source: pd.DataFrame, name: str | None, good: "np.ndarray[Any, Any]", days: "np.ndarray[Any, Any]"
) -> "np.ndarray[Any, Any]":
    """FINE, ABSENT or WRONG for each good row; the weekday of its date wins in any case."""
    if name is None:
        return np.full(len(days), ABSENT, dtype=np.int8)
    absent, wrong = weekday_faults(source[name], good, weekday_of(days))
    return np.select([absent, wrong], [ABSENT, WRONG], FINE).astype(np.int8)


def with_values(staged: Staged, columns: Sequence[Column]) -> Path:
    """The good rows with the further columns as values, by their `sql` names."""
    if not columns:
        return staged.good
    path = staged.good.with_name("clean.parquet")
    kinds = [(one.sql, pa.string() if one.reading == "text" else pa.float64()) for one in columns]
    own = [name for name, _ in _OWN]
    with parquet.ParquetWriter(path, pa.schema([*_OWN, *kinds]), **PACKED) as writer:
        for part in row_groups(staged.good):
            table = part.select(own)
            for one, (name, _) in zip(columns, kinds, strict=True):
                table = table.append_column(name, values_of(part[f"t{one.place}"], one.reading))
            writer.write_table(table)
            give_back()
    staged.good.unlink()
    return path


def row_groups(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The tables that a file was written as, one after the other."""
    with parquet.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number, columns=None if columns is None else list(columns))
