"""A file of sales -> clean rows, rejected rows with their reasons, and the quality report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    contract_column,
    refused,
    shown,
)
from ventas.errors import RejectedUpload
from ventas.further import Further, duplicates, read_further
from ventas.quality import (
    Report,
    column_report,
    dates_report,
    empty_report,
    rejected_report,
    rejection,
    rejection_report_text,
)
from ventas.reader import Records, Table, read_table
from ventas.rejections import ROW_RULES
from ventas.settings import Settings

__all__ = ["MIN_ROWS", "Ingested", "ingest", "rejection_report_text"]

Bools = npt.NDArray[np.bool_]

# Under ten rows neither five folds nor a 30 % test have two dates each.
MIN_ROWS = 10
_YEARS = (np.datetime64("1900-01-01"), np.datetime64("2200-12-31"))
_ABSURD_SALES = 1e12
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


@dataclass
class _Rows:
    """The rows of a table while they are judged: `bad` ones have broken a rule, the first one broken counts."""

    table: Table
    bad: Bools
    warnings: list[str] = field(default_factory=list)
    pieces: list[pd.DataFrame] = field(default_factory=list)

    def reject(self, mask: Bools, code: str, column: "pd.Series[Any] | None" = None, **words: str) -> None:
        """Mark the rows of `mask` that are still good as bad by rule `code`, quoting their cell of `column`."""
        rows = np.flatnonzero(mask & ~self.bad)
        if not len(rows):
            return
        self.bad[rows] = True
        template = ROW_RULES[code].reason
        cells_at = pd.Series("", index=rows) if column is None else column.iloc[rows].astype("str")
        places, values = pd.factorize(cells_at)
        sentences = np.array([template.format(value=shown(value), **words) for value in values], dtype=object)
        reasons = sentences[places]
        self.pieces.append(_rejected(self.table.records.take(rows), code, reasons))


def ingest(path: Path, settings: Settings) -> Ingested:
    """Read the sales file at `path`; bad rows stay aside while the good ones proceed.

    Raises RejectedUpload, with the report as far as it could be made, when the file cannot be read as a table
    (codes of `read_table`), lacks a column (`missing_column`), or keeps too little (`no_good_rows`,
    `too_many_rejected`, `too_few_rows`).
    """
    report = empty_report()
    try:
        table = read_table(path, settings)
        report["dialect"] = {
            "encoding": table.encoding,
            "delimiter": table.delimiter,
            "decimal": None,
            "gzip": table.gzip,
        }
        report["rows_in"] = len(table.cells) + len(table.ragged.lines)
        columns = _contract_columns(table)
        decimal, warnings = _decimal(table, columns)
        report["dialect"]["decimal"] = decimal
        rows = _Rows(table, np.zeros(len(table.cells), dtype=bool), warnings)
        frame, further = _read(rows, columns, decimal, report)
        rejected = _all_rejected(rows)
        report.update(rejected_report(rejected, report["rows_in"]), warnings=rows.warnings)
        report["dates"] = dates_report(frame[DATE], int((rejected["code"] == "duplicate_date").sum()))
        report["columns"] = _columns(frame, further, report.pop("weekday_missing"))
        _check_enough(report, settings)
    except RejectedUpload as error:
        raise rejection(error, report) from error
    return Ingested(frame, rejected, report)


def _contract_columns(table: Table) -> dict[str, str]:
    """The file's own name of each of the contract's columns that it has."""
    found = {contract: name for name in table.cells if (contract := contract_column(str(name)))}
    if missing := [name for name in REQUIRED_COLUMNS if name not in found]:
        names = [shown(str(name), 40) for name in table.cells.columns[:30]]
        raise refused(
            f"The file lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}. It has {', '.join(names)}. "
            f"The header must name {', '.join(CONTRACT_COLUMNS)}.",
            "missing_column",
            missing=missing,
            found=names,
        )
    return found


def _decimal(table: Table, columns: dict[str, str]) -> tuple[Decimal, list[str]]:
    """The file's decimal mark: as the sales prove it, else any other number, else as goes with the delimiter."""
    values, _, counts = cells.distinct(table.cells[columns[TARGET]])
    comma, point, unsure = cells.decimal_evidence(values, counts)
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
    kind = {",": "comma", ".": "point"}[decimal]
    return decimal, [
        f"Nothing proves whether the mark in {TARGET} is decimal or for thousands; the decimal {kind} was taken, "
        f"as usual with this delimiter ({unsure} rows)."
    ]


def _read(
    rows: _Rows, columns: dict[str, str], decimal: Decimal, report: Report
) -> tuple[pd.DataFrame, list[Further]]:
    """The clean rows, and the further columns as they were read; bad rows are marked in `rows`."""
    source = rows.table.cells
    days = _dates(rows, source[columns[DATE]])
    promotion = _flag(rows, source[columns[PROMOTION]], PROMOTION, "promotion")
    holiday = _flag(rows, source[columns[HOLIDAY]], HOLIDAY, "holiday")
    sales = _sales(rows, source[columns[TARGET]], decimal)
    good = ~rows.bad
    frame = pd.DataFrame(
        {
            DATE: days[good].astype(DATE_DTYPE),
            WEEKDAY: _weekday(days[good]),
            PROMOTION: promotion[good].astype(np.int64),
            HOLIDAY: holiday[good].astype(np.int64),
            TARGET: sales[good],
        }
    )
    further = _further(rows, set(columns.values()), good, decimal)
    kept = {column.name: column.values for column in further if column.role != "left_out"}
    frame = pd.concat([frame, pd.DataFrame(kept, index=frame.index)], axis=1) if kept else frame
    again = _drop_duplicates(rows, frame, further, source[columns[DATE]])
    stays = ~rows.bad
    _compare_weekday(rows, columns.get(WEEKDAY), days, stays, report)
    return frame if not again.any() else frame[~again].reset_index(drop=True), further


def _dates(rows: _Rows, column: "pd.Series[Any]") -> npt.NDArray[np.datetime64]:
    values, codes, _ = cells.distinct(column)
    days = cells.dates(values)
    absent = cells.is_missing(values)
    outside = (days < _YEARS[0]) | (days > _YEARS[1])
    rows.reject(absent[codes], "missing_date")
    rows.reject(np.isnat(days)[codes], "date_unreadable", column)
    rows.reject(outside[codes], "date_out_of_range", column)
    return days[codes]


def _flag(rows: _Rows, column: "pd.Series[Any]", name: str, code: str) -> npt.NDArray[np.float64]:
    values, codes, counts = cells.distinct(column)
    read = cells.flags(values)
    absent = cells.is_missing(values)
    if absent.any() and set(values[~absent].str.lower()) == {"x"}:
        read[absent] = 0
        rows.warnings.append(f"{name} is marked with x: {counts[absent].sum()} empty cells were read as 0.")
        absent[:] = False
    rows.reject(absent[codes], f"missing_{code}")
    rows.reject(np.isnan(read)[codes], f"{code}_invalid", column)
    return read[codes]


def _sales(rows: _Rows, column: "pd.Series[Any]", decimal: Decimal) -> npt.NDArray[np.float64]:
    values, codes, _ = cells.distinct(column)
    read = cells.numbers(values, decimal)
    rows.reject(cells.is_missing(values)[codes], "missing_sales")
    mark = {",": "comma", ".": "point"}[decimal]
    rows.reject(np.isnan(read)[codes], "sales_unreadable", column, decimal=mark)
    rows.reject((read < 0)[codes], "sales_negative", column)
    rows.reject((read > _ABSURD_SALES)[codes], "sales_absurd", column)
    return read[codes]


def _weekday(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """1 Monday to 7 Sunday; 1970-01-01 was a Thursday."""
    return (days.astype(np.int64) + 3) % 7 + 1


def _compare_weekday(
    rows: _Rows, name: str | None, days: npt.NDArray[np.datetime64], stays: Bools, report: Report
) -> None:
    """Count the kept rows whose own weekday is absent, or contradicts the date, which wins."""
    report["weekday_missing"] = int(stays.sum())
    if name is None:
        rows.warnings.append(f"{WEEKDAY} is not in the file; it was derived from {DATE}.")
        return
    values, codes, _ = cells.distinct(rows.table.cells[name])
    absent = cells.is_missing(values)[codes][stays]
    wrong = ~absent & (cells.weekdays(values)[codes][stays] != _weekday(days[stays]))
    report.update(weekday_missing=int(absent.sum()), weekday_contradictions=int(wrong.sum()))
    if absent.any():
        rows.warnings.append(f"{WEEKDAY} is empty in {absent.sum()} rows; it was derived from {DATE}.")
    if wrong.any():
        line = rows.table.records.lines[stays][wrong][0]
        rows.warnings.append(
            f"{WEEKDAY} contradicts {DATE} in {wrong.sum()} rows (first in line {line}); the date was believed."
        )


def _further(rows: _Rows, contract: set[str], good: Bools, decimal: Decimal) -> list[Further]:
    found = []
    for name in rows.table.cells.columns.difference(list(contract), sort=False):
        column = rows.table.cells[name]
        column = column if good.all() else column[good]
        read = read_further(str(name), column, decimal)
        if name in rows.table.unnamed and read.role != "left_out":
            warning = f"Column {name} was left out: it has no name."
            read = Further(read.name, "left_out", read.values, read.missing, warning)
        found.append(read)
        if read.warning and not (name in rows.table.unnamed and read.missing == len(column)):
            rows.warnings.append(read.warning)
    return found


def _drop_duplicates(
    rows: _Rows, frame: pd.DataFrame, further: list[Further], dates: "pd.Series[Any]"
) -> Bools:
    again, series = duplicates(frame, further)
    mask = np.zeros_like(rows.bad)
    mask[np.flatnonzero(~rows.bad)[again]] = True
    rows.reject(mask, "duplicate_date", dates)
    if series:
        rows.warnings.append(f"Dates repeat; column {shown(series)} was taken to tell the series apart.")
    return again


def _all_rejected(rows: _Rows) -> pd.DataFrame:
    """All bad rows of a file in the order of their lines, those with a wrong number of cells too."""
    table = rows.table
    expected = str(len(table.cells.columns))
    reasons = [ROW_RULES["fields"].reason.format(value=n, expected=expected) for n in table.ragged_counts]
    if table.blank_lines:
        rows.warnings.append(f"{table.blank_lines} empty lines were passed over.")
    whole = pd.concat([*rows.pieces, _rejected(table.ragged, "fields", reasons)])
    return whole.sort_values("line", kind="stable", ignore_index=True)


def _rejected(
    records: Records, code: str, reasons: "Sequence[str] | npt.NDArray[np.object_]"
) -> pd.DataFrame:
    raw = records.raw(np.arange(len(records.lines)))
    text = {name: pd.Series(value, dtype="str") for name, value in (("reason", reasons), ("row", raw))}
    frame = pd.DataFrame({"line": records.lines, "code": code, **text})
    return frame.astype({"line": "int64", "code": "str"})[["line", "reason", "code", "row"]]


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


def _check_enough(report: Report, settings: Settings) -> None:
    kept, share = report["rows_kept"], report["rejected_share"]
    if not kept:
        raise refused(
            "No row can be used. See the reasons of the rows, correct them and upload again.", "no_good_rows"
        )
    if share > settings.MAX_REJECTED_SHARE:
        raise refused(
            f"{report['rows_rejected']} of {report['rows_in']} rows ({share:.0%}) are bad; at most "
            f"{settings.MAX_REJECTED_SHARE:.0%} may be. Correct them and upload the file again.",
            "too_many_rejected",
        )
    if kept < MIN_ROWS:
        raise refused(
            f"Only {kept} rows can be used; at least {MIN_ROWS} are needed. Upload more days of sales.",
            "too_few_rows",
            rows=kept,
            needed=MIN_ROWS,
        )
