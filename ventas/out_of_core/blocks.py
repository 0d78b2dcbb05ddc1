"""A text on disk -> tables of whole records, one block after the other; lines are counted as in the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ventas.contract import refused
from ventas.dialect import Text
from ventas.memory import give_back
from ventas.reader import FILLED, Header, Table, find_header, table_of
from ventas.records import cells_per_record, check_quotes, find_quotes, find_records
from ventas.settings import Settings

BLOCK_BYTES = 8 << 20
_LONGEST_RECORD = 64 << 20
_SEP_LINE_ALONE = re.compile(rb"[ \t,;\n]*sep=[,;\t][ \t,;\n]*", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """Some records of a file as a table; `offset` is where the text that its records count in begins."""

    table: Table
    offset: int


@dataclass(frozen=True)
class Blocks:
    """A text at `path` as blocks, which can be gone through any number of times."""

    path: Path
    text: Text
    header: Header

    @classmethod
    def of(cls, path: Path, text: Text, settings: Settings) -> "Blocks":
        """Reads the header. Raises RejectedUpload as `find_header` does, and `quotes`."""
        beginning = _beginning(path)
        data, line = beginning.data, beginning.line
        quotes = find_quotes(data)
        records = find_records(data, quotes, line)
        header = find_header(
            records, settings.MAX_COLUMNS, lambda mark: check_quotes(data, quotes, mark, line)
        )
        return cls(path, text, replace(header, at=header.at + beginning.passed))

    def __iter__(self) -> Iterator[Block]:
        """Raises RejectedUpload (`quotes`, `too_large`)."""
        with self.path.open("rb") as file:
            above = self.header.at + 1  # records that are none of the body
            for piece in _pieces(file, self.header.delimiter):
                quotes = find_quotes(piece.data)
                check_quotes(piece.data, quotes, self.header.delimiter, piece.line)
                records = find_records(piece.data, quotes, piece.line)
                counts = cells_per_record(records, quotes, self.header.delimiter)
                first, above = above, max(above - len(counts), 0)
                if first < len(counts):
                    body = records.take(slice(first, None))
                    yield Block(table_of(self.text, body, counts[first:], self.header), piece.offset)
                give_back()


@dataclass(frozen=True)
class _Beginning:
    """The text up to the end of the piece that the header is in, without `passed` empty records; its first line."""

    data: bytes
    line: int
    passed: int


def _beginning(path: Path) -> _Beginning:
    """Passes over pieces of empty lines; Excel's `sep=;` line may stand before them, with the header after them."""
    kept, passed, line = b"", 0, 1
    with path.open("rb") as file:
        for piece in _pieces(file, None):
            if not FILLED.search(piece.data):
                passed += piece.data.count(b"\n")
                continue
            line = piece.line - kept.count(b"\n")
            kept += piece.data
            if not _SEP_LINE_ALONE.fullmatch(kept):
                return _Beginning(kept, line, passed)
    if kept:
        return _Beginning(kept, line, passed)
    return _Beginning(b"\n", 1, passed)


@dataclass(frozen=True)
class _Piece:
    """Whole records as text: where they begin, as offset in bytes and as line."""

    data: bytes
    offset: int
    line: int


def _pieces(file: BinaryIO, delimiter: str | None) -> Iterator[_Piece]:
    """The text cut at ends of records. `delimiter`, once known, lets a cell that never ends be found early."""
    offset, line, rest = 0, 1, b""
    while True:
        chunk = file.read(BLOCK_BYTES)
        data = rest + chunk
        end = _end_of_records(data) if chunk else len(data)
        if not data:
            return
        if end:
            yield _Piece(data[:end], offset, line)
            line += data.count(b"\n", 0, end)
        elif len(data) > _LONGEST_RECORD:
            _refuse_endless(data, line, delimiter)
        offset, rest = offset + end, data[end:]
        if not chunk:
            return


def _end_of_records(data: bytes) -> int:
    """Where the last whole record ends, 0 where none does; a line end between quotation marks ends none."""
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    bytes_of = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(bytes_of == ord("\n"))
    outside = ends[np.searchsorted(find_quotes(data), ends) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0


def _refuse_endless(data: bytes, line: int, delimiter: str | None) -> None:
    """Raises RejectedUpload: `quotes` with the line where a mark is out of place, else `too_large`."""
    if delimiter is not None:
        check_quotes(data, find_quotes(data), delimiter, line)
    raise refused(
        f"The row in line {line} is longer than {_LONGEST_RECORD:,} bytes. Write one row per line.",
        "too_large",
        line=line,
    )
