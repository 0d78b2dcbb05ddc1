"""`POST /predict`."""

from typing import Any

import pandas as pd
from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import JSON, json_answer
from api.body import json_object
from api.holder import Champion
from api.inputs import Question
from api.problems import documented
from api.schemas_predictions import Interval, PredictAnswer, PredictRequest
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
        frame = question.frame()
        row = _row(champion, question, frame)
        prediction_id = services.history.record(row)
        services.shadow.offer(frame, row)
        return json_answer(_answer(row, prediction_id, champion.known(question, frame)))

    return routes


def _row(champion: Champion, question: Question, frame: pd.DataFrame) -> NewPrediction:
    forecast = champion.predict(frame)
    return NewPrediction(
        created_at=utc_now(),
        model_version=champion.version,
        date=question.date,
        input_data=question.sent,
        prediction=float(forecast.values[0]),
        series=str(champion.model.roles.series_of(frame).iloc[0]),
        low=None if forecast.low is None else float(forecast.low[0]),
        high=None if forecast.high is None else float(forecast.high[0]),
        coverage=forecast.coverage,
        date_assumed=question.date_assumed,
    )


def _answer(row: NewPrediction, prediction_id: int | None, known: dict[str, bool]) -> dict[str, Any]:
    return {
        "id": prediction_id,
        "recorded": prediction_id is not None,
        "prediction": row.prediction,
        "interval": Interval.of(row),
        "model_version": row.model_version,
        "Fecha": row.date,
        "date_assumed": row.date_assumed,
        "series": row.series,
        "known": known,
        "input_data": row.input_data,
        "timestamp": row.created_at,
    }
