"""A sales file -> a table of text cells with the physical line of each row.

Arrow parses only records that have as many cells as the header (`records` counts them first), so that every row
that it would refuse or bend silently is kept back with its line number.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ventas.contract import normalised, refused, shown
from ventas.dialect import Text, choose_delimiter, read_text, split_header
from ventas.errors import RejectedUpload
from ventas.memory import give_back
from ventas.parsing import filled_rows, parse_cells
from ventas.records import (
    Bools,
    Ints,
    Records,
    cells_per_record,
    check_lines,
    check_quotes,
    count_newlines,
    find_quotes,
    find_records,
)
from ventas.settings import Settings

_MAX_HEADER_BYTES = 65_536
FILLED = re.compile(rb"[^ \t,;\n]")
_SEP_LINE = re.compile(r"sep=([,;\t])", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """What a file holds, as text.

    cells: one column per header cell under the file's own name; category or str dtype, "" where empty.
    records: the record of each row of `cells`. ragged: records with too few or too many cells (`ragged_counts`).
    unnamed: columns of `cells` whose header cell is empty. blank_lines: empty rows that were passed over.
    """

    cells: pd.DataFrame
    records: Records
    ragged: Records
    ragged_counts: Ints
    unnamed: tuple[str, ...]
    blank_lines: int
    encoding: str
    delimiter: str
    gzip: bool

    def as_report(self) -> dict[str, Any]:
        """The quality report's part about the reading; which decimal mark the file has is found later."""
        read = {"encoding": self.encoding, "delimiter": self.delimiter, "decimal": None, "gzip": self.gzip}
        return {"dialect": read, "rows_in": len(self.cells) + len(self.ragged.lines)}


def read_table(path: Path, settings: Settings) -> Table:
    """Read a sales file in any accepted dialect; the header is the first line that is not empty.

    Raises RejectedUpload (`too_large`, `bad_gzip`, `binary`, `encoding`, `empty_file`, `header`, `quotes`,
    `too_many_columns`, `duplicate_column`, `no_rows`).
    """
    text = read_text(path, settings.MAX_UPLOAD_BYTES, settings.MAX_EXPANSION)
    quotes = find_quotes(text.data)
    check_lines(count_newlines(text.data), settings.MAX_ROWS)
    records = find_records(text.data, quotes)
    header = find_header(records, settings.MAX_COLUMNS, lambda mark: check_quotes(text.data, quotes, mark))
    counts = cells_per_record(records, quotes, header.delimiter)[header.at + 1 :]
    body = records.take(slice(header.at + 1, None))
    table = table_of(text, body, counts, header)
    if not len(table.cells) and not len(table.ragged.lines):
        raise no_rows()
    del records, body, counts
    give_back()
    return table


@dataclass(frozen=True)
class Header:
    """The header: the place `at` of its record, the delimiter, and the columns as `Table` has them."""

    at: int
    delimiter: str
    names: list[str]
    unnamed: tuple[str, ...]


def find_header(records: Records, max_columns: int, check: Callable[[str], None]) -> Header:
    """The header among the first records of a file; `check(delimiter)` may refuse the text before its names are read.

    Raises RejectedUpload (`empty_file`, `header`, `too_many_columns`, `duplicate_column`).
    """
    at, delimiter = _find_header(records)
    check(delimiter)
    names, unnamed = _column_names(_header_text(records, at), delimiter, max_columns)
    return Header(at, delimiter, names, unnamed)


def no_rows() -> RejectedUpload:
    """That nothing stands below the header."""
    return refused("The file has a header but no rows. Add one row per day below the header.", "no_rows")


def _header_text(records: Records, at: int) -> str:
    start, end = int(records.starts[at]), int(records.ends[at])
    if end - start > _MAX_HEADER_BYTES:
        raise refused(
            f"The header in line {records.lines[at]} is longer than {_MAX_HEADER_BYTES:,} bytes. "
            "The first line must hold the column names only.",
            "header",
        )
    return records.data[start:end].decode()


def _find_header(records: Records) -> tuple[int, str]:
    """Index of the header's record, and the delimiter; Excel's `sep=;` line is obeyed and passed over."""
    at = _next_filled(records, 0)
    if match := _SEP_LINE.fullmatch(_header_text(records, at).strip(" ")):
        return _next_filled(records, at + 1), match[1]
    return at, choose_delimiter(_header_text(records, at))


def _next_filled(records: Records, at: int) -> int:
    """Index of the first record from `at` on that holds more than delimiters and blanks."""
    rest = memoryview(records.data)[int(records.starts[at]) :] if at < len(records.starts) else b""
    filled = FILLED.search(rest)
    if filled is None:
        raise refused("The file has no header line. The first line must hold the column names.", "empty_file")
    offset = int(records.starts[at]) + filled.start()
    return int(np.searchsorted(records.starts, offset, side="right")) - 1


def _column_names(header: str, delimiter: str, max_columns: int) -> tuple[list[str], tuple[str, ...]]:
    """The columns' names, stripped; those without one are called `(column 3)` and listed apart."""
    cells = [
        unicodedata.normalize("NFC", cell).strip("\ufeff \t\n\xa0")
        for cell in split_header(header, delimiter)
    ]
    if len(cells) > max_columns:
        raise refused(
            f"The file has {len(cells)} columns; at most {max_columns} are read. Remove those that are not needed.",
            "too_many_columns",
            columns=len(cells),
            max_columns=max_columns,
        )
    names = [cell or f"(column {place})" for place, cell in enumerate(cells, start=1)]
    _refuse_duplicates(names)
    return names, tuple(name for name, cell in zip(names, cells, strict=True) if not cell)


def _refuse_duplicates(names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        key = normalised(name) or name
        if key in seen:
            raise refused(
                f"Two columns have the same name: {shown(seen[key])} and {shown(name)}. Rename or remove one.",
                "duplicate_column",
                columns=[shown(seen[key]), shown(name)],
            )
        seen[key] = name


def table_of(text: Text, body: Records, counts: Ints, header: Header) -> Table:
    """Parse the records that have as many cells as the header; the others stay aside. There may be none at all."""
    names, delimiter = header.names, header.delimiter
    extra = np.maximum(counts - len(names), 0)
    cut = np.where(_ends_in_empty_cells(body, extra, delimiter), extra, 0)
    blank = body.ends - body.starts == counts - 1
    whole = ~blank & (counts - cut == len(names))
    longest = int((body.ends - body.starts).max(initial=0))
    give_back()
    cells = parse_cells(_only(body, whole, cut), names, delimiter, longest)
    filled = filled_rows(cells)
    odd = np.flatnonzero(~blank & ~whole)
    raw = body.take(odd).raw()
    odd = odd[np.array([bool(FILLED.search(row.encode())) for row in raw], dtype=bool)]
    return Table(
        cells=cells if filled.all() else cells[filled].reset_index(drop=True),
        records=body.take(np.flatnonzero(whole)[filled]),
        ragged=body.take(odd),
        ragged_counts=counts[odd],
        unnamed=header.unnamed,
        blank_lines=len(body.starts) - int(filled.sum()) - len(odd),
        encoding=text.encoding,
        delimiter=delimiter,
        gzip=text.gzip,
    )


def _ends_in_empty_cells(body: Records, extra: Ints, delimiter: str) -> Bools:
    """Whether the last `extra` cells of a record are empty, as where every row ends in a delimiter."""
    surplus = np.zeros(len(extra), dtype=bool)
    for row in np.flatnonzero(extra):
        surplus[row] = body.data.endswith(
            delimiter.encode() * int(extra[row]), int(body.starts[row]), int(body.ends[row])
        )
    return surplus


def _only(body: Records, whole: Bools, cut: Ints) -> bytes:
    """The text of the `whole` records, each shortened by `cut` bytes."""
    if not whole.any():
        return b""
    bounds = np.append(body.starts, len(body.data))
    if not cut.any():
        edges = np.flatnonzero(np.diff(whole, prepend=False, append=False))
        runs = zip(bounds[edges[::2]].tolist(), bounds[edges[1::2]].tolist(), strict=True)
        text = memoryview(body.data)
        return b"".join([text[start:stop] for start, stop in runs])
    lengths = np.stack([body.ends - body.starts - cut, cut, bounds[1:] - body.ends], axis=1).ravel()
    keep = np.stack([whole, np.zeros_like(whole), whole], axis=1).ravel()
    kept: bytes = np.frombuffer(body.data, dtype=np.uint8)[bounds[0] :][np.repeat(keep, lengths)].tobytes()
    return kept
