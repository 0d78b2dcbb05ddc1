"""A file of sales -> clean rows, rejected rows with their reasons, and the quality report."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas import cells
from ventas.cells import Decimal
from ventas.contract import (
    CONTRACT_COLUMNS,
    DATE,
    DATE_DTYPE,
    HOLIDAY,
    PROMOTION,
    REQUIRED_COLUMNS,
    TARGET,
    WEEKDAY,
    contract_columns,
    normalised,
    refused,
)
from ventas.errors import RejectedUpload
from ventas.further import Further, read_further
from ventas.meanings import meanings
from ventas.memory import give_back
from ventas.quality import (
    MOST_BAD_ROWS,
    Report,
    column_report,
    dates_report,
    empty_report,
    rejected_csv_bytes,
    rejected_report,
    rejection,
    rejection_report_text,
)
from ventas.reader import Table, read_table
from ventas.rejections import ROW_RULES
from ventas.remarks import Remark, remark, remarks_report
from ventas.roles import Roles
from ventas.rows import Bools, Rows, Sales, read_dates, read_flag, read_sales, rejected_frame
from ventas.sales_curve import sales_curve
from ventas.series import duplicates, find_keys, key_remarks
from ventas.settings import Settings
from ventas.times import today_in

__all__ = ["MIN_ROWS", "Ingested", "ingest", "rejection_report_text"]

# Under ten rows neither five folds nor a 30 % test have two dates each.
MIN_ROWS = 10
HEADER = f"The header must name {', '.join(CONTRACT_COLUMNS)}."
_ROLES = {DATE: "date", WEEKDAY: "weekday", PROMOTION: "promotion", HOLIDAY: "holiday", TARGET: "target"}


@dataclass(frozen=True)
class Ingested:
    """A file that was read.

    frame: the contract's columns in their order (datetime64[ns] at midnight, int64 x 3, float64), then the further
    ones under the file's names (float64, or str). rejected: columns line, reason, code, row. report: JSON-ready.
    """

    frame: pd.DataFrame
    rejected: pd.DataFrame
    report: Report

    @property
    def roles(self) -> Roles:
        """The further columns of `frame` that mean something special."""
        return Roles.of_report(self.report)

    def rejected_csv(self) -> bytes:
        """The bad rows as CSV that is safe to open in a spreadsheet."""
        return rejected_csv_bytes(self.rejected)


def ingest(path: Path, settings: Settings, today: date | None = None) -> Ingested:
    """Read the sales file at `path`; bad rows stay aside while the good ones proceed.

    `today` is the day that it is in BUSINESS_TIMEZONE unless given.

    Raises RejectedUpload, with the report as far as it could be made, when the file cannot be read as a table
    (codes of `read_table`), lacks a column (`missing_column`), or keeps too little (`no_good_rows`,
    `too_many_rejected`, `too_few_rows`).
    """
    report = empty_report()
    try:
        table = read_table(path, settings)
        report.update(table.as_report())
        columns = contract_columns(table.cells.columns, REQUIRED_COLUMNS, HEADER, "missing_column")
        sales = Sales.of(table.cells[columns[TARGET]])
        give_back()
        decimal, remarks = _decimal(table, columns, sales)
        report["dialect"]["decimal"] = decimal
        rows = Rows(table, np.zeros(len(table.cells), dtype=bool), remarks)
        left_out = {normalised(name) for name in settings.LEFT_OUT_COLUMNS}
        own = _contract(rows, columns, sales, decimal)
        del sales
        give_back()
        frame, further = _read(rows, columns, own, decimal, left_out, report)
        del own
        _compare_today(rows, frame, today or today_in(settings.BUSINESS_TIMEZONE))
        rejected, remarks = all_rejected(rows), rows.remarks
        del table, rows  # the text, and the cells as text
        give_back()
        report.update(rejected_report(rejected, report["rows_in"]))
        report.update(meanings(frame, further, report["series"], remarks))
        report.update(remarks_report(remarks))
        series = Roles.of_report(report).series_of(frame) if report["series"] else None
        again = int((rejected["code"] == "duplicate_date").sum())
        report["dates"] = dates_report(frame[DATE], again, series)
        report["sales_curve"] = sales_curve(frame)
        report["columns"] = _columns(frame, further, report.pop("weekday_missing"))
        _check_enough(report, rejected, settings)
    except RejectedUpload as error:
        raise rejection(error, report) from error
    return Ingested(frame, rejected, report)


def _decimal(table: Table, columns: dict[str, str], sales: Sales) -> tuple[Decimal, list[Remark]]:
    """The file's decimal mark: as the sales prove it, else any other number, else as goes with the delimiter."""
    if sales.proven is not None:
        return sales.proven, []
    comma, point, unsure = cells.decimal_evidence(sales.values, sales.counts)
    if comma == point:
        others = [name for name in table.cells if name not in (columns[DATE], columns[TARGET])]
        for name in others:
            values, _, counts = cells.distinct(table.cells[name])
            more = cells.decimal_evidence(values, counts)
            comma, point = comma + more[0], point + more[1]
    if comma != point:
        return ("," if comma > point else "."), []
    decimal: Decimal = "." if table.delimiter == "," else ","
    if not unsure:
        return decimal, []
    return decimal, [remark("decimal_unproven", mark={",": "comma", ".": "point"}[decimal], rows=int(unsure))]


def _contract(rows: Rows, columns: dict[str, str], told: Sales, decimal: Decimal) -> dict[str, Any]:
    """The contract's columns of the good rows; bad rows are marked in `rows`."""
    source = rows.table.cells
    days = read_dates(rows, source[columns[DATE]])
    promotion = read_flag(rows, source[columns[PROMOTION]], PROMOTION, "promotion")
    holiday = read_flag(rows, source[columns[HOLIDAY]], HOLIDAY, "holiday")
    sales = read_sales(rows, told, decimal)
    good = ~rows.bad
    return {
        DATE: days[good].astype(DATE_DTYPE),
        WEEKDAY: weekday_of(days[good]),
        PROMOTION: promotion[good].astype(np.int64),
        HOLIDAY: holiday[good].astype(np.int64),
        TARGET: sales[good],
    }


def _read(
    rows: Rows,
    columns: dict[str, str],
    own: dict[str, Any],
    decimal: Decimal,
    left_out: set[str],
    report: Report,
) -> tuple[pd.DataFrame, list[Further]]:
    """The clean rows with the contract's columns `own`, and the further columns as they were read.

    Rows that repeat another are marked as bad in `rows`.
    """
    source, good = rows.table.cells, ~rows.bad
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
    return frame, further


def weekday_of(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """1 Monday to 7 Sunday; 1970-01-01 was a Thursday."""
    return (days.astype(np.int64) + 3) % 7 + 1


def _compare_today(rows: Rows, frame: pd.DataFrame, today: date) -> None:
    """Remark on the rows of `frame`, the good ones, that lie in the future."""
    late = (frame[DATE] > pd.Timestamp(today)).to_numpy()
    if late.any():
        line = int(rows.table.records.lines[~rows.bad][late][0])
        rows.remarks.append(remark("future_dates", today=today.isoformat(), rows=int(late.sum()), line=line))


def compare_weekday(
    rows: Rows, name: str | None, weekdays: npt.NDArray[np.int64], stays: Bools, report: Report
) -> None:
    """Count the kept rows whose own weekday is absent, or contradicts `weekdays`, those of their dates, which win."""
    report["weekday_missing"] = int(stays.sum())
    if name is None:
        rows.remarks.append(remark("weekday_absent"))
        return
    values, codes, _ = cells.distinct(rows.table.cells[name])
    absent = cells.is_missing(values)[codes][stays]
    wrong = ~absent & (cells.weekdays(values)[codes][stays] != weekdays)
    report.update(weekday_missing=int(absent.sum()), weekday_contradictions=int(wrong.sum()))
    if absent.any():
        rows.remarks.append(remark("weekday_empty", rows=int(absent.sum())))
    if wrong.any():
        line = int(rows.table.records.lines[stays][wrong][0])
        rows.remarks.append(remark("weekday_contradicts", rows=int(wrong.sum()), line=line))


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


def all_rejected(rows: Rows) -> pd.DataFrame:
    """All bad rows of a file in the order of their lines, those with a wrong number of cells too."""
    table = rows.table
    expected = str(len(table.cells.columns))
    reasons = [ROW_RULES["fields"].reason.format(value=n, expected=expected) for n in table.ragged_counts]
    if table.blank_lines:
        rows.remarks.append(remark("empty_lines", lines=table.blank_lines))
    whole = pd.concat([*rows.pieces, rejected_frame(table.ragged, "fields", reasons)])
    return whole.sort_values("line", kind="stable", ignore_index=True)


def _columns(frame: pd.DataFrame, further: list[Further], weekday_missing: int) -> list[Report]:
    """The report's list of columns: the contract's, then the further ones in the file's order."""
    contract = [
        column_report(name, role, frame[name], weekday_missing if name == WEEKDAY else 0)
        for name, role in _ROLES.items()
    ]
    others = [
        column_report(column.name, column.role, frame.get(column.name, column.values), column.missing)
        for column in further
    ]
    return contract + others


def _check_enough(report: Report, rejected: pd.DataFrame, settings: Settings) -> None:
    fault = _too_little(report, settings)
    if fault is not None:
        fault.bad_rows = rejected_csv_bytes(rejected.head(MOST_BAD_ROWS))
        raise fault


def _one_series(report: Report) -> str:
    """What to do where most bad rows repeat a date: no column was found that tells series apart."""
    if report["series"] or report["dropped"].get("duplicate_date", 0) <= report["rows_rejected"] / 2:
        return ""
    return " If the file holds several series (stores, say), one column must name the series in every row."


def _too_little(report: Report, settings: Settings) -> RejectedUpload | None:
    """Why too few rows are left, or None where there are enough."""
    kept, share = report["rows_kept"], report["rejected_share"]
    first = "".join(
        f" The first, line {row['line']}: {row['reason']}" for row in report["rejected_examples"][:1]
    )
    if not kept:
        return refused(
            f"No row can be used. Correct the rows and upload the file again.{first}", "no_good_rows"
        )
    if share > settings.MAX_REJECTED_SHARE:
        return refused(
            f"{report['rows_rejected']} of {report['rows_in']} rows ({share:.0%}) are bad; at most "
            f"{settings.MAX_REJECTED_SHARE:.0%} may be. Correct them and upload the file again.{first}"
            f"{_one_series(report)}",
            "too_many_rejected",
        )
    if kept < MIN_ROWS:
        return refused(
            f"Only {kept} rows can be used; at least {MIN_ROWS} are needed. Upload more days of sales.",
            "too_few_rows",
            rows=kept,
            needed=MIN_ROWS,
        )
    return None
