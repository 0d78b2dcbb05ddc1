"""The history of the stub API: entries with what was sold, filters and orders, a file, and what is behind a row."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

if TYPE_CHECKING:
    from stub_api import StubApi

NOW = datetime(2026, 11, 23, 17, 40, tzinfo=UTC)
SOLD_UNTIL = date(2026, 11, 30)
HOSTILE_COLUMN = "<b>Ciudad</b>"


def prediction(number: int) -> dict[str, Any]:
    """A history entry; the second model version answers from number 41 on, sales are known up to SOLD_UNTIL."""
    day = date(2026, 11, 24) + timedelta(days=number % 21)
    holiday, promotion = int(number % 9 == 0), int(number % 3 == 0)
    value = 900 + 85.17 * day.isoweekday() + 260 * promotion - 190 * holiday + (number * 37 % 50)
    value += 0 if number < 41 else 45.5
    latest = number > 59 or 20 <= number <= 40
    known = day <= SOLD_UNTIL and latest
    given = {"DíaDeLaSemana": day.isoweekday(), "Promociones": promotion, "Festivo": holiday}
    return {
        "id": number,
        "input_data": given | ({HOSTILE_COLUMN: "<i>Salta</i>"} if number == 80 else {}),
        "prediction": value,
        "interval": {"low": value - 110, "high": value + 95.5, "coverage": 0.8},
        "timestamp": (NOW - timedelta(hours=80 - number)).isoformat().replace("+00:00", "Z"),
        "model_version": 1 if number < 41 else 2,
        "Fecha": day.isoformat(),
        "date_assumed": False,
        "series": "",
        "actual": value - 40 + number if known else None,
        "error": 40.0 - number if known else None,
        "no_actual": None if known else "no_sales_yet" if latest else "later_prediction",
    }


def live(segment: str) -> list[dict[str, Any]]:
    """Live errors of two versions by week or month, and one of a shadow."""
    firsts = ["2026-11-02", "2026-11-09", "2026-11-16"] if segment == "week" else ["2026-10", "2026-11"]
    return [
        {
            "model_version": version,
            "shadow": shadow,
            "segment": first,
            "rows": 7,
            "first": f"{first}-01"[:10],
            "last": f"{first}-05"[:10],
            "rmse": 70.0 + 12 * version + 3 * place,
        }
        for version, shadow in ((2, True), (2, False), (1, False))
        for place, first in enumerate(firsts)
    ]


def register(app: Flask, data: "StubApi") -> None:
    """Add the routes."""
    app.add_url_rule("/history/", view_func=lambda: _page(data), endpoint="history")
    app.add_url_rule("/history/predictions.csv", view_func=lambda: _file(data), endpoint="history-file")
    app.add_url_rule("/history/<int:number>", view_func=lambda number: _one(data, number), endpoint="past")
    app.add_url_rule("/history/<int:number>/lineage", view_func=_lineage, endpoint="lineage")


def _fits(entry: dict[str, Any]) -> bool:
    given, args = entry["input_data"], request.args
    flags = {"promotion": "Promociones", "holiday": "Festivo"}
    return (
        args.get("model_version", entry["model_version"], int) == entry["model_version"]
        and args.get("weekday", given["DíaDeLaSemana"], int) == given["DíaDeLaSemana"]
        and all((args[name] == "true") == bool(given[key]) for name, key in flags.items() if name in args)
        and args.get("since", "") <= entry["Fecha"] <= args.get("until", "9999")
        and ("has_actual" not in args or entry["actual"] is not None)
    )


def _page(data: "StubApi") -> Response:
    found = [entry for entry in data.history if _fits(entry)]
    sort = request.args.get("sort", "-id")
    name = sort.removeprefix("-")
    if name == "error":
        found = [entry for entry in found if entry["error"] is not None]
    found.sort(key=lambda entry: abs(entry[name]) if name == "error" else entry[name])
    if sort.startswith("-"):
        found.reverse()
    skip, limit = request.args.get("skip", 0, int), request.args.get("limit", 100, int)
    response = jsonify(found[skip : skip + limit])
    response.headers["X-Total-Count"] = str(len(found))
    return response


def _file(data: "StubApi") -> Response:
    mark = ";" if request.args.get("excel") == "true" else ","
    lines = [mark.join(("id", "prediction"))]
    lines += [mark.join((str(one["id"]), "1")) for one in data.history if _fits(one)]
    return Response("\ufeff" + "\n".join(lines) + "\n", content_type="text/csv; charset=utf-8")


def _one(data: "StubApi", number: int) -> Response:
    return jsonify(next(entry for entry in data.history if entry["id"] == number))


def _lineage(number: int) -> Response:
    entry = prediction(number)
    upload = {
        "run_id": "run-8",
        "bucket": "ventas",
        "key": "sucursal <b>norte</b>/ventas.csv",
        "version_id": "b7c9-run-8",
        "uploaded_at": "2026-11-20T12:00:00Z",
        "rows": 1079,
        "dataset": ["s3://data/runs/run-8/train.csv", "s3://data/runs/run-8/test.csv"],
    }
    known = entry["actual"] is not None
    return jsonify(
        {
            "id": number,
            "model_version": entry["model_version"],
            "mlflow_run_id": "mlflow-2",
            "model": upload,
            "actual": upload | {"run_id": "run-1", "key": "ventas-noviembre.csv"} if known else None,
            "counts": number if known else 61 if entry["no_actual"] == "later_prediction" else None,
            "date": entry["Fecha"],
            "judged_at": "2026-12-01T09:00:00Z" if known else None,
        }
    )
