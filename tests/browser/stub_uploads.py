"""The stub's part for the pages «Subir ventas» and «Estado»: uploads, the bucket behind them, status, events, alerts.

Previews are the real thing, so the pages meet what the API says of a file.
"""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request
from stub_parts import listed

from ventas.contract import Kind, is_own_output, is_upload_key
from ventas.preview import preview
from ventas.settings import Settings

NOW = "2026-11-23T17:40:00Z"
_SETTINGS = Settings(_env_file=None)
_PARTS = ("minio", "redis", "webhooks", "worker", "trainer", "ledger", "beat", "mlflow", "flower")


def event(
    number: int, outcome: str, key: str, run_id: str | None = None, source: str = "minio"
) -> dict[str, Any]:
    """One event."""
    return {
        "id": number,
        "received_at": NOW,
        "source": source,
        "event_name": "s3:ObjectCreated:Put",
        "bucket": "ventas",
        "key": key,
        "version_id": "v1",
        "outcome": outcome,
        "reason": None if outcome == "recorded" else "As the pipeline said it.",
        "run_id": run_id,
    }


@dataclass
class Uploads:
    """What the bucket got, and how it and the system's parts behave; `store` is the status that a PUT gets."""

    store: int = 200
    received: dict[str, bytes] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    run: dict[str, Any] | None = None
    away: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(
        default_factory=lambda: [
            event(4, "ignored", "notas.txt", "run-2"),
            event(3, "ignored", "informes/run-5.md"),
            event(2, "duplicate", "ventas.csv", "run-8"),
            event(1, "recorded", "ventas.csv", "run-8", source="sweep"),
        ]
    )
    alerts: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "id": 1,
                "created_at": NOW,
                "kind": "drift",
                "cause": "drift:1",
                "model_version": 3,
                "rival_version": None,
                "message": "Column <b>Precio</b> has moved.",
                "value": 0.4,
                "limit": 0.25,
                "run_id": "run-8",
                "action": "retrain",
                "acted_at": None,
                "note": None,
            }
        ]
    )


def register(app: Flask, data: Uploads) -> None:
    """Add the routes to the stub."""
    app.add_url_rule("/uploads", view_func=lambda: _link(data), methods=["POST"], endpoint="uploads")
    app.add_url_rule("/uploads/preview", view_func=_preview, methods=["POST"], endpoint="preview")
    app.add_url_rule(
        "/bucket/<path:key>",
        view_func=lambda key: _put(data, key),
        methods=["PUT", "OPTIONS"],
        endpoint="bucket",
    )
    app.add_url_rule("/status", view_func=lambda: _status(data), endpoint="status")
    app.add_url_rule("/events", view_func=lambda: listed(_wanted(data)), endpoint="events")
    app.add_url_rule("/alerts", view_func=lambda: listed(data.alerts), endpoint="alerts")


def _link(data: Uploads) -> Response:
    body = request.get_json()
    data.asked.append(body)
    data.headers.append(request.headers.get("Authorization", ""))
    key = f"pronosticos/entrada/{body['name']}" if body["kind"] == "forecast" else body["name"]
    if not is_upload_key(key)[0]:
        errors = [{"field": "name", "message": "Rename the file."}]
        refused = jsonify(type="about:blank", title="Refused", status=422, detail="Rename it.", errors=errors)
        refused.status_code, refused.mimetype = 422, "application/problem+json"
        return refused
    return jsonify(
        bucket="ventas",
        key=key,
        kind=body["kind"],
        url=f"{request.host_url}bucket/{key}",
        method="PUT",
        expires_at=NOW,
        issued_at=NOW,
        max_bytes=_SETTINGS.MAX_UPLOAD_BYTES,
    )


def _preview() -> Response:
    head = request.get_data()
    found = preview(head, int(request.args["size"]), Kind(request.args["kind"]), _SETTINGS)
    return jsonify(vars(found))


def _put(data: Uploads, key: str) -> Response:
    """The bucket, which is another origin than the page's, as MinIO is."""
    answer = Response(status=204 if request.method == "OPTIONS" else data.store)
    if request.method == "PUT" and data.store == 200:
        data.received[key] = request.get_data()
        answer.headers["x-amz-version-id"] = "v1"
    answer.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "")
    answer.headers["Access-Control-Allow-Methods"] = "PUT"
    answer.headers["Access-Control-Allow-Headers"] = "content-type"
    answer.headers["Access-Control-Expose-Headers"] = "*"
    return answer


def _status(data: Uploads) -> Response:
    parts = {
        name: {"status": "away" if name in data.away else "ok", "since": NOW, "reason": data.away.get(name)}
        for name in _PARTS
    }
    queue = {"waiting": 2, "workers": ["control@host"]}
    sweep = {"started_at": NOW, "finished_at": NOW, "listed": 12, "found": 0, "problem": None}
    oldest = {"id": "run-9", "key": "ventas.csv", "status": "retrain", "created_at": "2026-11-23T17:38:00Z"}
    backlog = {"runs": {"retrain": 1, "promoted": 2, "failed": 1}, "oldest": oldest, "sweep": sweep}
    return jsonify(checked_at=NOW, parts=parts, queues={"control": queue, "training": queue}, backlog=backlog)


def _wanted(data: Uploads) -> list[dict[str, Any]]:
    outcome, own = request.args.get("outcome"), request.args["own"] == "true"
    return [
        one for one in data.events if outcome in (None, one["outcome"]) and is_own_output(one["key"]) == own
    ]
