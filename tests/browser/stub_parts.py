"""What all routes of the stub API are made of: moments, problems, pages of lists."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, jsonify, request

TOKEN = "the token of the tests"
NOW = datetime(2026, 11, 23, 17, 40, tzinfo=UTC)


def moment(minutes_ago: float) -> str:
    """An ISO 8601 moment before `NOW`."""
    return (NOW - timedelta(minutes=minutes_ago)).isoformat().replace("+00:00", "Z")


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    response = jsonify({"type": "about:blank", "title": title, "status": status, "detail": detail} | more)
    response.status_code, response.mimetype = status, "application/problem+json"
    return response


def listed(entries: list[dict[str, Any]]) -> Response:
    skip, limit = request.args.get("skip", 0, int), request.args.get("limit", 100, int)
    response = jsonify(entries[skip : skip + limit])
    response.headers["X-Total-Count"] = str(len(entries))
    return response
