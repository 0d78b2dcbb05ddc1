"""`POST /predict/batch`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import JSON, json_answer
from api.body import json_object, shown
from api.holder import Champion
from api.inputs import Questions
from api.problems import FieldError, InvalidFields, documented
from api.schemas_predictions import BatchAnswer, BatchRequest
from api.services import Services
from ventas.contract import DATE
from ventas.ledger.predictions import NewPrediction
from ventas.served import Forecast
from ventas.times import utc_now

# One transaction writes them, some 40 µs a row, and while it does nobody else writes to the ledger on SQLite.
MOST_RECORDED = 10_000


def batch_routes(services: Services) -> APIBlueprint:
    """The blueprint of predictions for many rows at once."""
    routes = APIBlueprint(
        "batch", __name__, abp_tags=[Tag(name="Predictions")], abp_responses=documented(422, 503)
    )
    most = services.settings.MAX_BATCH_ROWS

    @routes.post(
        "/predict/batch",
        responses=documented(400, 413, 415) | {200: BatchAnswer},
        openapi_extensions=_body(most),
    )
    def predict_batch() -> Response:
        """Predict the sales of many days with the champion, in one go; recorded only if asked for."""
        request.max_content_length = services.settings.MAX_BATCH_BYTES
        rows, record = _asked(json_object(request), most)
        champion = services.holder.champion()
        questions = champion.form.read_all(rows, services.today())
        frame = champion.model.with_plan(questions.frame())
        forecast = champion.predict(frame)
        ids = services.history.record_all(_rows(champion, questions, frame, forecast)) if record else None
        answer = {
            "model_version": champion.version,
            "recorded": ids is not None,
            "predictions": list(_predictions(champion, questions, frame, forecast, ids)),
        }
        return json_answer(answer)

    return routes


def _body(most: int) -> dict[str, Any]:
    """The request as it is documented; what a row holds depends on the champion, so it is read by its form."""
    schema = BatchRequest.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    schema["properties"]["rows"] |= {"items": schema.pop("$defs")["PredictRequest"], "maxItems": most}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def _asked(body: dict[str, Any], most: int) -> tuple[list[Any], bool]:
    """The rows, and whether to record them; raises InvalidFields."""
    faults = [
        FieldError(name, f"{shown(name)} is not known here; known are rows and record.", "rows, record")
        for name in body
        if name not in BatchRequest.model_fields
    ]
    rows, record = body.get("rows"), body.get("record", False)
    if record is True:
        most = min(most, MOST_RECORDED)
    if not isinstance(rows, list) or not 1 <= len(rows) <= most:
        allowed = f"a list of 1 to {most} rows" + (" where they are recorded" if record is True else "")
        given = f"a list of {len(rows)}" if isinstance(rows, list) else shown(rows)
        faults.append(FieldError("rows", f"rows must be {allowed}, not {given}.", allowed))
    if not isinstance(record, bool):
        faults.append(
            FieldError("record", f"record must be true or false, not {shown(record)}.", "true or false")
        )
    if faults:
        raise InvalidFields(faults)
    assert isinstance(rows, list)
    return rows, record


def _predictions(
    champion: Champion, questions: Questions, frame: pd.DataFrame, forecast: Forecast, ids: list[int] | None
) -> Iterator[dict[str, Any]]:
    """Each row's answer, made of plain values: a model for each would take longer than the prediction."""
    series = champion.model.roles.series
    of_series = champion.model.roles.series_of(frame).tolist()
    known = champion.model.series_known(frame).tolist()
    plan = champion.model.plan_known(frame)
    low, high = _bounds(forecast)
    for at, value in enumerate(forecast.values.tolist()):
        told = {DATE: not questions.assumed[at]}
        if plan is not None:
            told["plan"] = bool(plan[at])
        yield {
            "id": ids[at] if ids else None,
            "prediction": value,
            "interval": {"low": low[at], "high": high[at], "coverage": forecast.coverage} if low else None,
            "Fecha": questions.dates[at],
            "date_assumed": questions.assumed[at],
            "series": of_series[at],
            "known": told | {series: known[at]} if series else told,
        }


def _rows(
    champion: Champion, questions: Questions, frame: pd.DataFrame, forecast: Forecast
) -> list[NewPrediction]:
    """The rows as the history keeps them; their moments differ, for the spool tells rows apart by these."""
    now = utc_now()
    of_series = champion.model.roles.series_of(frame).tolist()
    low, high = _bounds(forecast)
    return [
        NewPrediction(
            created_at=now + timedelta(microseconds=at),
            model_version=champion.version,
            date=questions.dates[at],
            input_data=questions.sent[at],
            prediction=value,
            series=of_series[at],
            low=low[at] if low else None,
            high=high[at] if high else None,
            coverage=forecast.coverage,
            date_assumed=questions.assumed[at],
        )
        for at, value in enumerate(forecast.values.tolist())
    ]


def _bounds(forecast: Forecast) -> tuple[list[float], list[float]]:
    """Both ends of the intervals; empty lists where there are none."""
    if forecast.low is None or forecast.high is None:
        return [], []
    return np.asarray(forecast.low).tolist(), np.asarray(forecast.high).tolist()
