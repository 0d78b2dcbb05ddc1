"""A small API with the shapes of the real one, for trying the pages without the pipeline.

`StubApi` holds the data of one test: change its attributes and the next request sees the change.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import stub_models
from flask import Flask, Response, jsonify, request

NOW = datetime(2026, 11, 23, 17, 40, tzinfo=UTC)
_COMPARED = {"challenger_version": 4, "champion_version": 3}
HOSTILE = "<img src=x onerror=alert(1)>-ventas.csv"


def moment(minutes_ago: float) -> str:
    """An ISO 8601 moment before `NOW`."""
    return (NOW - timedelta(minutes=minutes_ago)).isoformat().replace("+00:00", "Z")


def prediction(number: int) -> dict[str, Any]:
    """A history entry; the second model version answers from number 41 on."""
    day = date(2026, 11, 24) + timedelta(days=number % 21)
    holiday, promotion = int(number % 9 == 0), int(number % 3 == 0)
    value = 900 + 85.17 * day.isoweekday() + 260 * promotion - 190 * holiday + (number * 37 % 50)
    return {
        "id": number,
        "input_data": {"DíaDeLaSemana": day.isoweekday(), "Promociones": promotion, "Festivo": holiday},
        "prediction": value + (0 if number < 41 else 45.5),
        "timestamp": moment(60 * (80 - number)),
        "model_version": 1 if number < 41 else 2,
        "Fecha": day.isoformat(),
    }


def model(version: int, *, rmse: float, stage: str, aliases: tuple[str, ...] = ()) -> dict[str, Any]:
    """A model version."""
    return {
        "version": version,
        "aliases": list(aliases),
        "stage": stage,
        "metrics": {
            "cv_mse": (rmse * 1.04) ** 2,
            "cv_rmse": rmse * 1.04,
            "test_mse": rmse**2,
            "test_rmse": rmse,
            "test_r2": 0.87 - rmse / 1000,
            "test_coverage": 0.9 + version / 100,
        },
        "params": {"n_estimators": str(100 * version), "max_depth": "10", "family": "boosting"},
        "run_id": f"{version:032x}",
        "pipeline_run_id": f"run-{version}",
        "created_at": moment(60 * 24 * (6 - version)),
        "served": "champion" in aliases,
        "awaits_approval": False,
        "verdict": None,
    }


def run(run_id: str, status: str, minutes_ago: float, **more: Any) -> dict[str, Any]:
    """A run of the pipeline for one upload."""
    return {
        "id": run_id,
        "status": status,
        "bucket": "ventas",
        "key": "ventas.csv",
        "version_id": f"b7c9-{run_id}",
        "etag": "9e107d9d372bb6826bd81d3542a419d6",
        "size": 39_112,
        "created_at": moment(minutes_ago),
        "updated_at": moment(minutes_ago - 0.5),
        "finished_at": None
        if status in ("received", "etl", "retrain", "promote")
        else moment(minutes_ago - 1.1),
        "uploaded_at": moment(minutes_ago),
        "reason": None,
        "progress": None,
        "model_version": None,
        "mlflow_run_id": None,
        "same_as_run": None,
        "superseded_by": None,
        "verdict": None,
    } | more


def verdict(
    kind: str, *, promoted: bool, ours: float | None = None, theirs: float | None = None
) -> dict[str, Any]:
    """A verdict; errors only where models were compared."""
    compared = ours is not None and theirs is not None
    return {
        "promoted": promoted,
        "evidence": ("win" if promoted else "undecided") if compared else None,
        "kind": kind,
        "reason": "As the pipeline said it.",
        "challenger_version": 3,
        "champion_version": 2 if theirs is not None else None,
        "challenger_rmse": ours,
        "champion_rmse": theirs,
        "rows": 220 if ours is not None else 0,
        "dates": 110 if ours is not None else 0,
        "difference_low": 120.5 if compared else None,
        "difference_high": 1810.25 if compared else None,
    }


def quality(**more: Any) -> dict[str, Any]:
    """The quality report of a file with a few bad rows."""
    return {
        "rows_in": 1095,
        "rows_kept": 1079,
        "rows_rejected": 16,
        "rejected_share": 16 / 1095,
        "dropped": {"missing_sales": 11, "date_unreadable": 3, "duplicate_date": 2},
        "dropped_lines": {"missing_sales": [14, 88], "date_unreadable": [3], "duplicate_date": [700]},
        "dialect": {"encoding": "cp1252", "delimiter": ";", "decimal": ",", "gzip": False},
        "columns": [
            {"name": "Fecha", "role": "date", "missing": 0, "min": "2023-01-01", "max": "2025-12-31"},
            {"name": "Ventas", "role": "target", "missing": 11, "min": 412.5, "max": 3210.0},
            {"name": "<b>Temperatura</b>", "role": "numeric", "missing": 4, "min": -2.5, "max": 38.0},
        ],
        "dates": {
            "first": "2023-01-01",
            "last": "2025-12-31",
            "distinct": 1076,
            "missing_days": 20,
            "gaps": [
                {"from": "2023-03-04", "to": "2023-03-04", "days": 1},
                {"from": "2024-08-01", "to": "2024-08-19", "days": 19},
            ],
            "duplicated": 2,
        },
        "weekday_contradictions": 3,
        "warnings": ["<script>alert(1)</script> stands in column 7."],
        "rejected_examples": [
            {"line": 14, "reason": "Ventas is empty.", "code": "missing_sales"},
            {"line": 1017, "reason": "Fecha is not a date.", "code": "date_unreadable"},
        ],
        "outliers": {"count": 7, "low": 310.0, "high": 2480.0},
        "split": {
            "train": {"rows": 749, "first": "2023-01-01", "last": "2025-02-06"},
            "test": {"rows": 323, "first": "2025-02-07", "last": "2025-12-31"},
        },
    } | more


def steps(*names: str, open_end: bool = False) -> list[dict[str, Any]]:
    """Steps that ran one after another, the last one still open if so wished."""
    made = [
        {
            "step": name,
            "attempt": 1,
            "worker": f"celery@host-{place}",
            "started_at": moment(5 - place),
            "ended_at": moment(4.4 - place),
            "outcome": "done",
            "error": None,
        }
        for place, name in enumerate(names)
    ]
    if open_end and made:
        made[-1] |= {"ended_at": None, "outcome": None}
    return made


def _runs() -> dict[str, dict[str, Any]]:
    refused = {
        "code": "missing_column",
        "message": "A column is missing.",
        "details": {"missing": ["Festivo"]},
    }
    made = [
        run(
            "run-9",
            "retrain",
            2,
            progress={"done": 12, "total": 60},
            steps=steps("etl", "retrain", open_end=True),
        ),
        run(
            "run-8",
            "promoted",
            90,
            model_version=3,
            verdict=verdict("fair", promoted=True, ours=88.42, theirs=97.01),
            steps=steps("etl", "retrain", "promote"),
        ),
        run("run-7", "not_promoted", 200, verdict=verdict("recipe", promoted=False, ours=99.9, theirs=97.01)),
        run("run-6", "not_promoted", 300, verdict=verdict("same_bytes", promoted=False), same_as_run="run-8"),
        run(
            "run-5",
            "rejected",
            400,
            key=f"sucursal norte/{HOSTILE}",
            quality=quality(rejection=refused),
            steps=steps("etl"),
        ),
        run("run-4", "failed", 500, reason="MLflow did not answer after 5 attempts.", steps=steps("etl")),
        run("run-3", "superseded", 600, superseded_by="run-8"),
        run("run-2", "ignored", 700, key="notas.txt", size=812),
        run("run-1", "promoted", 900, model_version=1, verdict=verdict("first", promoted=True, ours=112.3)),
    ]
    return {entry["id"]: {"quality": quality(), "steps": [], **entry} for entry in made}


@dataclass
class StubApi:
    """What the stub answers with. `mode` is ok, no_champion, failing or garbage."""

    mode: str = "ok"
    history: list[dict[str, Any]] = field(default_factory=lambda: [prediction(n) for n in range(80, 0, -1)])
    models: list[dict[str, Any]] = field(
        default_factory=lambda: [
            model(4, rmse=93.87, stage="Rejected")
            | {"verdict": verdict("fair", promoted=False, ours=93.87, theirs=88.42) | _COMPARED},
            model(3, rmse=88.42, stage="Production", aliases=("champion",)),
            model(2, rmse=97.01, stage="Archived"),
            model(1, rmse=112.3, stage="Archived"),
        ]
    )
    promotions: list[dict[str, Any]] = field(
        default_factory=lambda: [
            _promotion(3, version=3, previous=2, run_id="run-8"),
            _promotion(2, version=2, previous=1, run_id=None),
            _promotion(1, version=1, previous=None, run_id="run-1"),
        ]
    )
    accuracy: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"model_version": 3, "shadow": False, "rmse": 101.5, "rows": 40},
            {"model_version": 4, "shadow": True, "rmse": 77.0, "rows": 40},
        ]
    )
    runs: dict[str, dict[str, Any]] = field(default_factory=_runs)
    asked: list[dict[str, Any]] = field(default_factory=list)


def _promotion(number: int, *, version: int, previous: int | None, run_id: str | None) -> dict[str, Any]:
    return {
        "id": number,
        "created_at": moment(60 * 24 * (6 - number) - 5),
        "model_version": version,
        "previous_version": previous,
        "run_id": run_id,
        "source": "pipeline" if run_id else "manual",
        "actor": None if run_id else "mlflow",
        "reason": "",
    }


def create_app(data: StubApi) -> Flask:
    """The stub as a Flask app over `data`."""
    app = Flask(__name__)
    app.url_map.strict_slashes = False
    app.before_request(lambda: _fault(data.mode))
    app.add_url_rule("/health", view_func=lambda: _health(data), endpoint="health")
    app.add_url_rule("/predict", view_func=lambda: _predict(data), methods=["POST"], endpoint="predict")
    app.add_url_rule("/history/", view_func=lambda: _list(data.history), endpoint="history")
    app.add_url_rule("/models", view_func=lambda: _list(data.models), endpoint="models")
    app.add_url_rule("/models/promotions", view_func=lambda: _list(data.promotions), endpoint="promotions")
    app.add_url_rule("/runs", view_func=lambda: _run_list(data), endpoint="runs")
    app.add_url_rule("/runs/<run_id>", view_func=lambda run_id: _run(data, run_id), endpoint="run")
    stub_models.add_routes(app, data)
    return app


def _fault(mode: str) -> Response | None:
    if mode == "failing":
        return _problem(500, "Internal Server Error", "Traceback: secret")
    if mode == "garbage":
        return Response("<html>a proxy's page</html>", mimetype="text/html")
    return None


def _problem(status: int, title: str, detail: str, **more: Any) -> Response:
    response = jsonify({"type": "about:blank", "title": title, "status": status, "detail": detail} | more)
    response.status_code, response.mimetype = status, "application/problem+json"
    return response


def _health(data: StubApi) -> Response:
    if data.mode == "no_champion":
        return _problem(
            503, "No champion", "No model has been promoted yet.", type="urn:ventas:problem:no-champion"
        )
    return jsonify({"status": "ok", "model_version": 3, "loaded_at": moment(88), "parts": {}})


def _predict(data: StubApi) -> Response:
    if data.mode == "no_champion":
        return _problem(
            503, "No champion", "No model has been promoted yet.", type="urn:ventas:problem:no-champion"
        )
    given = request.get_json()
    data.asked.append(given)
    assumed = "Fecha" not in given
    return jsonify(
        {
            "id": 81,
            "recorded": True,
            "prediction": 1605.2,
            "model_version": 3,
            "Fecha": given.get("Fecha", "2026-11-30"),
            "date_assumed": assumed,
            "input_data": {name: value for name, value in given.items() if name != "Fecha"},
            "timestamp": moment(0),
        }
    )


def _list(entries: list[dict[str, Any]]) -> Response:
    skip, limit = request.args.get("skip", 0, int), request.args.get("limit", 100, int)
    response = jsonify(entries[skip : skip + limit])
    response.headers["X-Total-Count"] = str(len(entries))
    return response


def _run_list(data: StubApi) -> Response:
    wanted = request.args.get("status")
    found = [entry for entry in data.runs.values() if wanted in (None, entry["status"])]
    return _list([{k: v for k, v in entry.items() if k not in ("quality", "steps")} for entry in found])


def _run(data: StubApi, run_id: str) -> Response:
    if run_id not in data.runs:
        return _problem(404, "Not Found", f"No run has the id {run_id}.")
    return jsonify(data.runs[run_id])
