"""`POST /runs/{id}/retry`, `/models/{version}/promote` and `/approve`: what changes things, with the admin token."""

from collections.abc import Callable
from typing import Any

import structlog
from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import ValidationError

from api.admin import actor_of, require_admin
from api.answers import JSON, json_answer
from api.body import json_object
from api.problems import ModelUnfit, documented, invalid_parameters
from api.routes.runs import existing_run, run_members
from api.schemas import PromoteRequest, PromotionAnswer, RetryAnswer, RunId, VersionPath
from api.services import Services, sent
from ventas.contract import Kind
from ventas.errors import ModelUnusable
from ventas.ledger import Promotion
from ventas.states import STEPS_OF_KIND

log = structlog.get_logger()

_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {JSON: {"schema": PromoteRequest.model_json_schema()}}}
}
ChangeOfChampion = Callable[[int, str, str], Promotion]  # of version, actor and reason
_ALLOWED = {"reason": "a text of 1 to 1000 characters that says why"}


def admin_routes(services: Services) -> APIBlueprint:
    """The blueprint of what only an operator may do; without the token nothing else of a request is looked at."""
    routes = APIBlueprint(
        "admin",
        __name__,
        abp_tags=[Tag(name="Operator")],
        abp_security=[{"admin": []}],
        abp_responses=documented(422, 503),
    )

    @routes.before_request
    def admins_only() -> None:
        require_admin(request, services.settings.admin_token)

    @routes.post("/runs/<id>/retry", responses=documented(401, 403, 404, 409) | {202: RetryAnswer})
    def retry(path: RunId) -> Response:
        """Start a run that failed, was rejected or superseded again, at its first step."""
        row = services.ledger.replays.retry(existing_run(services, path).id, actor_of(request))
        log.info("run_retried", run_id=row.id, actor=actor_of(request))
        first = STEPS_OF_KIND[Kind(row.kind)][0]
        enqueued = sent(services.enqueue, first, row.id, services.ledger.runs.mark_enqueued)
        note = (
            "Its first step has been sent."
            if enqueued
            else "Redis does not take tasks now; the sweep will send its first step."
        )
        return json_answer(RetryAnswer(**run_members(row), enqueued=enqueued, note=note), 202)

    @routes.post(
        "/models/<version>/promote",
        responses=documented(400, 401, 403, 404, 409, 410, 413, 415) | {200: PromotionAnswer},
        openapi_extensions=_BODY,
    )
    def promote(path: VersionPath) -> Response:
        """Make a version the champion by hand, if it passes its checks; say why."""
        return by_hand(services.source.promote, path)

    @routes.post(
        "/models/<version>/approve",
        responses=documented(400, 401, 403, 404, 409, 410, 413, 415) | {200: PromotionAnswer},
        openapi_extensions=_BODY,
    )
    def approve(path: VersionPath) -> Response:
        """Let a promotion that was held for approval happen, if its verdict still holds; say why."""
        return by_hand(services.source.approve, path)

    def by_hand(change: ChangeOfChampion, path: VersionPath) -> Response:
        try:
            wanted = PromoteRequest.model_validate(json_object(request))
        except ValidationError as error:
            raise invalid_parameters(error, _ALLOWED) from error
        try:
            promotion = change(path.version, actor_of(request), wanted.reason)
        except ModelUnusable as error:
            raise ModelUnfit(str(error)) from error
        services.holder.wake()
        return json_answer(PromotionAnswer.model_validate(promotion))

    return routes
