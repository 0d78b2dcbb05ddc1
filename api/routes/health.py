"""`GET /health` and `GET /health/live`."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import json_answer
from api.problems import documented, problem_of
from api.schemas import Alive, Health, PartAnswer
from api.services import Services
from ventas.errors import NoChampion


def health_routes(services: Services) -> APIBlueprint:
    """The blueprint of health; it asks nobody, so it answers at once whatever is away."""
    routes = APIBlueprint(
        "health", __name__, abp_tags=[Tag(name="Health")], abp_responses=documented(422, 503)
    )

    @routes.get("/health", responses={200: Health})
    def health() -> Response:
        """Whether predictions can be served, and how the parts behind them are and since when.

        MinIO is none of them: the API needs it only through MLflow.
        """
        states = services.parts.snapshot()
        parts = {name: PartAnswer.model_validate(state) for name, state in states.items()}
        try:
            champion = services.holder.champion()
        except NoChampion as error:
            return problem_of(error, extra={"parts": parts})
        answer = Health(
            model_version=champion.version,
            loaded_at=champion.loaded_at,
            compiled=champion.compiled is not None,
            example=champion.example,
            parts=parts,
        )
        return json_answer(answer)

    @routes.get("/health/live", responses={200: Alive})
    def live() -> Response:
        """Whether this process lives, no more."""
        return json_answer(Alive())

    return routes
