"""What cleaning on disk gives: the rows to train on in memory, the others piece by piece."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from ventas.contract import DATE, DATE_DTYPE, HOLIDAY, PROMOTION, TARGET, WEEKDAY
from ventas.out_of_core.columns import Column
from ventas.out_of_core.staging import REJECTED_SCHEMA, row_groups
from ventas.quality import MOST_BAD_ROWS, Report, rejected_csv_bytes
from ventas.roles import Roles
from ventas.rows import weekday_of
from ventas.split import csv_parts

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class OnDisk:
    """`ventas.cleaned.Cleaned` with the older rows on disk, and the bad rows, which are in file `rejected`."""

    frame: pd.DataFrame
    report: Report
    rejected: Path
    rows: "KeptRows"

    @property
    def roles(self) -> Roles:
        return Roles.of_report(self.report)

    def rejected_parts(self) -> Iterator[bytes]:
        tables = row_groups(self.rejected)
        parts = (rejected_csv_bytes(table.to_pandas()) for table in tables)
        yield next(parts, rejected_csv_bytes(REJECTED_SCHEMA.empty_table().to_pandas()))
        yield from (_without_header(part) for part in parts)

    def bad_rows(self) -> bytes | None:
        if not self.report["rows_rejected"]:
            return None
        return first_rejected(self.rejected)

    def older_parts(self) -> "Iterator[bytes | memoryview[int]]":
        if not self.report["rows_older"]:
            return
        for number, frame in enumerate(self.rows.frames(older=True)):
            parts = csv_parts(frame)
            if number:
                next(parts)  # the header stands already
            yield from parts


def first_rejected(path: Path) -> bytes:
    """The first MOST_BAD_ROWS bad rows as CSV."""
    found = [REJECTED_SCHEMA.empty_table().to_pandas()]
    for table in row_groups(path):
        found.append(table.to_pandas())
        if sum(map(len, found)) >= MOST_BAD_ROWS:
            break
    return rejected_csv_bytes(pd.concat(found, ignore_index=True).head(MOST_BAD_ROWS))


def _without_header(part: bytes) -> bytes:
    return part[part.index(b"\n") + 1 :]


@dataclass(frozen=True)
class KeptRows:
    """The good rows, in file `path`, that no later one repeats; from day `begins` on they are trained on."""

    path: Path
    further: Sequence[Column]
    begins: int

    def frames(self, *, older: bool) -> Iterator[pd.DataFrame]:
        """The rows before `begins`, or those from it on, in the file's order, as `ventas.ingest` has them."""
        kept = self._used()
        names = ["day", "promotion", "holiday", "sales", *(column.sql for column in kept)]
        for table in row_groups(self.path, names):
            wanted = (table["day"].to_numpy() < self.begins) == older
            if wanted.any():
                yield _frame(table if wanted.all() else table.filter(pa.array(wanted)), kept)

    def newest(self) -> pd.DataFrame:
        """The rows to train on."""
        parts = list(self.frames(older=False))
        if not parts:
            return _frame(parquet.read_schema(self.path).empty_table(), self._used())
        return pd.concat(parts, ignore_index=True)

    def _used(self) -> list[Column]:
        return [column for column in self.further if column.role != "left_out"]


def _frame(table: pa.Table, further: Sequence[Column]) -> pd.DataFrame:
    days = table["day"].to_numpy().astype("datetime64[D]")
    columns: dict[str, Any] = {
        DATE: days.astype(DATE_DTYPE),
        WEEKDAY: weekday_of(days),
        PROMOTION: table["promotion"].to_numpy().astype(np.int64),
        HOLIDAY: table["holiday"].to_numpy().astype(np.int64),
        TARGET: table["sales"].to_numpy(),
    }
    for one in further:
        values = table[one.sql]
        columns[one.name] = (
            pd.Series(pd.array(values, dtype="str")) if one.reading == "text" else values.to_numpy()
        )
    return pd.DataFrame(columns)
