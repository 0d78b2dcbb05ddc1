"""The stub's runs: what the real API answers about them, and what an operator may do to them."""

import math
from datetime import date, timedelta
from typing import Any, Protocol

from flask import Flask, Response, jsonify, request
from stub_parts import TOKEN, listed, moment, problem

HOSTILE = "<img src=x onerror=alert(1)>-ventas.csv"
CSV = "text/csv; charset=utf-8"

Runs = dict[str, dict[str, Any]]


def run(run_id: str, status: str, minutes_ago: float, **more: Any) -> dict[str, Any]:
    """A run of the pipeline for one upload."""
    return {
        "id": run_id,
        "kind": "sales",
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
        "answer": None,
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
        "probability": 0.97 if compared else None,
        "baselines": {"means": 104.5} if compared else {},
        "segments": segments() if compared else [],
        "worst_segment": segments()[6] if compared else None,
        "series_compared": 0,
        "origins": [],
        "held": False,
        "approved": None,
    }


def segments() -> list[dict[str, Any]]:
    """Errors by weekday and by promotion; on Sundays the challenger is worse."""
    parts = [("weekday", str(day)) for day in range(1, 8)] + [("promotion", "0"), ("promotion", "1")]
    return [
        {"segment": name, "value": value, "rows": 31, "challenger_rmse": ours, "champion_rmse": theirs}
        | {"change": ours / theirs - 1}
        for place, (name, value) in enumerate(parts)
        for ours, theirs in [(82.0 + 3 * place, 96.0 + 2 * place - 12 * (value == "7"))]
    ]


def curve() -> list[list[Any]]:
    """Sales per day by weeks, with the gap of August 2024."""
    weeks = [date(2023, 1, 1) + timedelta(days=7 * number) for number in range(156)]
    return [
        [day.isoformat(), 1100 + 320 * math.sin(day.month / 12 * 6.28) + day.day % 7 * 25]
        for day in weeks
        if not date(2024, 8, 1) <= day <= date(2024, 8, 19)
    ]


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
        "warnings": [
            "<script>alert(1)</script> stands in column 7.",
            "DíaDeLaSemana contradicts Fecha in 3 rows (first in line 31); the date was believed.",
            "Column «<b>Nota</b>» was left out: it is empty.",
        ],
        "remarks": [
            {"code": "of_tomorrow"},
            {"code": "weekday_contradicts", "rows": 3, "line": 31},
            {"code": "left_out_empty", "column": "«<b>Nota</b>»"},
        ],
        "leaks": [],
        "sales_curve": {"days": 7, "points": curve()},
        "rejected_examples": [
            {"line": 14, "reason": "Ventas is empty.", "code": "missing_sales"},
            {"line": 1017, "reason": "Fecha is not a date.", "code": "date_unreadable"},
        ],
        "outliers": {
            "count": 7,
            "test_count": 12,
            "low": 310.0,
            "high": 2480.0,
            "examples": [{"date": "2023-12-24", "value": 3110.0}, {"date": "2024-05-10", "value": 2990.5}],
        },
        "split": {
            "train": {"rows": 749, "first": "2023-01-01", "last": "2025-02-06"},
            "test": {"rows": 323, "first": "2025-02-07", "last": "2025-12-31"},
        },
    } | more


def failed(minutes_ago: float) -> dict[str, Any]:
    """A start of training that failed."""
    error = {"outcome": "failed", "error": "MLflow did not answer after 5 attempts.", "attempt": 5}
    return steps("etl", "retrain", ended=minutes_ago)[1] | error


def steps(*names: str, open_end: bool = False, ended: float = 5) -> list[dict[str, Any]]:
    """Steps that ran one after another, the last one still open if so wished."""
    made = [
        {
            "step": name,
            "attempt": 1,
            "worker": f"celery@host-{place}",
            "started_at": moment(ended - 1 - place),
            "ended_at": moment(ended - 1.6 - place),
            "outcome": "ok",
            "error": None,
            "task_id": f"task-{name}",
        }
        for place, name in enumerate(names)
    ]
    if open_end and made:
        made[-1] |= {"ended_at": None, "outcome": None}
    return made


def runs() -> dict[str, dict[str, Any]]:
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
            mlflow_run_id="a" * 32,
            steps=steps("etl", "retrain", "promote", ended=90),
        ),
        run(
            "run-7",
            "not_promoted",
            200,
            model_version=4,
            verdict=verdict("recipe", promoted=False, ours=99.9, theirs=97.01)
            | {"difference_low": -1400.0, "difference_high": 220.5, "probability": 0.12},
            steps=steps("etl", "retrain", "promote", ended=200),
        ),
        run("run-6", "not_promoted", 300, verdict=verdict("same_bytes", promoted=False), same_as_run="run-8"),
        run(
            "run-5",
            "rejected",
            400,
            key=f"sucursal norte/{HOSTILE}",
            quality=quality(rejection=refused),
            steps=steps("etl", ended=400),
        ),
        run(
            "run-4",
            "failed",
            500,
            reason="MLflow did not answer after 5 attempts.",
            steps=[*steps("etl", ended=500), failed(500)],
        ),
        run("run-3", "superseded", 600, superseded_by="run-8"),
        run("run-2", "ignored", 700, key="notas.txt", size=812),
        run("run-1", "promoted", 900, model_version=1, verdict=verdict("first", promoted=True, ours=112.3)),
    ]
    return {entry["id"]: {"quality": quality(), "steps": [], **entry} for entry in made}


class Data(Protocol):
    """What the routes work on: the runs, and what an operator has changed."""

    runs: Runs
    changes: list[dict[str, Any]]


def register(app: Flask, data: Data) -> None:
    """Add the routes of runs."""
    app.add_url_rule("/runs", view_func=lambda: _list(data.runs), endpoint="runs")
    app.add_url_rule("/runs/<run_id>", view_func=lambda run_id: _run(data.runs, run_id), endpoint="run")
    app.add_url_rule("/runs/<run_id>/rejected.csv", view_func=_rejected, endpoint="rejected")
    app.add_url_rule(
        "/runs/<run_id>/retry",
        view_func=lambda run_id: _retry(data, run_id),
        methods=["POST"],
        endpoint="retry",
    )


def _list(known: Runs) -> Response:
    asked = {field: request.args[field] for field in ("status", "key", "version_id") if field in request.args}
    name = request.args.get("name", "").lower()
    found = [one for one in known.values() if asked.items() <= one.items() and name in one["key"].lower()]
    return listed([_listed(one) for one in found])


def _listed(one: dict[str, Any]) -> dict[str, Any]:
    short = {name: value for name, value in one.items() if name != "quality"}
    if request.args.get("steps") != "true":
        short["steps"] = None
    return short | {"rejection": (one["quality"] or {}).get("rejection")}


def _run(known: Runs, run_id: str) -> Response:
    if run_id not in known:
        return problem(404, "Not Found", f"No run has the id {run_id}.")
    return jsonify(known[run_id])


def _rejected(run_id: str) -> Response:
    if run_id == "run-8":
        return problem(404, "Not Found", "Run run-8 has no rejected rows to download.")
    headers = {"Content-Disposition": 'attachment; filename="ventas-rejected.csv"'}
    return Response(
        "line,reason,code,row\n14,Ventas is empty.,missing_sales,x\n", headers=headers, content_type=CSV
    )


def refused() -> Response | None:
    """The answer to whoever has not the token, or None."""
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return problem(403, "Forbidden", "This is not the admin token of this system.")
    return None


def _retry(data: Data, run_id: str) -> Response:
    if no := refused():
        return no
    data.changes.append({"retry": run_id, "actor": request.headers.get("X-Actor", "")})
    asked = {
        "step": "retry",
        "worker": "Ana",
        "outcome": data.runs[run_id]["status"],
        "error": "It had ended.",
    }
    again = steps("etl")[0] | asked | {"task_id": None}
    data.runs[run_id] |= {
        "status": "received",
        "reason": None,
        "quality": None,
        "steps": [*data.runs[run_id]["steps"], again],
    }
    return jsonify(data.runs[run_id] | {"enqueued": True, "note": "Its first step has been sent."})


def approve(known: Runs, changes: list[dict[str, Any]], version: int) -> None:
    """What an approval changes in the run of a held version, if there is one."""
    changes.append({"approve": version, **request.get_json()})
    run_id = next((name for name, one in known.items() if one["model_version"] == version), None)
    if run_id is None or not known[run_id]["verdict"].get("held"):
        return
    known[run_id] |= {"status": "promoted"}
    known[run_id]["verdict"] |= {
        "held": False,
        "promoted": True,
        "approved": {"actor": "Ana", "reason": request.get_json()["reason"], "at": moment(0)},
    }
