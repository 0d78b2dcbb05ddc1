"""A forecast as a CSV file, for programs or for a spreadsheet in Spanish."""

from collections.abc import Mapping, Sequence
from typing import Any

from ventas.answer_columns import answer_columns
from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY
from ventas.spreadsheet import csv_bytes


def forecast_csv(questions: Sequence[Mapping[str, Any]], answer: Mapping[str, Any], *, excel: bool) -> bytes:
    """The days with their forecasts, UTF-8 with a BOM: comma and point, or for `excel` semicolon and comma.

    Parameters
    ----------
    questions: as they were sent to the API. answer: as `POST /predict/batch` gave it.
    """
    decimal, delimiter = (",", ";") if excel else (".", ",")
    contract = (DATE, WEEKDAY, PROMOTION, HOLIDAY)
    header = [*contract, *(name for name in questions[0] if name not in contract)]
    version = str(answer["model_version"])
    rows = (
        [*(_cell(asked[name], decimal) for name in header), *_told(given, decimal), version]
        for asked, given in zip(questions, answer["predictions"], strict=True)
    )
    return csv_bytes([*header, *answer_columns(header).values()], rows, delimiter)


def _told(given: Mapping[str, Any], decimal: str) -> list[str]:
    interval = given.get("interval") or {}
    figures = (given["prediction"], interval.get("low"), interval.get("high"))
    return ["" if value is None else f"{value:.2f}".replace(".", decimal) for value in figures]


def _cell(value: Any, decimal: str) -> str:
    return f"{value:.15g}".replace(".", decimal) if isinstance(value, float) else str(value)
