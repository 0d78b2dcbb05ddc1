"""A file of sales -> clean rows, rejected rows with their reasons, and the quality report."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas import cells
from ventas.cells import Decimal
from ventas.cleaned import (
    HEADER,
    MIN_ROWS,
    Cleaned,
    Ingested,
    blank_remark,
    chosen_decimal,
    columns_report,
    older_remark,
    today_remark,
    too_little,
    training_begins,
    weekday_remarks,
)
from ventas.contract import (
    DATE,
    DATE_DTYPE,
    HOLIDAY,
    PROMOTION,
    REQUIRED_COLUMNS,
    TARGET,
    WEEKDAY,
    contract_columns,
    normalised,
)
from ventas.errors import RejectedUpload
from ventas.further import Further, read_further
from ventas.meanings import meanings
from ventas.memory import give_back
from ventas.ordering import day_numbers
from ventas.out_of_core.text import is_larger
from ventas.quality import (
    MOST_BAD_ROWS,
    Report,
    dates_report,
    empty_report,
    rejected_csv_bytes,
    rejected_report,
    rejection,
    rejection_report_text,
)
from ventas.reader import Table, read_table
from ventas.remarks import Remark, remarks_report
from ventas.rows import (
    Bools,
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
from ventas.sales_curve import sales_curve
from ventas.series import SeriesOfRows, duplicates, find_keys, key_remarks
from ventas.settings import Settings
from ventas.stray_dates import DayCounts
from ventas.times import today_in

__all__ = ["MIN_ROWS", "Cleaned", "Ingested", "ingest", "rejection_report_text"]


def ingest(path: Path, settings: Settings, today: date | None = None) -> Cleaned:
    """Read the sales file at `path`; bad rows stay aside while the good ones proceed.

    `today` is the day that it is in BUSINESS_TIMEZONE unless given. A file of more than OUT_OF_CORE_BYTES is cleaned
    on disk, in files beside `path`, which must stay until the answer has been used.

    Raises RejectedUpload, with the report as far as it could be made, when the file cannot be read as a table
    (codes of `read_table`), lacks a column (`missing_column`), or keeps too little (`no_good_rows`,
    `too_many_rejected`, `too_few_rows`).
    """
    report, day = empty_report(), today or today_in(settings.BUSINESS_TIMEZONE)
    try:
        if is_larger(path, settings.OUT_OF_CORE_BYTES):
            from ventas.out_of_core.cleaning import clean_on_disk  # DuckDB costs 30 MB, and few files need it

            return clean_on_disk(path, settings, day, report)
        return clean_in_memory(path, settings, day, report)
    except RejectedUpload as error:
        raise rejection(error, report) from error


def clean_in_memory(path: Path, settings: Settings, today: date, report: Report) -> Ingested:
    """`ingest` with the whole file in memory; `report` is filled as far as it goes."""
    table = read_table(path, settings)
    report.update(table.as_report())
    columns = contract_columns(table.cells.columns, REQUIRED_COLUMNS, HEADER, "missing_column")
    rows = Rows(table, np.zeros(len(table.cells), dtype=bool))
    own, decimal = _contract(rows, columns)
    report["dialect"]["decimal"] = decimal
    give_back()
    frame, further, series = _read(rows, columns, own, decimal, settings, report)
    del own
    _compare_today(rows, frame, today)
    rows.remarks += blank_remark(table.blank_lines)
    rejected, remarks = all_rejected(rows), rows.remarks
    del table, rows  # the text, and the cells as text
    give_back()
    report.update(rejected_report(rejected, report["rows_in"]))
    _tell(frame, further, series, rejected, report)
    older, frame = _parted(frame, settings.MAX_TRAINING_ROWS, remarks, report)
    count = len(series.names) if series is not None and older is None else None
    report.update(meanings(frame, further, report["series"], remarks, count))
    report.update(remarks_report(remarks))
    _check_enough(report, rejected, settings)
    return Ingested(frame, rejected, report, older)


def _tell(
    frame: pd.DataFrame,
    further: list[Further],
    series: SeriesOfRows | None,
    rejected: pd.DataFrame,
    report: Report,
) -> None:
    """The report's part about all rows that are kept."""
    again = int((rejected["code"] == "duplicate_date").sum())
    report["dates"] = dates_report(frame[DATE], again, series)
    report["sales_curve"] = sales_curve(frame)
    report["columns"] = columns_report(frame, further, report.pop("weekday_missing"))


def _parted(
    frame: pd.DataFrame, most: int, remarks: list[Remark], report: Report
) -> tuple[pd.DataFrame | None, pd.DataFrame]:
    """The rows that are too old to be trained on, None where there are none, and the others."""
    if len(frame) <= most:
        return None, frame
    days = day_numbers(frame[DATE].to_numpy())
    begins = training_begins(*np.unique(days, return_counts=True), most)
    old = days < begins
    report["rows_older"] = int(old.sum())
    remarks += older_remark(report["rows_older"], len(old) - report["rows_older"], begins)
    if not old.any():
        return None, frame
    return frame[old].reset_index(drop=True), frame[~old].reset_index(drop=True)


def _decimal(table: Table, columns: dict[str, str], sales: Sales) -> tuple[Decimal, list[Remark]]:
    """The file's decimal mark: as the sales prove it, else any other number, else as goes with the delimiter."""
    if sales.proven is not None:
        return sales.proven, []
    others = (name for name in table.cells if name not in (columns[DATE], columns[TARGET]))
    evidence = (
        cells.decimal_evidence(values, counts)
        for values, _, counts in (cells.distinct(table.cells[name]) for name in others)
    )
    return chosen_decimal(cells.decimal_evidence(sales.values, sales.counts), evidence, table.delimiter)


def _contract(rows: Rows, columns: dict[str, str]) -> tuple[dict[str, Any], Decimal]:
    """The contract's columns of the good rows, and the file's decimal mark; bad rows are marked in `rows`."""
    source = rows.table.cells
    told = Sales.of(source[columns[TARGET]])
    give_back()
    decimal, rows.remarks = _decimal(rows.table, columns, told)
    days, places = read_dates(rows, source[columns[DATE]])
    counts = DayCounts()
    counts.add(days, np.bincount(places, minlength=len(days)))
    reject_stray_dates(rows, source[columns[DATE]], days, places, counts.stray())
    promotion = read_flag(rows, source[columns[PROMOTION]], PROMOTION, "promotion") == 1
    holiday = read_flag(rows, source[columns[HOLIDAY]], HOLIDAY, "holiday") == 1
    sales = read_sales(rows, told, decimal)
    source.pop(columns[TARGET])  # the largest column as text; its bad cells are quoted already
    good = ~rows.bad
    places = places[good]
    return {
        DATE: days.astype(DATE_DTYPE)[places],
        WEEKDAY: weekday_of(days)[places],
        PROMOTION: promotion[good].astype(np.int64),
        HOLIDAY: holiday[good].astype(np.int64),
        TARGET: sales[good],
    }, decimal


def _read(
    rows: Rows,
    columns: dict[str, str],
    own: dict[str, Any],
    decimal: Decimal,
    settings: Settings,
    report: Report,
) -> tuple[pd.DataFrame, list[Further], SeriesOfRows | None]:
    """The clean rows with the contract's columns `own`, the further columns as they were read, and the rows' series,
    None where nothing tells any apart.

    Rows that repeat another are marked as bad in `rows`.
    """
    source, good = rows.table.cells, ~rows.bad
    left_out = {normalised(name) for name in settings.LEFT_OUT_COLUMNS}
    further = [
        column.left_out("left_out_by_setting") if normalised(column.name) in left_out else column
        for column in _further(rows, set(columns.values()), good, decimal)
    ]
    rows.remarks += [column.remark for column in further if column.remark and _has_name(rows, column)]
    kept = {column.name: column.values for column in further if column.role != "left_out"}
    frame = pd.DataFrame(own | kept, copy=False)
    again = _drop_duplicates(rows, frame, further, source[columns[DATE]], report)
    frame = frame if not again.any() else frame[~again].reset_index(drop=True)
    compare_weekday(rows, columns.get(WEEKDAY), frame[WEEKDAY].to_numpy(), ~rows.bad, report)
    key = next((column for column in further if column.name == report["series"]), None)
    series = SeriesOfRows.of(key.places[~again], frame[key.name]) if key else None
    return frame, further, series


def _compare_today(rows: Rows, frame: pd.DataFrame, today: date) -> None:
    """Remark on the rows of `frame`, the good ones, that lie in the future."""
    late = (frame[DATE] > pd.Timestamp(today)).to_numpy()
    if late.any():
        line = int(rows.table.records.lines[~rows.bad][late][0])
        rows.remarks.append(today_remark(today, int(late.sum()), line))


def compare_weekday(
    rows: Rows, name: str | None, weekdays: npt.NDArray[np.int64], stays: Bools, report: Report
) -> None:
    """Count the kept rows whose own weekday is absent, or contradicts `weekdays`, those of their dates, which win."""
    absent, wrong = np.ones(int(stays.sum()), dtype=bool), np.zeros(int(stays.sum()), dtype=bool)
    if name is not None:
        absent, wrong = weekday_faults(rows.table.cells[name], stays, weekdays)
        report["weekday_contradictions"] = int(wrong.sum())
    report["weekday_missing"] = int(absent.sum())
    line = int(rows.table.records.lines[stays][wrong][0]) if wrong.any() else 0
    rows.remarks += weekday_remarks(
        named=name is not None, absent=int(absent.sum()), wrong=int(wrong.sum()), line=line
    )


def _further(rows: Rows, contract: set[str], good: Bools, decimal: Decimal) -> list[Further]:
    found = []
    for name in rows.table.cells.columns.difference(list(contract), sort=False):
        column = rows.table.cells[name]
        column = column if good.all() else column[good]
        read = read_further(str(name), column, decimal)
        if name in rows.table.unnamed and read.role != "left_out":
            read = read.left_out("left_out_unnamed")
        found.append(read)
    return found


def _has_name(rows: Rows, column: Further) -> bool:
    """False for what a trailing delimiter makes: a column without a name and without a value."""
    return column.name not in rows.table.unnamed or column.missing < len(column.values)


def _drop_duplicates(
    rows: Rows, frame: pd.DataFrame, further: list[Further], dates: "pd.Series[Any]", report: Report
) -> Bools:
    """The rows of `frame` that repeat another; they are rejected, and the report names what tells series apart."""
    keys = find_keys(frame, further)
    again = duplicates(frame, further, keys)
    lines = rows.table.records.lines[~rows.bad]
    mask = np.zeros_like(rows.bad)
    mask[np.flatnonzero(~rows.bad)[again]] = True
    rows.reject(mask, "duplicate_date", dates)
    rows.remarks += key_remarks(keys, lines)
    if len(keys) == 1 and keys[0].role != "left_out":
        report["series"] = keys[0].name
    return again


def _check_enough(report: Report, rejected: pd.DataFrame, settings: Settings) -> None:
    fault = too_little(report, settings)
    if fault is not None:
        fault.bad_rows = rejected_csv_bytes(rejected.head(MOST_BAD_ROWS))
        raise fault
