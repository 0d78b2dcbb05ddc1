"""`ventas.ingest` for files larger than memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import merge
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from ventas.cells import Decimal
from ventas.cleaned import HEADER, blank_remark, chosen_decimal, older_remark, too_little, training_begins
from ventas.contract import REQUIRED_COLUMNS, WEEKDAY, contract_columns, shown
from ventas.errors import RejectedUpload
from ventas.meanings import meanings
from ventas.out_of_core.answer import KeptRows, OnDisk, first_rejected
from ventas.out_of_core.blocks import Blocks
from ventas.out_of_core.columns import Column, decided
from ventas.out_of_core.database import Database
from ventas.out_of_core.evidence import Whole, other_evidence
from ventas.out_of_core.keys import Keys
from ventas.out_of_core.marks import Marks
from ventas.out_of_core.staging import PACKED, REJECTED_SCHEMA, Staged, row_groups, stage, with_values
from ventas.out_of_core.text import write_text
from ventas.out_of_core.whole import facts, key_remarks, late_remarks, rejected_facts, weekdays_told
from ventas.quality import Report
from ventas.reader import no_rows
from ventas.records import MOST_RAW_BYTES, raw_text
from ventas.rejections import ROW_RULES
from ventas.remarks import Remark, remarks_report
from ventas.settings import Settings

_FOLDER = "out-of-core"
_WRITTEN_ROWS = 50_000


@dataclass(frozen=True)
class _Work:
    """What is known of the file once its cells have been read."""

    database: Database
    staged: Staged
    folder: Path
    columns: Mapping[str, str]  # the file's names of the contract's columns
    unnamed: Sequence[str]  # columns without a name
    further: Sequence[Column]
    remarks: list[Remark]
    report: Report


def clean_on_disk(path: Path, settings: Settings, today: date, report: Report) -> OnDisk:
    """`ingest` in bounded memory; `report` is filled as far as it goes. Scratch files lie beside `path`."""
    scratch = path.with_name(_FOLDER)
    scratch.mkdir(exist_ok=True)
    folder = Path(mkdtemp(dir=scratch))  # what was cleaned here before may still be in use
    text = write_text(path, folder / "text", settings)
    blocks = Blocks.of(folder / "text", text, settings)
    columns, whole = _looked_through(blocks, report)
    decimal, remarks = _decimal(blocks, columns, whole)
    report["dialect"]["decimal"] = decimal
    remarks += whole.remarks()
    staged = stage(blocks, columns, decimal, whole, folder)
    with Database(folder) as database:
        database.open("rows", staged.good)
        further = _further(database, staged, blocks, decimal, settings)
        unnamed = blocks.header.unnamed
        work = _Work(database, staged, folder, columns, unnamed, further, remarks, report)
        rejected, rows = _told(work, whole, today, settings)
    return _answer(rows, rejected, remarks, report, settings)


def _looked_through(blocks: Blocks, report: Report) -> tuple[dict[str, str], Whole]:
    """The file's names of the contract's columns, and what one look at all of it tells.

    A fault of the file comes before one of its header, as with files that are read at once.
    """
    columns, fault, whole = {}, None, Whole()
    try:
        columns = contract_columns(blocks.header.names, REQUIRED_COLUMNS, HEADER, "missing_column")
    except RejectedUpload as error:
        fault = error
    for block in blocks:
        whole.add(block, columns)
    if not whole.rows:
        raise no_rows()
    text = blocks.text
    report["dialect"].update(encoding=text.encoding, delimiter=blocks.header.delimiter, gzip=text.gzip)
    report["rows_in"] = whole.rows
    if fault is not None:
        raise fault
    return columns, whole


def _decimal(blocks: Blocks, columns: Mapping[str, str], whole: Whole) -> tuple[Decimal, list[Remark]]:
    sales = whole.sales.verdict()
    others: Iterable[tuple[int, int, int]] = ()
    if sales[0] == sales[1]:
        others = other_evidence(blocks, columns)
    return chosen_decimal(sales, others, blocks.header.delimiter)


def _further(
    database: Database, staged: Staged, blocks: Blocks, decimal: Decimal, settings: Settings
) -> list[Column]:
    """The further columns, their values kept beside the rows."""

    def kinds(place: int) -> int:
        return database.distinct("rows", f"t{place}", where=f"t{place} <> ''")

    found = decided(staged.seen, decimal, kinds, blocks.header.unnamed, settings.LEFT_OUT_COLUMNS)
    staged.good = with_values(staged, found)
    database.open("rows", staged.good)
    return found


def _told(work: _Work, whole: Whole, today: date, settings: Settings) -> tuple[Path, KeptRows]:
    """Find the rows that repeat each other, and tell of the file as `ventas.ingest` does, in the same order.

    The answer is the file of all bad rows, and the rows that are left.
    """
    database, report, remarks, rows = work.database, work.report, work.remarks, work.staged.rows
    remarks += [one.remark for one in work.further if one.remark and _has_name(one, work)]
    keys = Keys(database, work.further, rows, lambda marks: _open_without(work, marks, "once"))
    found = keys.find()
    repeated = keys.repeated(found)
    kept = _open_without(work, repeated, "kept")
    remarks += key_remarks(database, found)
    series = found[0] if len(found) == 1 and found[0].role != "left_out" else None
    report["series"] = series.name if series else ""
    remarks += weekdays_told(database, report, named=WEEKDAY in work.columns)
    remarks += late_remarks(database, today)
    remarks += blank_remark(whole.blank_lines)
    rejected = work.staged.rejected if repeated is None else _all_rejected(work, repeated)
    database.open("rejected", rejected)
    report.update(rejected_facts(database, report["rows_in"]))
    facts(database, work.further, series, report)
    return rejected, KeptRows(kept, work.further, _begins(work, settings))


def _has_name(column: Column, work: _Work) -> bool:
    """False for what a trailing delimiter makes: a column without a name and without a value."""
    return column.name not in work.unnamed or column.missing < work.staged.rows


def _open_without(work: _Work, marks: Marks | None, name: str) -> Path:
    """Make view `name` of the good rows but those that are marked; its file."""
    path = (
        work.staged.good if marks is None else marks.left(work.staged.good, work.folder / f"{name}.parquet")
    )
    work.database.open(name, path)
    return path


def _answer(
    rows: KeptRows, rejected: Path, remarks: list[Remark], report: Report, settings: Settings
) -> OnDisk:
    """What is told of the rows to train on alone, which are in memory from here on."""
    frame = rows.newest()
    further = [one.as_further() for one in rows.further]
    report.update(meanings(frame, further, report["series"], remarks))
    report.update(remarks_report(remarks))
    if (fault := too_little(report, settings)) is not None:
        fault.bad_rows = first_rejected(rejected)
        raise fault
    return OnDisk(frame, report, rejected, rows)


def _begins(work: _Work, settings: Settings) -> int:
    """The day that the rows to train on begin with; says how many are older."""
    days, rows, _ = work.database.days()
    if not len(days):
        return 0
    begins = training_begins(days, rows, settings.MAX_TRAINING_ROWS)
    older = int(rows[days < begins].sum())
    work.report["rows_older"] = older
    work.remarks.extend(older_remark(older, int(rows.sum()) - older, begins))
    return begins


def _all_rejected(work: _Work, repeated: Marks) -> Path:
    """A file of all bad rows in the order of their lines, with those that a later row repeats."""
    path = work.folder / "all-rejected.parquet"
    others = (row for table in row_groups(work.staged.rejected) for row in _rows_of(table))
    # Both are in the order of their lines, and no line is in both.
    rows = merge(others, _repeated_rows(work, repeated))
    with parquet.ParquetWriter(path, REJECTED_SCHEMA, **PACKED) as writer:
        while part := list(islice(rows, _WRITTEN_ROWS)):
            writer.write_table(pa.table(list(map(list, zip(*part, strict=True))), schema=REJECTED_SCHEMA))
    return path


def _rows_of(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _repeated_rows(work: _Work, repeated: Marks) -> Iterator[tuple[Any, ...]]:
    """The rows that a later one repeats, as they stand among the bad ones."""
    reason = ROW_RULES["duplicate_date"].reason
    with (work.folder / "text").open("rb") as text:
        for table in repeated.rows(work.staged.good, marked=True):
            for line, start, length, day in _rows_of(table.select(["line", "start", "length", "date_text"])):
                text.seek(start)
                raw = raw_text(text.read(min(length, MOST_RAW_BYTES)))
                yield line, reason.format(value=shown(day)), "duplicate_date", raw
