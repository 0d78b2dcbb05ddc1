"""A sales file -> a table of text cells with the physical line of each row.

pandas parses only records that have as many cells as the header (`records` counts them first), so that every row
that it would drop or bend silently is kept back with its line number.
"""

import io
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ventas.contract import normalised, refused, shown
from ventas.dialect import Text, choose_delimiter, read_text, split_header
from ventas.records import Bools, Ints, Records, cells_per_record, check_quotes, find_quotes, find_records
from ventas.settings import Settings

_MAX_HEADER_BYTES = 65_536
_PROBE_ROWS = 20_000
_FILLED = re.compile(rb"[^ \t,;\n]")
_SEP_LINE = re.compile(r"sep=([,;\t])", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """What a file holds, as text.

    cells: one column per header cell under the file's own name; category or str dtype, "" where empty, or
    int64 where a long file has nothing else in that column.
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
    records = find_records(text.data, quotes, settings.MAX_ROWS)
    header_at, delimiter = _find_header(records)
    check_quotes(text.data, quotes, delimiter)
    names, unnamed = _column_names(_header_text(records, header_at), delimiter, settings.MAX_COLUMNS)
    counts = cells_per_record(records, quotes, delimiter)[header_at + 1 :]
    body = records.take(np.arange(header_at + 1, len(records.starts)))
    return _table(text, body, counts, names, unnamed, delimiter)


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
    filled = _FILLED.search(rest)
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


def _table(
    text: Text, body: Records, counts: Ints, names: list[str], unnamed: tuple[str, ...], delimiter: str
) -> Table:
    """Parse the records that have as many cells as the header; the others stay aside."""
    extra = np.maximum(counts - len(names), 0)
    cut = np.where(_ends_in_empty_cells(body, extra, delimiter), extra, 0)
    blank = body.ends - body.starts == counts - 1
    whole = ~blank & (counts - cut == len(names))
    cells = _parsed(_only(body, whole, cut), names, delimiter)
    filled = _filled(cells)
    odd = np.flatnonzero(~blank & ~whole)
    raw = body.take(odd).raw(np.arange(len(odd)))
    odd = odd[np.array([bool(_FILLED.search(row.encode())) for row in raw], dtype=bool)]
    if not filled.any() and not len(odd):
        raise refused("The file has a header but no rows. Add one row per day below the header.", "no_rows")
    return Table(
        cells=cells if filled.all() else cells[filled].reset_index(drop=True),
        records=body.take(np.flatnonzero(whole)[filled]),
        ragged=body.take(odd),
        ragged_counts=counts[odd],
        unnamed=unnamed,
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
    if not len(body.starts):
        return b""
    first, last = int(body.starts[0]), len(body.data)
    if whole.all() and not cut.any():
        return body.data[first:]
    line_ends = np.append(body.starts[1:], last) - body.ends
    lengths = np.stack([body.ends - body.starts - cut, cut, line_ends], axis=1).ravel()
    keep = np.stack([whole, np.zeros_like(whole), whole], axis=1).ravel()
    kept: bytes = np.frombuffer(body.data, dtype=np.uint8)[first:][np.repeat(keep, lengths)].tobytes()
    return kept


def _parsed(data: bytes, names: list[str], delimiter: str) -> pd.DataFrame:
    """Cells under the columns' names, in dtypes that let later work be done once per distinct value."""
    if not data:
        return pd.DataFrame({name: pd.Series([], dtype="category") for name in names})

    def parse(dtypes: dict[int, str], rows: int | None) -> pd.DataFrame:
        return pd.read_csv(
            io.BytesIO(data),
            sep=delimiter,
            header=None,
            names=list(range(len(names))),
            index_col=False,
            dtype=dtypes,  # type: ignore[arg-type]
            na_filter=False,
            skip_blank_lines=False,
            lineterminator="\n",
            low_memory=False,
            nrows=rows,
        )

    probe = parse(dict.fromkeys(range(len(names)), "str"), _PROBE_ROWS)
    kinds = {place: _kind(probe[place]) for place in range(len(names))}
    try:
        cells = parse({place: "int64" if kind == "int64" else "str" for place, kind in kinds.items()}, None)
    except (ValueError, OverflowError):  # further down a column of integers holds something else
        cells = parse(dict.fromkeys(kinds, "str"), None)
    # Not read_csv's own dtype "category": it turns categories that look numeric into numbers (1.234 is 1234 here).
    columns = [
        _categorical(cells[place]) if kind == "category" else cells[place] for place, kind in kinds.items()
    ]
    return pd.concat(columns, axis=1, keys=names)


def _kind(probe: "pd.Series[Any]") -> str:
    """How to hold a column, from its first rows: integers and text of many values gain nothing as categories."""
    if len(probe) < _PROBE_ROWS:
        return "category"
    if probe.str.fullmatch("[0-9]{1,18}").all():
        return "int64"
    return "str" if probe.nunique() > _PROBE_ROWS // 4 else "category"


def _categorical(column: "pd.Series[Any]") -> "pd.Series[Any]":
    codes, values = pd.factorize(column)
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(values, dtype="str")))


def _filled(cells: pd.DataFrame) -> Bools:
    """Rows that hold anything but blanks."""
    filled = np.zeros(len(cells), dtype=bool)
    for name in cells.columns:
        if filled.all():
            break
        column = cells[name]
        if pd.api.types.is_integer_dtype(column.dtype):
            return np.ones(len(cells), dtype=bool)
        if isinstance(column.dtype, pd.CategoricalDtype):
            has_text = np.asarray(column.cat.categories.astype(str).str.strip() != "", dtype=bool)
            filled |= has_text[column.cat.codes.to_numpy()]
        else:
            filled |= np.asarray(column.str.strip() != "", dtype=bool)
    return filled
