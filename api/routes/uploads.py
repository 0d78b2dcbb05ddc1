"""`POST /uploads` and `POST /uploads/preview`: sending a file from a browser, and what its head tells."""

from typing import Any

import structlog
from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import ValidationError

from api.admin import require_uploader
from api.answers import JSON, json_answer
from api.body import json_object, whole_body
from api.pages import refuse_unknown
from api.problems import FieldError, InvalidFields, documented, invalid_parameters
from api.schemas_models import LossAnswer
from api.schemas_uploads import HEAD, PreviewAnswer, PreviewQuery, UploadAnswer, UploadRequest
from api.services import Services
from ventas.contract import Kind
from ventas.errors import InvalidRequest, LedgerUnavailable, StoreUnavailable
from ventas.lost_knowledge import COLUMNS_GONE, Knowledge
from ventas.preview import HEAD_BYTES, Preview, Verdict, preview
from ventas.remarks import Remark
from ventas.settings import UPLOADS_BUCKET, Settings
from ventas.times import utc_now
from ventas.upload_links import UploadLinks

log = structlog.get_logger()
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {JSON: {"schema": UploadRequest.model_json_schema()}}}
}
_ALLOWED = {
    "name": "the file's own name, of 1 to 255 characters",
    "kind": "sales or forecast",
    "size": "a whole number of bytes, or left out",
}


def upload_routes(services: Services) -> APIBlueprint:
    """The blueprint of uploads; an address is given only to who has the upload token."""
    routes = APIBlueprint(
        "uploads", __name__, abp_tags=[Tag(name="Uploads")], abp_responses=documented(413, 422, 503)
    )
    settings = services.settings
    links = UploadLinks(settings)

    @routes.post(
        "/uploads",
        security=[{"upload": []}],
        responses=documented(400, 401, 403, 415) | {200: UploadAnswer},
        openapi_extensions=_BODY,
    )
    def uploads() -> Response:
        """An address that takes one file, which then goes the way of every upload."""
        require_uploader(request, settings.upload_token)
        wanted = _wanted(settings)
        kind = Kind(wanted.kind)
        try:
            link = links.put(wanted.name, kind)
        except InvalidRequest as error:
            raise InvalidFields([FieldError("name", str(error))]) from error
        answer = UploadAnswer(
            bucket=UPLOADS_BUCKET,
            kind=kind,
            max_bytes=settings.MAX_UPLOAD_BYTES,
            issued_at=utc_now(),
            **vars(link),
        )
        return json_answer(answer)

    @routes.post("/uploads/preview", responses={200: PreviewAnswer}, openapi_extensions=HEAD)
    def look(query: PreviewQuery) -> Response:
        """What the first 64 KiB of a file tell before it is sent; read as the pipeline reads, and not kept."""
        refuse_unknown(query)
        request.max_content_length = HEAD_BYTES
        head = whole_body(request)
        size = len(head) if query.size is None else max(query.size, len(head))
        looked = preview(head, size, query.kind, settings)
        answer = PreviewAnswer.model_validate(looked)
        if query.kind is Kind.SALES and looked.verdict in (Verdict.GOOD, Verdict.DOUBTFUL):
            answer.losses = [LossAnswer.model_validate(loss) for loss in losses_of(looked)]
        return json_answer(answer)

    def losses_of(looked: Preview) -> list[Remark]:
        """What a model of the file would not know; nothing while ledger or store cannot be asked."""
        try:
            champion = services.ledger.promotions.head()
            lost = services.knowledge.losses(champion, Knowledge(looked.report, looked.series))
        except (LedgerUnavailable, StoreUnavailable) as error:
            log.warning("losses_unknown", reason=str(error))
            return []
        return [loss for loss in lost if looked.complete or loss.code == COLUMNS_GONE]

    return routes


def _wanted(settings: Settings) -> UploadRequest:
    """The request's body; raises InvalidFields."""
    try:
        wanted = UploadRequest.model_validate(json_object(request))
    except ValidationError as error:
        raise invalid_parameters(error, _ALLOWED) from error
    if wanted.size is not None and wanted.size > settings.MAX_UPLOAD_BYTES:
        told = (
            f"The file has {wanted.size:,} bytes; at most {settings.MAX_UPLOAD_BYTES:,} are read. Split it."
        )
        raise InvalidFields([FieldError("size", told, f"at most {settings.MAX_UPLOAD_BYTES} bytes")])
    return wanted
