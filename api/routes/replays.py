"""`POST /runs/{id}/replay` and `GET /runs/{id}/replay`: past uploads judged anew, and how the verdicts differ."""

from typing import Any

import structlog
from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.admin import actor_of, require_admin
from api.answers import json_answer
from api.problems import documented
from api.routes.runs import existing_run
from api.schemas import RunId
from api.schemas_replays import ReplayAnswer, ReplayProgress, ReplayStarted
from api.services import Services, sent
from ventas.errors import NotFound
from ventas.ledger import Replay
from ventas.states import REPLAY

log = structlog.get_logger()
_UNDER_WAY = "A replay since this run is under way already; this is it."
_SENT = "Its task has been sent; it begins once no training waits."
_NOT_SENT = "Redis does not take tasks now; the sweep will send it."


def replay_routes(services: Services) -> APIBlueprint:
    """The blueprint of replays."""
    routes = APIBlueprint(
        "replays", __name__, abp_tags=[Tag(name="Operator")], abp_responses=documented(422, 503)
    )
    work = services.ledger.replay_work

    @routes.post(
        "/runs/<id>/replay",
        security=[{"admin": []}],
        responses=documented(401, 403, 404, 409) | {200: ReplayStarted, 202: ReplayStarted},
    )
    def start(path: RunId) -> Response:
        """Judge the uploads since a run that was judged anew, changing nothing; 200 where that is under way."""
        require_admin(request, services.settings.admin_token)
        replay, new = work.ask(existing_run(services, path).id, actor_of(request))
        if not new:
            return _started(replay, 200, _UNDER_WAY, enqueued=True)
        log.info("replay_asked_for", run_id=replay.run_id, actor=replay.actor)
        enqueued = sent(services.enqueue, REPLAY, replay.id, work.mark_enqueued)
        return _started(replay, 202, _SENT if enqueued else _NOT_SENT, enqueued=enqueued)

    @routes.get("/runs/<id>/replay", responses=documented(404) | {200: ReplayAnswer})
    def latest(path: RunId) -> Response:
        """The newest replay since a run: how far it is, and how each upload ended then and would end now."""
        row = existing_run(services, path)
        replay = work.latest(row.id)
        if replay is None:
            raise NotFound(f"The uploads since run {row.id} were not judged anew; POST here does so.")
        return json_answer(ReplayAnswer(**_members(replay)))

    return routes


def _started(replay: Replay, status: int, note: str, *, enqueued: bool) -> Response:
    return json_answer(ReplayStarted(**_members(replay), enqueued=enqueued, note=note), status)


def _members(replay: Replay) -> dict[str, Any]:
    names = ReplayAnswer.model_fields.keys() - {"progress", "differing"}
    result = replay.result
    return {name: getattr(replay, name) for name in names} | {
        "progress": _progress(replay),
        "differing": None if result is None else sum(not one["same"] for one in result),
    }


def _progress(replay: Replay) -> ReplayProgress | None:
    done, total = replay.progress_done, replay.progress_total
    if done is None or not total:
        return None
    return ReplayProgress(done=int(done), total=total, share=min(done / total, 1.0))
