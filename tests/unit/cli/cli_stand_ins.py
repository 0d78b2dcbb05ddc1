"""What the tests of the command line share: runs as the API answers them, and an API that plays a script."""

import json
from typing import Any

import flask
from click.testing import Result

RUN_ID = "019ab0f2-7c41-7e1b-9a55-0d3f5d0c7a11"
Json = dict[str, Any]


def a_run(**changes: Any) -> Json:
    """A run as `GET /runs/{id}` answers it, promoted unless changed."""
    run: Json = {
        "id": RUN_ID, "status": "promoted", "bucket": "ventas", "key": "ventas.csv", "version_id": "v-1",
        "etag": "0123456789abcdef", "size": 6042, "created_at": "2026-11-23T13:00:00Z",
        "updated_at": "2026-11-23T13:00:09Z", "finished_at": "2026-11-23T13:00:09Z",
        "uploaded_at": "2026-11-23T13:00:00Z", "reason": None, "progress": {"done": 12, "total": 12},
        "model_version": 2, "mlflow_run_id": "5f0e", "same_as_run": None, "verdict": a_verdict(),
        "quality": a_quality(), "steps": [a_step("etl"), a_step("retrain"), a_step("promote")],
    }  # fmt: skip
    return run | changes


def a_step(name: str, **changes: Any) -> Json:
    """One start of a step that took two seconds."""
    step = {
        "step": name, "attempt": 1, "worker": "training@here", "started_at": "2026-11-23T13:00:01Z",
        "ended_at": "2026-11-23T13:00:03Z", "outcome": "ok", "error": None,
    }  # fmt: skip
    return step | changes


def a_verdict(**changes: Any) -> Json:
    """A win on fair rows."""
    verdict = {
        "promoted": True, "evidence": "win", "kind": "fair", "challenger_version": 2, "champion_version": 1,
        "reason": "Version 2 is better on the 110 dates that neither model was trained on.",
        "challenger_rmse": 96.104, "champion_rmse": 117.7, "rows": 110, "dates": 110,
        "difference_low": 120.0, "difference_high": 310.0, "probability": 0.984, "held": False,
        "baselines": {"means": 98.5, "seasonal_naive": 131.25}, "series_compared": 0, "series_worse": 0,
        "worst_segment": {"segment": "weekday", "value": "7", "rows": 30, "challenger_rmse": 103.1,
                          "champion_rmse": 100.0, "change": 0.031},
    }  # fmt: skip
    return verdict | changes


def a_quality(**changes: Any) -> Json:
    """The report of a good file with two bad rows."""
    quality = {
        "rows_in": 365, "rows_kept": 363, "rows_rejected": 2, "rejected_share": 2 / 365,
        "dropped": {"missing_sales": 1, "date_unreadable": 1},
        "dialect": {"encoding": "cp1252", "delimiter": ";", "decimal": ",", "gzip": False},
        "columns": [], "weekday_contradictions": 0, "warnings": ["3 days are missing in March."],
        "dates": {"first": "2022-01-01", "last": "2022-12-31", "distinct": 363, "missing_days": 2, "gaps": [],
                  "duplicated": 0},
        "rejected_examples": [{"line": 17, "reason": "Ventas is empty.", "code": "missing_sales"}],
    }  # fmt: skip
    return quality | changes


class ScriptedApi:
    """What the fake API answers: `moments` are the run as it stands at each look, the last one stays."""

    def __init__(self) -> None:
        self.moments: list[Json | None] = [None]
        self.listed: list[Json] = []
        self.models: list[Json] = []
        self.losses: dict[int, list[Json]] = {}
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.headers: list[Json] = []
        self.down_after: int | None = None  # from this request on, three are answered by 503
        self.refused = 0

    def moment(self) -> Json | None:
        return self.moments.pop(0) if len(self.moments) > 1 else self.moments[0]

    def app(self) -> flask.Flask:
        """The scripted API as a Flask app."""
        app = flask.Flask("scripted-api")

        @app.before_request
        def _planned() -> flask.Response | None:
            request = flask.request
            self.asked.append(
                (request.method, request.path, request.get_json(silent=True) or dict(request.args))
            )
            self.headers.append(dict(request.headers))
            if self.down_after is not None and len(self.asked) > self.down_after and self.refused < 3:
                self.refused += 1
                return flask.make_response({"title": "Unavailable", "detail": "The ledger is down."}, 503)
            status, body = self.answers.get(request.path, (0, {}))
            return flask.make_response(body, status) if status else None

        @app.get("/runs")
        def _runs() -> flask.Response:
            args = flask.request.args
            if "key" not in args:
                fitting = [run for run in self.listed if args.get("status") in (None, run["status"])]
                skip = int(args.get("skip", 0))
                return flask.jsonify(fitting[skip : skip + int(args["limit"])])
            run = self.moment()
            for moment in (run, *self.moments):
                if moment is not None:
                    moment.update(key=args["key"], version_id=args["version_id"])
            return flask.jsonify([run] if run else [])

        @app.get("/runs/<run_id>")
        def _run(run_id: str) -> flask.Response:
            known = [run for run in self.listed if run["id"].startswith(run_id)]
            run = known[0] if known else self.moment()
            if run is None or not run["id"].startswith(run_id):
                return flask.make_response(
                    {"title": "Not Found", "status": 404, "detail": f"There is no run {run_id}."}, 404
                )
            return flask.jsonify(run)

        @app.get("/models/<int:version>/losses")
        def _losses(version: int) -> flask.Response:
            return flask.jsonify(self.losses.get(version, []))

        @app.get("/models")
        def _models() -> flask.Response:
            return flask.jsonify(self.models)

        return app


def from_json(result: Result) -> Any:
    """What the command printed on stdout, which must be JSON and nothing else."""
    return json.loads(result.stdout)
