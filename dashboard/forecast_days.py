"""The days of a forecast as plain rows: what is asked about each, and what the answers come to together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY
from ventas.public_holidays import holidays_between

Row = dict[str, Any]

MOST_DAYS = 92
_LARGEST_INTEGER = 2**53  # from there on a float stands for several
HISTORY_DAYS = 56
# What is answered for every range: the days as they were entered, and what if all or none had a promotion.
ENTERED, ALL, NONE = "entered", "all", "none"
SCENARIOS: dict[str, int | None] = {ENTERED: None, ALL: 1, NONE: 0}


@dataclass(frozen=True)
class Change:
    """What a scenario changes of the total: in units, and as a share of it (None where the total is 0)."""

    units: float
    share: float | None


def length(first: str, last: str) -> int:
    """How many days there are from one ISO date to another, both included."""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def days_between(first: str, last: str) -> list[date]:
    """Every day from one ISO date to another, both included; none where the last comes first."""
    start = date.fromisoformat(first)
    return [start + timedelta(days=number) for number in range(length(first, last))]


def day_rows(days: Sequence[date], place: str, language: str) -> list[Row]:
    """A row for each day, without promotion, public holidays of `place` filled in with their names."""
    if not days:
        return []
    named = holidays_between(place, days[0], days[-1], language)
    return [
        {"date": day.isoformat(), "promotion": False, "holiday": day in named, "name": named.get(day, "")}
        for day in days
    ]


def kept(rows: Sequence[Row], before: Sequence[Row]) -> list[Row]:
    """`rows`, where a day that was there `before` keeps what was entered for it."""
    entered = {row["date"]: row for row in before}
    return [
        row | {name: entered[row["date"]][name] for name in ("promotion", "holiday")}
        if row["date"] in entered
        else row
        for row in rows
    ]


def questions(rows: Sequence[Row], further: Mapping[str, Any], promotion: int | None = None) -> list[Row]:
    """The rows as the API takes them; `promotion` is set on all of them unless it is None."""
    return [
        {
            DATE: row["date"],
            WEEKDAY: date.fromisoformat(row["date"]).isoweekday(),
            PROMOTION: int(row["promotion"]) if promotion is None else promotion,
            HOLIDAY: int(row["holiday"]),
            **further,
        }
        for row in rows
    ]


def further_values(columns: Sequence[Row], entered: Sequence[Any]) -> Row:
    """What was entered for the champion's further columns, as JSON of the right type; empty ones are left out."""
    given = zip(columns, entered, strict=True)
    return {column["name"]: _typed(column, value) for column, value in given if value not in (None, "")}


def _typed(column: Row, value: Any) -> Any:
    if column["type"] == "text":
        return str(value)
    try:
        number = float(value)
    except ValueError:  # the API says which field it is and what it may be
        return str(value)
    return int(number) if number.is_integer() and abs(number) < _LARGEST_INTEGER else number


def scenario_days(rows: Sequence[Row], answers: Sequence[Row], promotion: int | None) -> list[Row]:
    """Each day with its answer: date, promotion, holiday, name, prediction, closed_assumed, and low, high and
    coverage of its interval (None without).
    """
    return [
        row
        | {"promotion": row["promotion"] if promotion is None else bool(promotion)}
        | {"prediction": answer["prediction"], "closed_assumed": bool(answer.get("closed_assumed"))}
        | {end: (answer.get("interval") or {}).get(end) for end in ("low", "high", "coverage")}
        for row, answer in zip(rows, answers, strict=True)
    ]


def total(days: Sequence[Row]) -> float:
    """The sum of the forecasts."""
    return float(sum(day["prediction"] for day in days))


def change(days: Sequence[Row], entered: Sequence[Row]) -> Change:
    """How far the total of `days` is from that of the days as they were entered."""
    before = total(entered)
    units = total(days) - before
    return Change(units, units / before if before else None)


def odds(coverage: float) -> tuple[int, int]:
    """A share as so many of so many, in the smallest numbers that say it: 0.8 -> (8, 10), 0.95 -> (95, 100)."""
    tenths = coverage * 10
    return (round(tenths), 10) if abs(tenths - round(tenths)) < 1e-9 else (round(coverage * 100), 100)
