"""The part of the stub API that the page Pronóstico asks: predictions, recent sales, the champion's columns.

A day sells 1000, 100 more for each day of the week after Monday, 300 more with a promotion, half on a holiday.
Store 17 is closed on Sundays.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import Flask, Response, jsonify, request
from stub_parts import problem

LAST_SALES = date(2026, 11, 22)
STORE: dict[str, Any] = {
    "name": "Tienda",
    "kind": "id",
    "type": "number",
    "values": ["1", "2", "17"],
    "values_count": 3,
    "low": None,
    "high": None,
    "default": None,
    "whole": False,
    "of_series": False,
}
OPEN: dict[str, Any] = STORE | {
    "name": "Abierto",
    "kind": "flag",
    "values": [],
    "values_count": 0,
    "low": 0.0,
    "high": 1.0,
    "whole": True,
}
REGION: dict[str, Any] = STORE | {"name": "Región", "kind": "category", "type": "text", "of_series": True}
PRICE: dict[str, Any] = STORE | {
    "name": "Precio",
    "kind": "number",
    "values": [],
    "values_count": 0,
    "low": 1.5,
    "high": 12.0,
    "default": 4.25,
}
CITY: dict[str, Any] = STORE | {
    "name": "Ciudad",
    "kind": "category",
    "type": "text",
    "values": ["Rosario", "<b>Salta</b>"],
    "values_count": 2,
}


@dataclass
class ForecastData:
    """What is answered: `columns` of the champion and whether there are `actuals`; and what was `asked`."""

    columns: list[dict[str, Any]] = field(default_factory=list)
    actuals: bool = True
    batches: list[dict[str, Any]] = field(default_factory=list)
    sold: list[dict[str, str]] = field(default_factory=list)


def expected(row: dict[str, Any]) -> float:
    """The sales of a row as `POST /predict` takes it."""
    if closed(row) or row.get("Abierto") == 0:
        return 0.0
    usual = 1000 + 100 * (row["DíaDeLaSemana"] - 1) + 300 * row["Promociones"]
    return usual / 2 if row["Festivo"] else usual


def closed(row: dict[str, Any]) -> bool:
    """Store 17 is closed on Sundays, unless the row says that it opens."""
    return row.get("Tienda") == 17 and row["DíaDeLaSemana"] == 7 and row.get("Abierto") is None


def register(app: Flask, data: ForecastData) -> None:
    """Add the routes to the stub."""
    app.add_url_rule("/predict/batch", view_func=lambda: _batch(data), methods=["POST"], endpoint="batch")
    app.add_url_rule("/models/champion/columns", view_func=lambda: _columns(data), endpoint="columns")
    app.add_url_rule("/actuals", view_func=lambda: _actuals(data), endpoint="actuals")


def _batch(data: ForecastData) -> Response:
    given = request.get_json()
    data.batches.append(given)
    predictions = [_prediction(row) for row in given["rows"]]
    return jsonify({"model_version": 3, "recorded": given["record"], "predictions": predictions})


def _prediction(row: dict[str, Any]) -> dict[str, Any]:
    value = expected(row)
    return {
        "id": None,
        "prediction": value,
        "interval": {"low": value - 150, "high": value + 150, "coverage": 0.8},
        "Fecha": row["Fecha"],
        "date_assumed": False,
        "closed_assumed": closed(row),
        "series": str(row.get("Tienda", "")),
        "known": {"Fecha": True} | ({"Tienda": True, "open": "Abierto" in row} if "Tienda" in row else {}),
    }


def _columns(data: ForecastData) -> Response:
    series = "Tienda" if STORE in data.columns else None
    opening = "Abierto" if OPEN in data.columns else None
    return jsonify({"model_version": 3, "series": series, "open": opening, "columns": data.columns})


def _actuals(data: ForecastData) -> Response:
    data.sold.append(dict(request.args))
    if not data.actuals:
        return problem(404, "Not found", "There are no sales yet.", errors=[])
    until = min(date.fromisoformat(request.args["until"]), LAST_SALES)
    days = [until - timedelta(days=back) for back in range(request.args.get("limit", 100, int))]
    return jsonify([_sale(day) for day in days])


def _sale(day: date) -> dict[str, Any]:
    flags = {"Promociones": int(day.day % 9 == 0), "Festivo": int(day.day == 12)}
    sales = expected({"DíaDeLaSemana": day.isoweekday()} | flags) + day.day * 37 % 90 - 45
    promotion, holiday = (float(value) for value in flags.values())
    return {"date": str(day), "sales": sales, "promotion": promotion, "holiday": holiday, "series": 1}
