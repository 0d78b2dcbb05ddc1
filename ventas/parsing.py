"""Text whose records all have the same number of cells -> those cells, by Arrow.

Cells stay text, and a column of few values has each value once, so that later work is done once per value.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ventas.records import Bools

_PROBE_ROWS = 20_000
_BLOCK_BYTES = 1 << 20
_TEXT, _CATEGORY = pa.large_string(), pa.dictionary(pa.int32(), pa.string())
_SHORT = pa.string()  # cells of one byte, looked at once they are all there


def parse_cells(data: bytes, names: list[str], delimiter: str, longest: int) -> pd.DataFrame:
    """Cells under the columns' names, in dtypes that let later work be done once per distinct value.

    `longest` are the bytes of the longest record, at least.
    """
    if not data:
        return pd.DataFrame({name: pd.Series([], dtype="category") for name in names})
    places = [str(place) for place in range(len(names))]
    block = max(_BLOCK_BYTES, 2 * longest)
    quoted = b'"' in data

    def parse(text: "bytes | memoryview[int]", kinds: dict[str, Any]) -> pa.Table:
        return csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(column_names=places, block_size=block),
            csv.ParseOptions(delimiter=delimiter, newlines_in_values=quoted, ignore_empty_lines=False),
            csv.ConvertOptions(column_types=kinds, null_values=[], check_utf8=False),
        )

    probe = parse(_head(data, block, quoted), dict.fromkeys(places, _TEXT)).slice(0, _PROBE_ROWS)
    cells = parse(data, {place: _kind(probe[place]) for place in places})
    return pd.concat([_as_series(column) for column in cells.columns], axis=1, keys=names)


def _head(data: bytes, size: int, quoted: bool) -> "bytes | memoryview[int]":
    """Whole lines from the beginning of the text, at least `size` bytes; all where a line end may end no record."""
    end = data.find(b"\n", size)
    return data if quoted or end < 0 else memoryview(data)[: end + 1]


def _kind(probe: pa.ChunkedArray) -> pa.DataType:
    """How to parse a column, from its first rows: text of many values gains nothing by being held once per value."""
    if len(probe) < _PROBE_ROWS:
        return _CATEGORY
    if _is_of_one_byte(probe):
        return _SHORT
    return _TEXT if pc.count_distinct(probe).as_py() > _PROBE_ROWS // 4 else _CATEGORY


def _is_of_one_byte(column: pa.ChunkedArray) -> bool:
    return bool(pc.min_max(pc.binary_length(column)).as_py() == {"min": 1, "max": 1})


def _as_series(column: pa.ChunkedArray) -> "pd.Series[Any]":
    if column.type == _TEXT:
        return pd.Series(pd.array(column, dtype="str"))
    if column.type == _SHORT:
        if _is_of_one_byte(column):
            return _flags(column)
        column = column.dictionary_encode()
    found = column.unify_dictionaries().combine_chunks()
    return _categories(found.indices.to_numpy(), found.dictionary.to_pandas())


def _flags(column: pa.ChunkedArray) -> "pd.Series[Any]":
    """A column of cells of one byte each, as 0 and 1 are: the bytes are the values, and need no hashing."""
    cells = b"".join(part.buffers()[2][part.offset : part.offset + len(part)] for part in column.chunks)
    values, rest = b"", cells
    while rest:  # the values as they appear, each with one pass through what is left
        values += rest[:1]
        rest = rest.translate(None, values[-1:])
    places = bytes(max(values.find(byte), 0) for byte in range(256))
    return _categories(np.frombuffer(cells.translate(places), np.int8), list(values.decode()))


def _categories(codes: npt.NDArray[Any], values: Any) -> "pd.Series[Any]":
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(values, dtype="str"), validate=False))


def filled_rows(cells: pd.DataFrame) -> Bools:
    """Rows that hold anything but blanks."""
    filled = np.zeros(len(cells), dtype=bool)
    for name in cells.columns:
        if filled.all():
            break
        column = cells[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            has_text = np.asarray(column.cat.categories.astype(str).str.strip() != "", dtype=bool)
            filled |= has_text[column.cat.codes.to_numpy()]
        else:
            filled |= np.asarray(column.str.strip() != "", dtype=bool)
    return filled
