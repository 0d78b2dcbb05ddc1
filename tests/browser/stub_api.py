"""A small API with the shapes of the real one, for trying the pages without the pipeline.

`StubApi` holds the data of one test: change its attributes and the next request sees the change.
"""

from dataclasses import dataclass, field
from typing import Any

import stub_forecast
import stub_history
import stub_models
import stub_replays
import stub_runs
import stub_uploads
from flask import Flask, Response, jsonify, request
from stub_forecast import ForecastData
from stub_parts import listed, moment, problem
from stub_runs import verdict

_COMPARED = {"challenger_version": 4, "champion_version": 3}


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


@dataclass
class StubApi:
    """What the stub answers with. `mode` is ok, no_champion, failing or garbage."""

    mode: str = "ok"
    history: list[dict[str, Any]] = field(
        default_factory=lambda: [stub_history.prediction(n) for n in range(80, 0, -1)]
    )
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
    live: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {segment: stub_history.live(segment) for segment in ("week", "month")}
    )
    runs: dict[str, dict[str, Any]] = field(default_factory=stub_runs.runs)
    changes: list[dict[str, Any]] = field(default_factory=list)
    replays: dict[str, dict[str, Any]] = field(default_factory=dict)  # the newest since each run
    asked: list[dict[str, Any]] = field(default_factory=list)
    uploads: stub_uploads.Uploads = field(default_factory=stub_uploads.Uploads)
    forecast: ForecastData = field(default_factory=ForecastData)


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
    stub_history.register(app, data)
    app.add_url_rule("/models", view_func=lambda: listed(data.models), endpoint="models")
    app.add_url_rule("/models/promotions", view_func=lambda: listed(data.promotions), endpoint="promotions")
    stub_runs.register(app, data)
    stub_replays.register(app, data)
    stub_models.add_routes(app, data)
    stub_uploads.register(app, data.uploads)
    stub_forecast.register(app, data.forecast)
    return app


def _fault(mode: str) -> Response | None:
    if mode == "failing":
        return problem(500, "Internal Server Error", "Traceback: secret")
    if mode == "garbage":
        return Response("<html>a proxy's page</html>", mimetype="text/html")
    return None


def _health(data: StubApi) -> Response:
    if data.mode == "no_champion":
        return problem(
            503, "No champion", "No model has been promoted yet.", type="urn:ventas:problem:no-champion"
        )
    version = data.promotions[0]["model_version"]
    return jsonify({"status": "ok", "model_version": version, "loaded_at": moment(88), "parts": {}})


def _predict(data: StubApi) -> Response:
    if data.mode == "no_champion":
        return problem(
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
            "interval": {"low": 1431.7, "high": 1771.25, "coverage": 0.8},
            "model_version": 3,
            "Fecha": given.get("Fecha", "2026-11-30"),
            "date_assumed": assumed,
            "closed_assumed": False,
            "series": str(given.get("Tienda", "")),
            "known": {"Fecha": not assumed},
            "input_data": {name: value for name, value in given.items() if name != "Fecha"},
            "timestamp": moment(0),
        }
    )
