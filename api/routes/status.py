"""`GET /status`."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import json_answer
from api.problems import documented
from api.schemas import PartAnswer
from api.schemas_status import BacklogAnswer, QueueAnswer, StatusAnswer
from api.services import Services
from ventas.times import utc_now


def status_routes(services: Services) -> APIBlueprint:
    """The blueprint of the system's status."""
    routes = APIBlueprint(
        "status", __name__, abp_tags=[Tag(name="Health")], abp_responses=documented(422, 503)
    )
    system = services.system

    @routes.get("/status", responses={200: StatusAnswer})
    def status() -> Response:
        """How every part of the system is, and the backlog; a part that hangs holds up nobody for long."""
        parts = {name: PartAnswer.model_validate(state) for name, state in system.look().items()}
        queues = {name: QueueAnswer.model_validate(queue) for name, queue in system.queues.items()}
        known = system.backlog
        backlog = None if known is None else BacklogAnswer.model_validate(known)
        return json_answer(StatusAnswer(checked_at=utc_now(), parts=parts, queues=queues, backlog=backlog))

    return routes
