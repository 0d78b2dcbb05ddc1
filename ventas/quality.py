"""The quality report of an upload: what was read, what was dropped and why, and how to say it to a sales person.

The report is JSON-serialisable and free of NaN; its keys are read by the dashboard and the CLI.
"""

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ventas.contract import Kind
from ventas.errors import RejectedUpload
from ventas.ordering import Ints, day_numbers, gaps, ranks
from ventas.rejections import DETAIL_NAMES, FILE_ADVICE, LEAK_ADVICE, LEAK_REMEDY, ROW_RULES
from ventas.series import SeriesOfRows
from ventas.spreadsheet import FORMULA_STARTS

Report = dict[str, Any]

_DAY = "datetime64[D]"
EXAMPLES = 20  # how many bad rows, gaps and outliers a report names
MOST_BAD_ROWS = 100_000  # of a rejected file are kept; who corrects them finds the pattern before that
LINES_PER_CODE = 10
_FILES = {Kind.SALES: "ventas", Kind.FORECAST: "pronóstico"}


def empty_report() -> Report:
    """A report with every key and nothing counted yet."""
    return {
        "rows_in": 0,
        "rows_kept": 0,
        "rows_rejected": 0,
        "rows_older": 0,
        "rejected_share": 0.0,
        "dropped": {},
        "dropped_lines": {},
        "dialect": {"encoding": None, "delimiter": None, "decimal": None, "gzip": None},
        "columns": [],
        "dates": dates_report(pd.Series([], dtype="datetime64[ns]"), duplicated=0),
        "weekday_contradictions": 0,
        "series": "",
        "series_count": 0,
        "open": "",
        "closed_rows": 0,
        "leaks": [],
        "sales_curve": {"days": 1, "points": []},
        "warnings": [],
        "remarks": [],
        "rejected_examples": [],
    }


def rejected_report(rejected: pd.DataFrame, rows_in: int) -> Report:
    """The report's part about bad rows; `rejected` has the columns line, reason, code, row, sorted by line."""
    lines = {
        str(code): [int(line) for line in group.head(LINES_PER_CODE)]
        for code, group in rejected.groupby("code", sort=True)["line"]
    }
    dropped = {str(code): int(count) for code, count in rejected["code"].value_counts().items()}
    examples = rejected[["line", "reason", "code"]].head(EXAMPLES).itertuples(index=False)
    return rejected_part(rows_in, dropped, lines, examples)


def rejected_part(
    rows_in: int,
    dropped: dict[str, int],
    lines: dict[str, list[int]],
    examples: Iterable[tuple[int, str, str]],
) -> Report:
    """The same of counts and first lines by code, and the first bad rows as line, reason and code."""
    rejected = sum(dropped.values())
    return {
        "rows_in": rows_in,
        "rows_kept": rows_in - rejected,
        "rows_rejected": rejected,
        "rejected_share": rejected / rows_in if rows_in else 0.0,
        "dropped": dropped,
        "dropped_lines": lines,
        "rejected_examples": [
            {"line": int(line), "reason": str(reason), "code": str(code)} for line, reason, code in examples
        ],
    }


def column_report(name: str, role: str, column: "pd.Series[Any]", missing: int | None = None) -> Report:
    """One column's line in the report; `min` and `max` are numbers or ISO dates, None for text."""
    ordered = role not in ("categorical", "id", "left_out")
    return {
        "name": name,
        "role": role,
        "missing": int(column.isna().sum()) if missing is None else missing,
        "min": _plain(column.min()) if ordered else None,
        "max": _plain(column.max()) if ordered else None,
    }


def dates_report(dates: "pd.Series[Any]", duplicated: int, series: SeriesOfRows | None = None) -> Report:
    """First and last date, and the runs of missing days between them (`from` and `to` are missing themselves).

    With `series`, days are missing between the first and last date of their series, all of them are counted, and
    each gap tells its `series`.
    """
    days = day_numbers(dates.to_numpy())
    return {
        "first": str(days.min().astype(_DAY)) if len(days) else None,
        "last": str(days.max().astype(_DAY)) if len(days) else None,
        "distinct": len(ranks(days)[1]),
        **_missing_days(days, series),
        "duplicated": duplicated,
    }


def _missing_days(days: Ints, series: SeriesOfRows | None) -> Report:
    """How many days are missing, and the first gaps."""
    codes = np.zeros_like(days)
    if series is not None:
        known = series.places >= 0
        codes, days = series.places[known], days[known]
    codes, before, after = gaps(codes, days)
    first = np.argsort(before, kind="stable")[:EXAMPLES]
    whose = [{} if series is None else {"series": series.names[codes[gap]]} for gap in first]
    told = [gap_report(before[gap].astype(_DAY), after[gap].astype(_DAY)) for gap in first]
    return {
        "missing_days": int((after - before - 1).sum()),
        "gaps": [gap | name for gap, name in zip(told, whose, strict=True)],
    }


def rejection(error: RejectedUpload, report: Report) -> RejectedUpload:
    """`error` with the full report attached; its own details stand under `rejection`."""
    details = error.report.get("details", {})
    report = {**report, "rejection": {"code": error.code, "message": str(error), "details": details}}
    return RejectedUpload(str(error), code=error.code, report=report, bad_rows=error.bad_rows)


def rejected_csv_bytes(rejected: pd.DataFrame) -> bytes:
    """The bad rows as CSV, safe to open in a spreadsheet.

    UTF-8 with BOM, so that spreadsheets show accents; a cell that a spreadsheet would take for a formula gets a
    leading apostrophe (OWASP, CSV injection).
    """
    safe = rejected.copy()
    for name in safe.columns.drop("line"):
        text = safe[name].astype("str")
        safe[name] = text.where(~text.str.startswith(FORMULA_STARTS), "'" + text)
    buffer = io.StringIO(newline="")
    safe.to_csv(buffer, index=False, lineterminator="\n")
    return buffer.getvalue().encode("utf-8-sig")


def rejection_report_text(report: Report) -> str:
    """A short Markdown text in Spanish: what was wrong with an upload, in which lines, and what to do."""
    parts = [*_verdict(report), *_row_faults(report), *_leaks(report)]
    return "\n".join(parts).strip() + "\n"


def _verdict(report: Report) -> list[str]:
    refusal = report.get("rejection")
    counted = (
        f"Filas leídas: {report.get('rows_in', 0)}. Válidas: {report.get('rows_kept', 0)}. "
        f"Con errores: {report.get('rows_rejected', 0)}."
    )
    if not refusal:
        return ["# Archivo de ventas aceptado", "", counted, ""]
    advice = FILE_ADVICE.get(refusal["code"], "El archivo no cumple el formato acordado.")
    details = [
        f"- {DETAIL_NAMES[name]}: {_listed(value)}"
        for name, value in (refusal.get("details") or {}).items()
        if name in DETAIL_NAMES
    ]
    return [
        f"# Archivo de {_FILES[Kind(report.get('kind') or Kind.SALES)]} rechazado",
        "",
        advice,
        "",
        *details,
        *([""] if details else []),
        counted,
        "",
    ]


def _row_faults(report: Report) -> list[str]:
    dropped: dict[str, int] = report.get("dropped") or {}
    if not dropped:
        return []
    lines = report.get("dropped_lines") or {}
    return [
        "## Filas con errores",
        "",
        *(_row_fault(code, count, lines.get(code, [])) for code, count in dropped.items()),
        "",
        f"El encabezado es la línea 1. {_where_all_are(report)}",
    ]


def _where_all_are(report: Report) -> str:
    if not report.get("rejection"):
        return "Todas están en `rejected.csv`."
    capped = report["rows_rejected"] > MOST_BAD_ROWS
    which = f"Las primeras {MOST_BAD_ROWS}" if capped else "Todas"
    return f"{which} están en `rejected.csv`, que se descarga en la página de la ejecución."


def _row_fault(code: str, count: int, lines: list[int]) -> str:
    rule = ROW_RULES.get(code)
    where = ", ".join(map(str, lines)) + (", …" if count > len(lines) else "")
    rows = "1 fila" if count == 1 else f"{count} filas"
    return f"- **{rows}** (línea{'s' if count > 1 else ''} {where}): {rule.advice if rule else code}"


def _leaks(report: Report) -> list[str]:
    leaks = report.get("leaks") or []
    if not leaks:
        return []
    said = [LEAK_ADVICE[leak["kind"]].format(name=leak["name"]) for leak in leaks]
    return ["", "## Columnas por revisar", "", *(f"- {text}" for text in said), "", LEAK_REMEDY]


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def gap_report(before: np.datetime64, after: np.datetime64) -> Report:
    """The missing days between two days that are there."""
    first, last = before + np.timedelta64(1, "D"), after - np.timedelta64(1, "D")
    return {"from": str(first), "to": str(last), "days": int((after - before).astype(np.int64)) - 1}


def _plain(value: Any) -> float | str | None:
    """A number or ISO date, None for the least or greatest of nothing."""
    if pd.isna(value):
        return None
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else float(value)
