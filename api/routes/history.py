"""`GET /history/` and `GET /history/{id}`."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import json_answer
from api.pages import page_answer, window
from api.problems import documented
from api.schemas import Page, PredictionId
from api.schemas_predictions import HistoryEntry, HistoryList, Interval
from api.services import Services
from ventas.errors import NotFound
from ventas.ledger import Prediction


def history_routes(services: Services) -> APIBlueprint:
    """The blueprint of past predictions."""
    routes = APIBlueprint(
        "history", __name__, abp_tags=[Tag(name="Predictions")], abp_responses=documented(422, 503)
    )
    predictions = services.ledger.predictions

    @routes.get("/history/", responses={200: HistoryList})
    def history(query: Page) -> Response:
        """Past predictions, newest first."""
        skip, limit = window(query, services.settings)
        rows, total = predictions.page(skip, limit)
        return page_answer([_entry(row) for row in rows], total, skip, limit)

    @routes.get("/history/<id>", responses=documented(404) | {200: HistoryEntry})
    def prediction(path: PredictionId) -> Response:
        """One past prediction."""
        row = predictions.get(path.id)
        if row is None:
            raise NotFound(f"There is no prediction {path.id}.")
        return json_answer(_entry(row))

    return routes


def _entry(row: Prediction) -> HistoryEntry:
    return HistoryEntry(
        id=row.id,
        input_data=row.input_data,
        prediction=row.prediction,
        interval=Interval.of(row),
        timestamp=row.created_at,
        model_version=row.model_version,
        Fecha=row.date,
        date_assumed=row.date_assumed,
        series=row.series,
    )
