"""`POST /predict/batch`."""

from datetime import timedelta
from typing import Any

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import JSON
from api.batch_answer import Answered, batch_json
from api.batch_reading import read_quickly
from api.body import json_body, object_of, shown
from api.problems import FieldError, InvalidFields, documented
from api.schemas_predictions import BatchAnswer, BatchRequest
from api.services import Services
from ventas.ledger.predictions import NewPrediction
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
        data = json_body(request)
        champion = services.holder.current
        quick = champion and read_quickly(champion.form, data, most, services.today())
        if champion and quick:
            answered = Answered.of(champion, quick.questions)
            return Response(batch_json(answered, places=quick.places), mimetype=JSON)
        rows, record = _asked(object_of(data), most)
        champion = services.holder.champion()
        answered = Answered.of(champion, champion.form.read_all(rows, services.today()))
        ids = services.history.record_all(_rows(answered)) if record else None
        return Response(batch_json(answered, ids), mimetype=JSON)

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


def _rows(answered: Answered) -> list[NewPrediction]:
    """The rows as the history keeps them; their moments differ, for the spool tells rows apart by these."""
    now = utc_now()
    questions, low, high = answered.questions, answered.low, answered.high
    return [
        NewPrediction(
            created_at=now + timedelta(microseconds=at),
            model_version=answered.version,
            date=questions.dates[at],
            input_data=questions.sent[at],
            prediction=value,
            series=answered.series[at],
            low=low[at] if low else None,
            high=high[at] if high else None,
            coverage=answered.coverage,
            date_assumed=questions.assumed[at],
        )
        for at, value in enumerate(answered.values)
    ]
