"""The stub's routes about one model version, and what the admin token lets change."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import stub_runs
from flask import Flask, Response, jsonify, request
from stub_parts import TOKEN, listed

if TYPE_CHECKING:
    from stub_api import StubApi

HOSTILE_COLUMN = "<b>Clima</b><img src=x onerror=alert(1)>"
OLDEST_WITH_FILES = 2  # version 1 is of an earlier release


def add_routes(app: Flask, data: "StubApi") -> None:
    """Add the routes to the stub."""
    app.add_url_rule(
        "/models/<int:version>", view_func=lambda version: _detail(data, version), endpoint="model"
    )
    app.add_url_rule(
        "/models/<int:version>/card", view_func=lambda version: _file(data, version, card), endpoint="card"
    )
    app.add_url_rule(
        "/models/<int:version>/predictions",
        view_func=lambda version: _file(data, version, predictions),
        endpoint="predictions",
    )
    app.add_url_rule("/models/<int:version>/losses", view_func=lambda version: listed([]), endpoint="losses")
    app.add_url_rule("/accuracy", view_func=lambda: _accuracy(data), endpoint="accuracy")
    for action in ("promote", "approve"):
        app.add_url_rule(
            f"/models/<int:version>/{action}",
            view_func=lambda version, action=action: _change(data, version, action),
            methods=["POST"],
            endpoint=action,
        )


def card(version: int) -> dict[str, Any]:
    """A model card; versions differ a little in everything."""
    error = 80.0 + 4 * version
    segments = [("weekday", str(day), error + 3 * day) for day in range(1, 8)]
    segments += [("promotion", "0", error - 9), ("promotion", "1", error + 14)]
    segments += [("holiday", "0", error - 4), ("holiday", "1", error + 31)]
    part = {
        "rows": 700 + 30 * version,
        "first": "2023-01-01",
        "last": "2025-02-06",
        "dates": 700,
        "series": 1,
    }
    return {
        "version": version,
        "data": {"train": part, "test": part | {"rows": 300, "first": "2025-02-07", "last": "2025-12-03"}},
        "columns": {},
        "digest": {},
        "settings": {},
        "search": {
            "candidates": 12,
            "family": "boosting",
            "leaderboard": [
                {"name": "boosting-a", "family": "boosting", "cv_rmse": error, "seconds": 2.5, "note": ""},
                {"name": "means", "family": "means", "cv_rmse": error + 21, "seconds": 0.1, "note": ""},
            ],
        },
        "errors": {
            "cv_rmse": error * 1.04,
            "test_rmse": error,
            "test_r2": 0.8,
            "test_coverage": 0.913,
            "baselines": {"means": error + 22, "seasonal_naive": error + 40},
        },
        "segments": [
            {"segment": name, "value": value, "rows": 40, "challenger_rmse": told}
            for name, value, told in segments
        ],
        "importance": {
            "DíaDeLaSemana": 210.0 + version,
            "Promociones": 96.5,
            HOSTILE_COLUMN: 12.25,
            "Fecha": 0.0,
        },
        "verdict": None,
    }


def predictions(version: int) -> dict[str, Any]:
    """Three hundred days with an interval."""
    points = []
    for number in range(300):
        day = date(2025, 2, 7) + timedelta(days=number)
        actual = 900 + 85.0 * day.isoweekday() + number * 53 % 140
        told = 960 + 85.0 * day.isoweekday() + 4 * version
        points.append(
            {
                "date": day.isoformat(),
                "series": "",
                "promotion": number % 3 == 0,
                "holiday": 0,
                "actual": actual,
                "prediction": told,
                "low": told - 110,
                "high": told + 95,
            }
        )
    return {
        "version": version, "rows": 300, "dates": 300, "series": 1, "summed": False, "step": 1, "points": points
    }  # fmt: skip


def _detail(data: "StubApi", version: int) -> Response:
    found = next((model for model in data.models if model["version"] == version), None)
    if found is None:
        return _problem(404, f"There is no version {version}.")
    upload = {
        "bucket": "ventas",
        "key": f"norte/{HOSTILE_COLUMN}-ventas.csv",
        "version_id": "b7",
        "sha256": "ab",
    }
    return jsonify(found | {"upload": upload, "champion": _periods(data, version)})


def _periods(data: "StubApi", version: int) -> list[dict[str, Any]]:
    ends = [None, *(one["created_at"] for one in data.promotions)]
    made = zip(data.promotions, ends, strict=False)
    return [
        {"since": one["created_at"], "until": end} for one, end in made if one["model_version"] == version
    ]


def _file(data: "StubApi", version: int, make: Any) -> Response:
    if all(model["version"] != version for model in data.models):
        return _problem(404, f"There is no version {version}.")
    if make is predictions and (gone := _gone(data, version)):
        return gone
    if version < OLDEST_WITH_FILES:
        return _problem(404, f"Version {version} has no such file: an earlier release made it.")
    return jsonify(make(version))


def _accuracy(data: "StubApi") -> Response:
    segment = request.args.get("segment", "none")
    found = data.accuracy if segment == "none" else data.live.get(segment, [])
    response = jsonify(found)
    response.headers["X-Total-Count"] = str(len(found))
    return response


def _change(data: "StubApi", version: int, action: str) -> Response:
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return _problem(403, "This is not the admin token of this system.")
    if gone := _gone(data, version):
        return gone
    previous = data.promotions[0]["model_version"]
    if version == previous:
        return _problem(409, f"Version {version} is the champion already.")
    promotion = data.promotions[0] | {
        "id": len(data.promotions) + 1,
        "model_version": version,
        "previous_version": previous,
        "run_id": None,
        "source": "manual" if action == "promote" else "approved",
        "actor": unquote(request.headers.get("X-Actor", "admin")),
        "reason": request.get_json()["reason"],
    }
    data.promotions.insert(0, promotion)
    if action == "approve":
        stub_runs.approve(data.runs, data.changes, version)
    for model in data.models:
        held = model.get("awaits_approval") and model["version"] != version
        model.update(
            aliases=["champion"] if model["version"] == version else [],
            stage="Production" if model["version"] == version else "Archived",
            awaits_approval=bool(held),
        )
    return jsonify(promotion)


def _gone(data: "StubApi", version: int) -> Response | None:
    """The refusal, where retention took the files of a version."""
    if not any(model["version"] == version and model.get("files_deleted") for model in data.models):
        return None
    return _problem(410, f"The files of version {version} went by retention on 2026-11-23 (KEEP_VERSIONS).")


def _problem(status: int, detail: str) -> Response:
    response = jsonify(
        {"type": "about:blank", "title": "Problem", "status": status, "detail": detail, "errors": []}
    )
    response.status_code, response.mimetype = status, "application/problem+json"
    return response
