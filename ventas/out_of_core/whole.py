"""The report's facts about all kept rows of a file that is cleaned on disk."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ventas.cleaned import ROLES, today_remark, weekday_remarks
from ventas.contract import DATE, DATE_DTYPE, HOLIDAY, PROMOTION, TARGET, WEEKDAY
from ventas.out_of_core.columns import Column
from ventas.out_of_core.database import Database, known, select
from ventas.out_of_core.staging import ABSENT, WRONG
from ventas.quality import EXAMPLES, LINES_PER_CODE, Report, dates_report, gap_report, rejected_part
from ventas.remarks import Remark
from ventas.roles import series_texts
from ventas.rows import weekday_of
from ventas.sales_curve import sales_curve
from ventas.series import remarks_on_keys

_IN_DATABASE = {PROMOTION: "promotion", HOLIDAY: "holiday", TARGET: "sales"}


def key_remarks(database: Database, keys: Sequence[Column]) -> list[Remark]:
    """What the sender should know of the columns that tell the series apart."""

    def empty() -> tuple[int, int]:
        rows, line = database.one(
            select("count(*), coalesce(min(line), 0)", "kept", f"WHERE {keys[0].sql} IS NULL")
        )
        return int(rows), int(line)

    return remarks_on_keys([(key.name, key.role) for key in keys], empty)


def weekdays_told(database: Database, report: Report, *, named: bool) -> list[Remark]:
    """Count the kept rows whose weekday is absent or contradicts the date; `named`: the file has such a column."""
    absent, wrong, line = database.one(
        select(
            f"count(*) FILTER (weekday = {ABSENT}), count(*) FILTER (weekday = {WRONG}), "
            f"min(line) FILTER (weekday = {WRONG})",
            "kept",
        )
    )
    report["weekday_missing"] = int(absent)
    if named:
        report["weekday_contradictions"] = int(wrong)
    return weekday_remarks(named=named, absent=int(absent), wrong=int(wrong), line=int(line or 0))


def late_remarks(database: Database, today: date) -> list[Remark]:
    """Remark on the kept rows that lie in the future."""
    day = int(np.datetime64(today, "D").astype(np.int64))
    rows, line = database.one(select("count(*), min(line)", "kept", f"WHERE day > {day}"))
    return [today_remark(today, int(rows), int(line))] if rows else []


def rejected_facts(database: Database, rows_in: int) -> Report:
    """As `quality.rejected_report`, of the view `rejected`."""
    counted = database.all(
        select("code, count(*)", "rejected", "GROUP BY code ORDER BY count(*) DESC, min(line)")
    )
    lines = {
        code: [
            line
            for (line,) in database.all(
                select("line", "rejected", "WHERE code = ?", _first(LINES_PER_CODE)), [code]
            )
        ]
        for code in sorted(code for code, _ in counted)
    }
    examples = database.all(select("line, reason, code", "rejected", _first(EXAMPLES)))
    return rejected_part(rows_in, dict(counted), lines, examples)


def _first(rows: int) -> str:
    return f"ORDER BY line LIMIT {rows}"


def by_day(database: Database) -> pd.DataFrame:
    """One row for each day with kept rows: its date, and the sum of its sales."""
    days, _, sold = database.days()
    return pd.DataFrame({DATE: days.astype("datetime64[D]").astype(DATE_DTYPE), TARGET: sold})


def facts(database: Database, further: Sequence[Column], series: Column | None, report: Report) -> None:
    """Fill in the report's dates, sales curve and columns; `report` has its rejected rows already."""
    daily = by_day(database)
    again = report["dropped"].get("duplicate_date", 0)
    report["dates"] = dates_report(daily[DATE], again)
    if series is not None:
        report["dates"].update(_gaps(database, series))
    report["sales_curve"] = sales_curve(daily)
    report["columns"] = [
        *_contract_columns(database, daily, report.pop("weekday_missing")),
        *_further_columns(database, further),
    ]


def _gaps(database: Database, series: Column) -> Report:
    """The days that are missing within the series, of which each has a row for a day at most, and the first gaps."""
    name = series.sql
    spans = select(
        "max(day) - min(day) + 1 - count(*) AS missing", "kept", f"WHERE {known([name])} GROUP BY {name}"
    )
    missing = database.one(select("coalesce(sum(missing), 0)", f"({spans})"))[0]
    if not missing:
        return {"missing_days": 0, "gaps": []}
    found = [
        row
        for part in database.parts("kept", [name, "rn"], known([name]), together=[name])
        for row in _first_gaps(database, name, part)
    ]
    found = sorted(found, key=lambda row: (row[1], row[3]))[:EXAMPLES]
    names = series_texts(
        pd.Series([row[0] for row in found], dtype="str" if series.reading == "text" else "float64")
    )
    gaps = [
        gap_report(np.datetime64(day, "D"), np.datetime64(after, "D")) | {"series": one}
        for (_, day, after, _), one in zip(found, names, strict=True)
    ]
    return {"missing_days": int(missing), "gaps": gaps}


def _first_gaps(database: Database, name: str, part: str) -> list[tuple[Any, ...]]:
    """The first gaps of some series: the series, the days before and after, and the series' first row."""
    steps = select(
        f"{name}, day, lead(day) OVER (PARTITION BY {name} ORDER BY day) AS next, "
        f"min(rn) OVER (PARTITION BY {name}) AS first",
        "kept",
        f"WHERE {part}",
    )
    gaps = f"WHERE next - day > 1 ORDER BY day, first LIMIT {EXAMPLES}"
    return database.all(select(f"{name}, day, next, first", f"({steps})", gaps))


def _contract_columns(database: Database, daily: pd.DataFrame, weekday_missing: int) -> list[Report]:
    days = daily[DATE].to_numpy().astype("datetime64[D]")
    found: dict[str, tuple[Any, Any]] = {DATE: (None, None), WEEKDAY: (None, None)}
    if len(days):
        weekdays = weekday_of(days)
        found = {
            DATE: (str(days.min()), str(days.max())),
            WEEKDAY: (float(weekdays.min()), float(weekdays.max())),
        }
    found |= dict(zip(_IN_DATABASE, _extremes(database, list(_IN_DATABASE.values())), strict=True))
    return [
        {
            "name": name,
            "role": role,
            "missing": weekday_missing if name == WEEKDAY else 0,
            "min": found[name][0],
            "max": found[name][1],
        }
        for name, role in ROLES.items()
    ]


def _further_columns(database: Database, further: Sequence[Column]) -> list[Report]:
    numeric = [column.sql for column in further if column.role == "numeric"]
    extremes = dict(zip(numeric, _extremes(database, numeric), strict=True))
    return [
        {
            "name": column.name,
            "role": column.role,
            "missing": column.missing,
            "min": extremes.get(column.sql, (None, None))[0],
            "max": extremes.get(column.sql, (None, None))[1],
        }
        for column in further
    ]


def _extremes(database: Database, columns: Sequence[str]) -> list[tuple[float | None, float | None]]:
    """The lowest and the highest value of each column."""
    if not columns:
        return []
    found = database.one(select(", ".join(f"min({name}), max({name})" for name in columns), "kept"))
    return [
        (None, None) if low is None else (float(low), float(high))
        for low, high in zip(found[::2], found[1::2], strict=True)
    ]
