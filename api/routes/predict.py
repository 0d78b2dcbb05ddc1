"""`POST /predict`."""

from typing import Any

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import JSON, json_answer
from api.body import json_object
from api.problems import documented
from api.schemas import PredictAnswer, PredictRequest
from api.services import Services
from ventas.ledger.predictions import NewPrediction
from ventas.times import utc_now

# The body is read by the form of the champion, not by a fixed model, so it is documented by hand.
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": PredictRequest.model_json_schema(by_alias=True)}},
    }
}


def predict_routes(services: Services) -> APIBlueprint:
    """The blueprint of predictions."""
    routes = APIBlueprint(
        "predict", __name__, abp_tags=[Tag(name="Predictions")], abp_responses=documented(422, 503)
    )

    @routes.post(
        "/predict", responses=documented(400, 413, 415) | {200: PredictAnswer}, openapi_extensions=_BODY
    )
    def predict() -> Response:
        """Predict the sales of one day with the champion."""
        body = json_object(request)
        champion = services.holder.champion()
        question = champion.form.read(body, services.today())
        row = NewPrediction(
            created_at=utc_now(),
            model_version=champion.version,
            date=question.date,
            input_data=question.sent,
            prediction=champion.predict(question),
        )
        return json_answer(_answer(row, services.history.record(row), question.date_assumed))

    return routes


def _answer(row: NewPrediction, prediction_id: int | None, date_assumed: bool) -> dict[str, Any]:
    return {
        "id": prediction_id,
        "recorded": prediction_id is not None,
        "prediction": row.prediction,
        "model_version": row.model_version,
        "Fecha": row.date,
        "date_assumed": date_assumed,
        "input_data": row.input_data,
        "timestamp": row.created_at,
    }
