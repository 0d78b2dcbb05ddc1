"""A file of days to forecast -> the rows that a model can be asked about, and the bad ones with their reasons.

It is read as a sales file is, in any accepted dialect, but for its rules: it needs no sales, dates may repeat and
lie in the future, and of the further columns only those matter that the model reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas import cells
from ventas.answer_columns import answer_columns
from ventas.cells import Decimal
from ventas.cleaned import blank_remark
from ventas.contract import (
    CONTRACT_COLUMNS,
    DATE,
    DATE_DTYPE,
    HOLIDAY,
    PROMOTION,
    TARGET,
    WEEKDAY,
    Kind,
    contract_columns,
    normalised,
    refused,
    shown,
)
from ventas.errors import RejectedUpload
from ventas.ingest import compare_weekday
from ventas.promotion_plan import PLAN_COLUMNS
from ventas.quality import Report, column_report, dates_report, empty_report, rejected_report, rejection
from ventas.reader import Table, read_table
from ventas.rejections import ROW_RULES
from ventas.remarks import Remark, remark, remarks_report
from ventas.roles import series_texts
from ventas.rows import Bools, Rows, all_rejected, read_dates, read_flag, weekday_of
from ventas.served import ModelInput
from ventas.settings import Settings
from ventas.spreadsheet import csv_bytes

REQUIRED_COLUMNS = (DATE, PROMOTION, HOLIDAY)
HEADER = f"The header of a forecast file must name {', '.join(REQUIRED_COLUMNS)}."
_REPORT_COLUMNS = ("Línea", "Qué corregir", "Fila")
_ROLES = {DATE: "date", WEEKDAY: "weekday", PROMOTION: "promotion", HOLIDAY: "holiday"}

_LARGEST = 512 << 20  # bytes: a forecast file is read whole, however large a sales file may be


@dataclass(frozen=True)
class ForecastFile:
    """A forecast file that was read for one model.

    frame: the rows that can be scored, shape (rows, columns), raw columns under the model's names. good: which rows
    of `table` those are. rejected: columns line, reason, code, row. report: JSON-ready.
    """

    table: Table
    decimal: Decimal
    good: Bools
    frame: pd.DataFrame
    rejected: pd.DataFrame
    report: Report


def read_forecast_file(path: Path, settings: Settings, inputs: Sequence[ModelInput] = ()) -> ForecastFile:
    """Read the file at `path` for a model that reads `inputs`; bad rows stay aside while the good ones proceed.

    Raises RejectedUpload, with the report as far as it could be made, when the file cannot be read as a table
    (codes of `read_table`), has too many rows (`too_many_rows`), lacks a column (`missing_forecast_column`), or has
    no row that can be scored (`no_good_rows`).
    """
    report: Report = empty_report() | {"kind": Kind.FORECAST.value}
    try:
        most = min(settings.MAX_UPLOAD_BYTES, _LARGEST)
        table = read_table(path, settings.model_copy(update={"MAX_UPLOAD_BYTES": most}))
        report.update(table.as_report())
        _check_size(report["rows_in"], settings.MAX_BATCH_ROWS)
        columns = contract_columns(table.cells.columns, REQUIRED_COLUMNS, HEADER, "missing_forecast_column")
        report["dialect"]["decimal"] = decimal = _decimal(table, columns[DATE])
        return _judged(Rows(table, np.zeros(len(table.cells), dtype=bool)), columns, decimal, inputs, report)
    except RejectedUpload as error:
        raise rejection(error, report) from error


def _judged(
    rows: Rows, columns: dict[str, str], decimal: Decimal, inputs: Sequence[ModelInput], report: Report
) -> ForecastFile:
    days, read = _read(rows, columns, decimal, inputs)
    good = ~rows.bad
    compare_weekday(rows, columns.get(WEEKDAY), weekday_of(days[good]), good, report)
    report.pop("weekday_missing")
    if TARGET in columns:
        rows.remarks.append(remark("sales_unread"))
    rows.remarks += _names_taken(rows.table)
    rows.remarks += blank_remark(rows.table.blank_lines)
    rejected = all_rejected(rows)
    report.update(rejected_report(rejected, report["rows_in"]) | remarks_report(rows.remarks))
    if not good.any():
        raise _no_good_rows(rejected, report, rows.table.delimiter)
    frame = pd.DataFrame({name: column[good].reset_index(drop=True) for name, column in read.items()})
    frame.insert(0, DATE, days[good].astype(DATE_DTYPE))
    frame.insert(1, WEEKDAY, weekday_of(days[good]))
    frame = frame.astype({PROMOTION: np.int64, HOLIDAY: np.int64})
    report["dates"] = dates_report(frame[DATE], duplicated=0)
    report["columns"] = [_column(str(name), frame[name]) for name in frame]
    return ForecastFile(rows.table, decimal, good, frame, rejected, report)


def _names_taken(table: Table) -> list[Remark]:
    named = answer_columns([str(name) for name in table.cells])
    return [remark("answer_renamed", column=name, own=own) for name, own in named.items() if own != name]


def _no_good_rows(rejected: pd.DataFrame, report: Report, delimiter: str) -> RejectedUpload:
    first = report["rejected_examples"][0]
    fault = refused(
        f"No row can be forecast. Correct the rows and upload the file again. The first, line {first['line']}: "
        f"{first['reason']}",
        "no_good_rows",
    )
    fault.bad_rows = rejected_rows_csv(rejected, delimiter)
    return fault


def rejected_rows_csv(rejected: pd.DataFrame, delimiter: str) -> bytes:
    """The bad rows of a forecast file with line and what to correct, in Spanish, in the file's own delimiter."""
    told = rejected[["line", "code", "row"]].itertuples(index=False)
    rows = ([str(line), ROW_RULES[code].advice, row] for line, code, row in told)
    return csv_bytes(_REPORT_COLUMNS, rows, delimiter)


def _column(name: str, column: "pd.Series[Any]") -> Report:
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    return column_report(name, _ROLES.get(name, "numeric" if numeric else "categorical"), column)


def _check_size(rows: int, most: int) -> None:
    if rows > most:
        raise refused(
            f"The file has {rows:,} rows; a forecast file may have {most:,} at most. Split it into smaller files, or "
            "raise MAX_BATCH_ROWS.",
            "too_many_rows",
            max_rows=most,
        )


def _decimal(table: Table, date: str) -> Decimal:
    """The file's decimal mark: as any number proves it, else as goes with the delimiter."""
    commas = points = 0
    for name in table.cells.columns.drop(date):
        values, _, counts = cells.distinct(table.cells[name])
        comma, point, _ = cells.decimal_evidence(values, counts)
        commas, points = commas + comma, points + point
    if commas != points:
        return "," if commas > points else "."
    return "." if table.delimiter == "," else ","


def _read(
    rows: Rows, columns: dict[str, str], decimal: Decimal, inputs: Sequence[ModelInput]
) -> tuple[npt.NDArray[np.datetime64], dict[str, "pd.Series[Any]"]]:
    """The days, and the other columns of all rows, under the model's names; bad rows are marked in `rows`."""
    source = rows.table.cells
    days, places = read_dates(rows, source[columns[DATE]])
    read: dict[str, pd.Series[Any]] = {
        PROMOTION: pd.Series(read_flag(rows, source[columns[PROMOTION]], PROMOTION, "promotion")),
        HOLIDAY: pd.Series(read_flag(rows, source[columns[HOLIDAY]], HOLIDAY, "holiday")),
    }
    own_names = {normalised(str(name)): str(name) for name in source}
    for known in inputs:
        if known.name in CONTRACT_COLUMNS:
            continue
        name = own_names.get(normalised(known.name))
        if name is None and known.name in PLAN_COLUMNS:
            continue  # the rows themselves tell it
        if name is None and known.of_series:
            continue  # the series tells it
        if name is None:
            rows.remarks.append(remark("input_absent", column=shown(known.name)))
        elif known.kind == "text":
            read[known.name] = _texts(source[name], known, decimal)
        elif known.kind == "flag":
            read[known.name] = _flags(rows, source[name], known.name)
        else:
            read[known.name] = _numbers(rows, source[name], known.name, decimal)
    return days[places], read


def _numbers(rows: Rows, column: "pd.Series[Any]", name: str, decimal: Decimal) -> "pd.Series[Any]":
    """A further column of numbers, NaN where empty; a column that proves another mark for itself is read by that."""
    values, codes, counts = cells.distinct(column)
    absent = cells.is_missing(values)
    comma, point, _ = cells.decimal_evidence(values[~absent], counts[~absent])
    own: Decimal = decimal if comma == point else "," if comma > point else "."
    found = cells.numbers(values, own)
    mark = {",": "comma", ".": "point"}[own]
    rows.reject((np.isnan(found) & ~absent)[codes], "number_unreadable", column, name=name, decimal=mark)
    return pd.Series(np.where(absent, np.nan, found)[codes])


def _flags(rows: Rows, column: "pd.Series[Any]", name: str) -> "pd.Series[Any]":
    """A further column of 0 and 1 (open or closed, say), NaN where empty."""
    values, codes, _ = cells.distinct(column)
    absent, found = cells.is_missing(values), cells.flags(values)
    rows.reject((np.isnan(found) & ~absent)[codes], "flag_invalid", column, name=name)
    return pd.Series(np.where(absent, np.nan, found)[codes])


def _texts(column: "pd.Series[Any]", known: ModelInput, decimal: Decimal) -> "pd.Series[Any]":
    """A further column of texts, missing where empty; an id such as `007` is told as a sales file's numbers are."""
    values, codes, _ = cells.distinct(column)
    plain = series_texts(pd.Series(cells.numbers(values, decimal)))
    values = values.mask(~values.isin(known.categories) & (plain != ""), plain)
    return pd.Series(values.mask(values == "").array.take(codes), dtype="str")
