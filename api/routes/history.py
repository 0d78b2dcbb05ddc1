"""`GET /history/`, `/history/predictions.csv`, `/history/{id}` and `/history/{id}/lineage`."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import json_answer
from api.history_csv import history_csv
from api.lineage import lineage
from api.pages import page_answer, refuse_unknown, window
from api.past import past_prediction
from api.problems import documented
from api.schemas import PredictionId
from api.schemas_history import HistoryCsv, HistoryQuery, Lineage, PastList, PastPrediction
from api.services import Services
from ventas.errors import NotFound
from ventas.ledger.history import Past
from ventas.settings import Settings

CSV = "text/csv; charset=utf-8"
_FILE: dict[Any, Any] = {
    200: {"description": "The file.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


def history_routes(services: Services) -> APIBlueprint:
    """The blueprint of past predictions."""
    routes = APIBlueprint(
        "history", __name__, abp_tags=[Tag(name="Predictions")], abp_responses=documented(422, 503)
    )
    ledger, zone = services.ledger, ZoneInfo(services.settings.BUSINESS_TIMEZONE)

    @routes.get("/history/", responses={200: PastList})
    def history(query: HistoryQuery) -> Response:
        """Past predictions with what was sold, newest first unless sorted otherwise."""
        skip, limit = window(query, services.settings)
        rows, total = ledger.history.page(skip, limit, query.filter(), query.sort)
        return page_answer([past_prediction(past, zone) for past in rows], total, skip, limit)

    @routes.get("/history/predictions.csv", responses=_FILE)
    def predictions(query: HistoryCsv) -> Response:
        """Past predictions as a file, newest first, all that fit."""
        refuse_unknown(query)
        pieces = history_csv(ledger.history, query.filter(), zone, excel=query.excel)
        response = Response(pieces, content_type=CSV)
        response.headers["Content-Disposition"] = 'attachment; filename="predictions.csv"'
        return response

    @routes.get("/history/<id>", responses=documented(404) | {200: PastPrediction})
    def prediction(path: PredictionId) -> Response:
        """One past prediction with what was sold."""
        return json_answer(past_prediction(existing(path.id), zone))

    @routes.get("/history/<id>/lineage", responses=documented(404) | {200: Lineage})
    def behind(path: PredictionId) -> Response:
        """The model, the dataset and the uploads behind a past prediction."""
        return json_answer(lineage(ledger, existing(path.id)))

    def existing(prediction_id: int) -> Past:
        past = ledger.history.get(prediction_id)
        if past is None:
            raise NotFound(f"There is no prediction {prediction_id}.{_kept(services.settings)}")
        return past

    return routes


def _kept(settings: Settings) -> str:
    """Where old predictions go, said to who asks for one that is not there."""
    days = settings.KEEP_HISTORY_DAYS
    return f" Those older than {days} days were deleted (KEEP_HISTORY_DAYS)." if days else ""
