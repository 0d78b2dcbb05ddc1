"""`GET /accuracy` and `GET /alerts`: what became of the predictions."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.pages import page_answer, window
from api.problems import documented
from api.schemas import Page
from api.schemas_reality import AccuracyAnswer, AccuracyList, AccuracyQuery, AlertAnswer, AlertList
from api.services import Services
from ventas.ledger.outcomes import OutcomeFilter


def reality_routes(services: Services) -> APIBlueprint:
    """The blueprint of live errors and alerts."""
    routes = APIBlueprint(
        "reality", __name__, abp_tags=[Tag(name="Reality")], abp_responses=documented(422, 503)
    )

    @routes.get("/accuracy", responses={200: AccuracyList})
    def accuracy(query: AccuracyQuery) -> Response:
        """The errors of predictions that came true, by version and, if wanted, by segment; newest version first.

        What was served and what the shadow would have answered are entries apart.
        """
        skip, limit = window(query, services.settings)
        wanted = OutcomeFilter(query.model_version, query.since, query.until)
        found = services.ledger.outcomes.errors(wanted, query.segment)
        page = [AccuracyAnswer.model_validate(one) for one in found[skip : skip + limit]]
        return page_answer(page, len(found), skip, limit)

    @routes.get("/alerts", responses={200: AlertList})
    def alerts(query: Page) -> Response:
        """Champions that err more than they did or that the shadow beats, and inputs that drift; newest first."""
        skip, limit = window(query, services.settings)
        rows, total = services.ledger.alerts.page(skip, limit)
        return page_answer([AlertAnswer.model_validate(row) for row in rows], total, skip, limit)

    return routes
