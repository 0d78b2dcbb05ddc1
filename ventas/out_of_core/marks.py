"""Marks on the rows of a file, a bit each, and the file without the marked ones."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import parquet

from ventas.memory import give_back
from ventas.out_of_core.staging import PACKED, row_groups


class Marks:
    """Which of so many rows are marked; a row's place is its `rn`."""

    def __init__(self, rows: int):
        self._bits = np.zeros(rows // 8 + 1, dtype=np.uint8)

    def add(self, places: npt.NDArray[np.int64]) -> None:
        """Mark the rows in these places."""
        np.bitwise_or.at(self._bits, places >> 3, np.left_shift(1, places & 7).astype(np.uint8))

    def of(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of these places are marked."""
        bits = self._bits[places >> 3] >> (places & 7).astype(np.uint8)
        return np.asarray(bits & 1 == 1, dtype=bool)

    def rows(self, path: Path, *, marked: bool) -> Iterator[pa.Table]:
        """The rows of a file that are `marked`, or those that are not."""
        for table in row_groups(path):
            wanted = self.of(table["rn"].to_numpy()) == marked
            if wanted.any():
                yield table if wanted.all() else table.filter(pa.array(wanted))

    def left(self, path: Path, target: Path) -> Path:
        """Write the rows of `path` without the marked ones to `target`."""
        with parquet.ParquetWriter(target, parquet.read_schema(path), **PACKED) as writer:
            for table in self.rows(path, marked=False):
                writer.write_table(table)
                give_back()
        return target
