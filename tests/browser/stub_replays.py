"""The stub's replays: asked for with the token, moved on by the test, told as the real API tells them."""

from typing import Any, Protocol
from urllib.parse import unquote

from flask import Flask, Response, jsonify, request
from stub_parts import moment, problem
from stub_runs import refused, verdict

Replay = dict[str, Any]


def waiting(run_id: str, actor: str) -> Replay:
    """A replay that was asked for just now."""
    return {
        "id": f"replay-of-{run_id}",
        "run_id": run_id,
        "status": "waiting",
        "actor": actor,
        "created_at": moment(0),
        "started_at": None,
        "finished_at": None,
        "attempts": 0,
        "progress": None,
        "reason": None,
        "differing": None,
        "result": None,
    }


def running(done: int, total: int, share: float) -> Replay:
    """What of it changes while it works."""
    progress = {"done": done, "total": total, "share": share}
    return {"status": "running", "attempts": 1, "started_at": moment(2), "progress": progress}


def done() -> Replay:
    """What of it changes at its end: three uploads, two of which would end otherwise."""
    first = verdict("first", promoted=True, ours=88.42) | {"challenger_version": 1}
    better = verdict("fair", promoted=True, ours=80.1, theirs=88.42) | {"challenger_version": 2}
    refusal = {"code": "missing_column", "message": "No column.", "details": {"missing": ["Festivo"]}}
    promoted = ending("promoted", verdict("fair", promoted=True, ours=88.42, theirs=97.01))
    result = [
        replayed("run-8", promoted, ending("promoted", first)),
        replayed("run-7", ending("not_promoted", verdict("fair", promoted=False, ours=99.9, theirs=97.01)),
                 ending("promoted", better)),
        replayed("run-5", ending("promoted", first), ending("rejected", None, refusal)),
    ]  # fmt: skip
    return {"status": "done", "finished_at": moment(0.5), "differing": 2, "result": result}


def ending(status: str, judged: Replay | None, rejection: Replay | None = None) -> Replay:
    """How an upload ended."""
    short = judged and {name: value for name, value in judged.items() if name not in ("segments", "origins")}
    return {"status": status, "reason": "As said.", "verdict": short, "rejection": rejection}


def replayed(run_id: str, then: Replay, now: Replay) -> Replay:
    """One upload's two endings."""
    upload = {"run_id": run_id, "key": "ventas.csv", "version_id": "v", "uploaded_at": moment(300)}
    return upload | {"then": then, "now": now, "same": then["status"] == now["status"]}


class Data(Protocol):
    """What the routes work on: the newest replay since each run, and what an operator has changed."""

    replays: dict[str, Replay]
    changes: list[dict[str, Any]]


def register(app: Flask, data: Data) -> None:
    """Add the routes of replays."""

    def start(run_id: str) -> tuple[Response, int] | Response:
        if no := refused():
            return no
        data.changes.append({"replay": run_id})
        actor = unquote(request.headers.get("X-Actor", "admin"))
        data.replays[run_id] = waiting(run_id, actor)
        return jsonify(data.replays[run_id] | {"enqueued": True, "note": "Its task has been sent."}), 202

    def latest(run_id: str) -> Response:
        known = data.replays.get(run_id)
        return jsonify(known) if known else problem(404, "Not found", "They were not judged anew.")

    app.add_url_rule("/runs/<run_id>/replay", view_func=start, methods=["POST"], endpoint="start_replay")
    app.add_url_rule("/runs/<run_id>/replay", view_func=latest, endpoint="replay")
