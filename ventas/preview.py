"""What the first bytes of a file tell before it is uploaded: how it is written, columns, first rows, faults.

The head is read by the very readers of the pipeline, as a file of its own that ends after its last whole row. So a
fault of a row or of the header is one of the file too, while too few rows, or none, may be the head's alone.
"""

import codecs
import gzip
import tempfile
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from ventas.contract import CONTRACT_COLUMNS, Kind, contract_column
from ventas.errors import RejectedUpload
from ventas.forecast_file import read_forecast_file
from ventas.ingest import ingest
from ventas.lost_knowledge import SeriesSales, series_sales
from ventas.quality import Report
from ventas.reader import Table, read_table
from ventas.settings import Settings

HEAD_BYTES = 65_536
FIRST_ROWS = 10
LONGEST_CELL = 200  # characters that a preview shows
LONGEST_OPEN_CELL = 16_384  # characters that a cell with line ends may have at the end of the head

_GZIP = b"\x1f\x8b"
_UNITS = {codecs.BOM_UTF16_LE: "<u2", codecs.BOM_UTF16_BE: ">u2"}  # else a byte
# What a file as a whole can be rejected for, though its head tells too little.
_OF_THE_WHOLE = frozenset(("too_few_rows", "no_rows", "empty_file"))
_OF_MANY_ROWS = frozenset(("too_many_rejected", "no_good_rows"))
# What a head tells for certain even where it holds not one whole row.
_CERTAIN = frozenset(("binary", "bad_gzip"))


class Verdict(StrEnum):
    """What will become of the file: taken, perhaps rejected, rejected; or too little can be seen."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Preview:
    """What could be told.

    verdict: what will become of the file. complete: whether the head is the whole file. columns: name and role of
    each, role None where it cannot be told yet. rows: the first ones, as text. report: the quality report of the
    head, with `rejection` where a file of these rows alone would be rejected. series: sales of each, where the head
    is the whole file and has series.
    """

    verdict: Verdict
    complete: bool
    columns: list[dict[str, str | None]]
    rows: list[list[str]]
    report: Report
    series: SeriesSales | None = None


def preview(head: bytes, size: int, kind: Kind, settings: Settings) -> Preview:
    """Look at the first bytes `head` (HEAD_BYTES at most) of a file of `size` bytes. Never raises for its content."""
    part = _whole_rows(head, complete=size <= len(head))
    with tempfile.NamedTemporaryFile(prefix="ventas-preview-", suffix=".csv") as file:
        file.write(part.data)
        file.flush()
        report, series = _report(Path(file.name), kind, settings)
        table = _table(Path(file.name), settings)
    verdict = _verdict(report, part, size, settings)
    if verdict is Verdict.UNKNOWN:
        report = {name: value for name, value in report.items() if name != "rejection"}
    series = series if part.complete else None
    return Preview(verdict, part.complete, _columns(table, report), _rows(table), report, series)


@dataclass(frozen=True)
class _Part:
    """The bytes that are read: all of the file, or its whole rows as far as they are here, which may be none."""

    data: bytes
    complete: bool
    whole_rows: bool


def _whole_rows(head: bytes, complete: bool) -> _Part:
    """The head without the row that it cuts; of a gzip file as much as HEAD_BYTES of text."""
    if not head.startswith(_GZIP):
        return _cut(head, complete)
    expander = zlib.decompressobj(wbits=31)
    try:
        text = expander.decompress(head, HEAD_BYTES)
    except zlib.error:
        return _Part(head, complete, whole_rows=False)
    if complete and not expander.unconsumed_tail and not expander.unused_data:
        return _Part(head, complete, whole_rows=True)  # truncated or whole: the reader tells
    part = _cut(text, complete=False)
    return _Part(gzip.compress(part.data, compresslevel=1), False, part.whole_rows)


def _cut(text: bytes, complete: bool) -> _Part:
    if complete:
        return _Part(text, True, whole_rows=True)
    end = _end_of_rows(text)
    return _Part(text[:end] if end else text, False, whole_rows=bool(end))


def _end_of_rows(text: bytes) -> int:
    """Where the last whole row ends; 0 where there is none. A line end between quotation marks ends no row."""
    unit = np.dtype(_UNITS.get(text[:2], "u1"))
    units = np.frombuffer(text, dtype=unit, count=len(text) // unit.itemsize)
    quotes = np.flatnonzero(units == ord('"'))
    ends = np.flatnonzero(units == ord("\n"))
    if not len(ends):  # as old spreadsheets on a Mac write
        ends = np.flatnonzero(units == ord("\r"))
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    if len(ends) and len(units) - (outside[-1] if len(outside) else 0) > LONGEST_OPEN_CELL:
        outside = (
            ends  # no cell is that long: a quotation mark is out of place, and the reader names its line
        )
    return (int(outside[-1]) + 1) * unit.itemsize if len(outside) else 0


def _report(path: Path, kind: Kind, settings: Settings) -> tuple[Report, SeriesSales | None]:
    """The quality report of the head, as the pipeline's own reader makes it, and the sales of its series."""
    try:
        if kind is Kind.FORECAST:
            return read_forecast_file(path, settings).report, None
        cleaned = ingest(path, settings)
        series = series_sales(cleaned.frame, cleaned.roles) if cleaned.roles.series else None
        return cleaned.report, series
    except RejectedUpload as error:
        return dict(error.report), None


def _table(path: Path, settings: Settings) -> Table | None:
    try:
        return read_table(path, settings)
    except RejectedUpload:
        return None


def _verdict(report: Report, part: _Part, size: int, settings: Settings) -> Verdict:
    if size > settings.MAX_UPLOAD_BYTES:
        report["rejection"] = {
            "code": "too_large",
            "message": f"The file has {size:,} bytes, and at most {settings.MAX_UPLOAD_BYTES:,} are read.",
            "details": {"max_bytes": settings.MAX_UPLOAD_BYTES},
        }
        return Verdict.BAD
    code = (report.get("rejection") or {}).get("code")
    if not part.whole_rows and code not in _CERTAIN:
        return Verdict.UNKNOWN
    if code is None or (code in _OF_THE_WHOLE and not part.complete):
        return _without_rejection(report, code)
    return Verdict.DOUBTFUL if code in _OF_MANY_ROWS and not part.complete else Verdict.BAD


def _without_rejection(report: Report, code: str | None) -> Verdict:
    """Of a head that is good as far as it goes."""
    if code is None:
        return Verdict.GOOD
    report.pop("rejection")
    return Verdict.GOOD if report["rows_kept"] else Verdict.UNKNOWN


def _columns(table: Table | None, report: Report) -> list[dict[str, str | None]]:
    """The columns in the file's order, with the roles that the report tells, else those that their names do."""
    if table is None:
        return []
    told: dict[str, Any] = {column["name"]: column["role"] for column in report["columns"]}
    known = dict(zip(CONTRACT_COLUMNS, ("date", "weekday", "promotion", "holiday", "target"), strict=True))
    columns = []
    for name in map(str, table.cells.columns):
        contract = contract_column(name)
        role = told.get(contract or name) or (known[contract] if contract else None)
        columns.append({"name": name[:LONGEST_CELL], "role": role})
    return columns


def _rows(table: Table | None) -> list[list[str]]:
    if table is None:
        return []
    first = table.cells.head(FIRST_ROWS).astype("str")
    return [[cell[:LONGEST_CELL] for cell in row] for row in first.to_numpy().tolist()]
