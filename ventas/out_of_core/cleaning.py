"""`ventas.ingest` for files larger than memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa
from pyarrow import parquet

from ventas.cells import Decimal
from ventas.cleaned import HEADER, chosen_decimal, older_remark, too_little, training_begins
from ventas.contract import REQUIRED_COLUMNS, WEEKDAY, contract_columns, shown
from ventas.errors import RejectedUpload
from ventas.meanings import meanings
from ventas.out_of_core.answer import KeptRows, OnDisk, first_rejected
from ventas.out_of_core.blocks import Blocks
from ventas.out_of_core.columns import Column, decided
from ventas.out_of_core.database import Database, select
from ventas.out_of_core.evidence import Whole, other_evidence
from ventas.out_of_core.keys import drop_repeated, find_keys
from ventas.out_of_core.staging import REJECTED_SCHEMA, Staged, stage, with_values
from ventas.out_of_core.text import write_text
from ventas.out_of_core.whole import facts, key_remarks, late_remarks, rejected_facts, weekday_remarks
from ventas.quality import Report
from ventas.reader import no_rows
from ventas.records import MOST_RAW_BYTES, raw_text
from ventas.rejections import ROW_RULES
from ventas.remarks import Remark, remark, remarks_report
from ventas.settings import Settings

_FOLDER = "out-of-core"


@dataclass(frozen=True)
class _Work:
    """What is known of the file once its cells have been read."""

    database: Database
    staged: Staged
    folder: Path
    columns: Mapping[str, str]  # the file's names of the contract's columns
    unnamed: Sequence[str]  # columns without a name
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
    staged = stage(blocks, columns, decimal, whole.flags, folder)
    with Database(folder) as database:
        database.open(staged.good)
        further = _further(database, staged, blocks, decimal, settings)
        work = _Work(database, staged, folder, columns, blocks.header.unnamed, remarks, report)
        return _judged(work, further, whole, today, settings)


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
        return database.count(select(f"DISTINCT t{place}", "rows", f"WHERE t{place} <> ''"))

    found = decided(staged.seen, decimal, kinds, blocks.header.unnamed, settings.LEFT_OUT_COLUMNS)
    staged.good = with_values(staged, found)
    database.open(staged.good)
    return found


def _judged(work: _Work, further: Sequence[Column], whole: Whole, today: date, settings: Settings) -> OnDisk:
    """Find the rows that repeat each other, and tell of the file as `ventas.ingest` does, in the same order."""
    database, report, remarks = work.database, work.report, work.remarks
    remarks += [
        one.remark
        for one in further
        if one.remark and (one.name not in work.unnamed or one.missing < work.staged.rows)
    ]
    keys = find_keys(database, further)
    repeated = drop_repeated(database, further, keys)
    remarks += key_remarks(database, keys)
    series = keys[0] if len(keys) == 1 and keys[0].role != "left_out" else None
    report["series"] = series.name if series else ""
    remarks += weekday_remarks(database, report, named=WEEKDAY in work.columns)
    remarks += late_remarks(database, today)
    if whole.blank_lines:
        remarks.append(remark("empty_lines", lines=whole.blank_lines))
    rejected = _all_rejected(work) if repeated else work.staged.rejected
    database.open_rejected(rejected)
    report.update(rejected_facts(database, report["rows_in"]))
    facts(database, further, series, report)
    rows = KeptRows(work.staged.good, further, database.repeated(work.staged.rows), _begins(work, settings))
    frame = rows.newest()
    report.update(meanings(frame, [one.as_further() for one in further], report["series"], remarks))
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
    begins = (
        int(days[0])
        if rows.sum() <= settings.MAX_TRAINING_ROWS
        else training_begins(days, rows, settings.MAX_TRAINING_ROWS)
    )
    older = int(rows[days < begins].sum())
    work.report["rows_older"] = older
    work.remarks.extend(older_remark(older, int(rows.sum()) - older, begins))
    return begins


def _all_rejected(work: _Work) -> Path:
    """A file of all bad rows in the order of their lines, with those that a later row repeats."""
    path, repeated = work.folder / "all-rejected.parquet", work.folder / "repeated.parquet"
    with parquet.ParquetWriter(repeated, REJECTED_SCHEMA) as writer:
        for part in _repeated(work):
            writer.write_table(part)
    database = work.database
    database.open_rejected(work.staged.rejected, repeated)
    with parquet.ParquetWriter(path, REJECTED_SCHEMA) as writer:
        for batch in database.batches(select("line, reason, code, row", "rejected", "ORDER BY line")):
            writer.write_batch(batch.cast(REJECTED_SCHEMA))
    return path


def _repeated(work: _Work) -> Iterable[pa.Table]:
    """The rows that a later one repeats, with their text."""
    query = select("line, start, length, date_text", "rows SEMI JOIN again USING (rn)", "ORDER BY line")
    reason = ROW_RULES["duplicate_date"].reason
    with (work.folder / "text").open("rb") as text:
        for batch in work.database.batches(query):
            lines, starts, lengths, dates = (column.to_pylist() for column in batch.columns)
            raw = []
            for start, length in zip(starts, lengths, strict=True):
                text.seek(start)
                raw.append(raw_text(text.read(min(length, MOST_RAW_BYTES))))
            reasons = [reason.format(value=shown(value)) for value in dates]
            codes = ["duplicate_date"] * len(lines)
            yield pa.table([lines, reasons, codes, raw], schema=REJECTED_SCHEMA)
