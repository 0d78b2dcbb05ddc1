"""The history as CSV, made while it is sent: a million rows need no memory."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from api.past import past_prediction
from api.schemas_history import PastPrediction
from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY
from ventas.ledger.history import History
from ventas.ledger.history_filter import HistoryFilter
from ventas.spreadsheet import csv_bytes

BOM = b"\xef\xbb\xbf"
HEADER = (
    *("id", "timestamp", "model_version", DATE, WEEKDAY, PROMOTION, HOLIDAY, "series"),
    *("prediction", "low", "high", "actual", "error"),
)
# `excel` is for people who work in Spanish.
EXCEL_HEADER = (
    *(
        "Número",
        "Consultado",
        "Versión del modelo",
        "Fecha",
        "Día de la semana",
        "Promociones",
        "Festivo",
        "Serie",
    ),
    *("Pronóstico", "Mínimo", "Máximo", "Ventas", "Error"),
)


def history_csv(history: History, wanted: HistoryFilter, zone: ZoneInfo, *, excel: bool) -> Iterator[bytes]:
    """The file in pieces, newest predictions first; `excel` is for spreadsheets in Spanish.

    The first piece is read before this returns, so that a database that is away is told as an error.
    """
    delimiter = ";" if excel else ","
    parts = history.all(wanted)
    first = next(parts, ())

    def pieces() -> Iterator[bytes]:
        yield csv_bytes(EXCEL_HEADER if excel else HEADER, (), delimiter)
        rows = first
        while rows:
            cells = [_cells(past_prediction(past, zone), zone, excel=excel) for past in rows]
            yield csv_bytes((), cells, delimiter).removeprefix(BOM).removeprefix(b"\n")
            rows = next(parts, ())

    return pieces()


def _cells(row: PastPrediction, zone: ZoneInfo, *, excel: bool) -> list[str]:
    given, interval = row.input_data, row.interval
    numbers = (
        *(row.prediction, interval.low if interval else None, interval.high if interval else None),
        *(row.actual, row.error),
    )
    whole = (given.get(name) for name in (WEEKDAY, PROMOTION, HOLIDAY))
    return [
        str(row.id),
        _moment(row.timestamp, zone, excel=excel),
        str(row.model_version),
        str(row.Fecha or ""),
        *("" if value is None else str(value) for value in whole),
        row.series,
        *(_number(value, excel=excel) for value in numbers),
    ]


def _moment(moment: datetime, zone: ZoneInfo, *, excel: bool) -> str:
    """ISO 8601 in UTC; for a spreadsheet the business's own clock, which it reads as a date."""
    if excel:
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return moment.isoformat().replace("+00:00", "Z")


def _number(value: float | None, *, excel: bool) -> str:
    if value is None:
        return ""
    return f"{value:.2f}".replace(".", ",") if excel else repr(value)
