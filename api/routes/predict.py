"""`POST /predict`."""

from typing import Any

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import JSON, json_answer
from api.body import json_object
from api.predictions import answer_of, rows_of
from api.problems import documented
from api.schemas_predictions import PredictAnswer, PredictRequest
from api.services import Services

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
        (row,) = rows_of(champion, [question])
        prediction_id = services.history.record(row)
        services.shadow.offer(question, row)
        return json_answer(answer_of(champion, question, row, prediction_id))

    return routes
