"""Asking the API for a forecast: what the page keeps of it is one plain object, in the browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboard import context, formats
from dashboard.forecast_days import (
    ENTERED,
    HISTORY_DAYS,
    SCENARIOS,
    Row,
    further_values,
    questions,
    scenario_days,
)
from dashboard.i18n import gettext as _
from dashboard.problems import ApiProblem
from ventas.contract import DATE, HOLIDAY, PROMOTION

# Keys of the API's `known` that are no column of series.
NO_SERIES = (DATE, "plan", "open")
# Older sales than this before the first day would stand at the other end of the chart.
LONGEST_SILENCE_DAYS = 60


@dataclass(frozen=True)
class Wanted:
    """What was entered beside the days: `champion` as the API tells its columns, `entered` a value for each."""

    champion: Row
    entered: Sequence[Any]

    @property
    def further(self) -> Row:
        """The values to send, as the API takes them."""
        return further_values(self.champion.get("columns", []), self.entered)

    @property
    def series(self) -> str:
        """The series that was chosen, as text; "" where none is, or the champion knows only one."""
        given = zip(self.champion.get("columns", []), self.entered, strict=True)
        chosen = (value for column, value in given if column["name"] == self.champion.get("series"))
        return str(next(chosen, "") or "")

    @property
    def missing_series(self) -> str:
        """The column that tells series apart, where it was left empty; else ""."""
        return "" if self.series else str(self.champion.get("series") or "")


def without_series(column: str) -> Row:
    """What stands for a forecast where the series was not chosen: no model answers for all of them together."""
    return {"missing_series": column}


def of_one_day(values: Row, wanted: Wanted) -> Row:
    """One day, kept in the history; `values` are the contract's. Raises ApiProblem."""
    answer = context.api().predict(values | wanted.further)
    flags = {"promotion": bool(values[PROMOTION]), "holiday": bool(values[HOLIDAY])}
    row = {"date": answer[DATE], **flags, "name": ""}
    return _kept([row], {ENTERED: _batch([answer], answer["model_version"])}, wanted)


def of_days(rows: list[Row], wanted: Wanted) -> Row:
    """Several days as they were entered, kept in the history, and what if, which is not. Raises ApiProblem."""
    api, further = context.api(), wanted.further
    answers = {
        name: api.predict_batch(questions(rows, further, promotion), record=name == ENTERED)
        for name, promotion in SCENARIOS.items()
    }
    return _kept(rows, answers, wanted)


def days_of(kept: Row, scenario: str) -> list[Row]:
    """The days with their answers in one scenario, as `scenario_days` gives them."""
    return scenario_days(kept["rows"], kept["answers"][scenario]["predictions"], SCENARIOS[scenario])


def _batch(answers: list[Row], version: int) -> Row:
    return {"model_version": version, "predictions": answers}


def _kept(rows: list[Row], answers: Row, wanted: Wanted) -> Row:
    sold, note = _sold(rows, wanted)
    return {
        "rows": rows,
        "further": wanted.further,
        "answers": answers,
        "missing_series": wanted.missing_series or _unnamed_series(answers[ENTERED]["predictions"][0]),
        "sold": sold,
        "note": note,
    }


def _unnamed_series(answer: Row) -> str:
    """The column that tells series apart where the answer is of none; "" where it is of one, or there is one only.

    The page may be older than the champion, and then knows nothing of that column.
    """
    known = answer.get("known") or {}
    unknown = (name for name, given in known.items() if not given and name not in NO_SERIES)
    return "" if answer.get("series") else next(unknown, "")


def _sold(rows: list[Row], wanted: Wanted) -> tuple[list[Row], str]:
    """The sales of the weeks before the days, newest first, and why there are none or whose they are."""
    if wanted.missing_series:
        return [], ""
    first, last = rows[0]["date"], rows[-1]["date"]
    try:
        found = context.api().actuals(last, HISTORY_DAYS + len(rows), wanted.series or None)
    except ApiProblem as problem:
        if problem.missing:
            return [], _("Todavía no hay ventas que mostrar.")
        return [], _("Las ventas recientes no se pueden mostrar ahora.")
    within = [row for row in found if row["date"] >= first]
    before = [row for row in found if row["date"] < first][:HISTORY_DAYS]
    if before and _silence(before[0]["date"], first) > LONGEST_SILENCE_DAYS:
        told = _(
            "Las últimas ventas que conoce el sistema son del {day}: quedan muy lejos de estos días para mostrarlas "
            "al lado, y el modelo no sabe nada de lo que pasó desde entonces."
        )
        return within, told.format(day=formats.day(before[0]["date"]))
    return within + before, ""


def _silence(last: str, first: str) -> int:
    """Days from the last sales to the first day of the forecast."""
    return (date.fromisoformat(first) - date.fromisoformat(last)).days
