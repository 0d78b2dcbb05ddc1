"""`GET /runs/{id}/quality`, `/rejected.csv` and `/answer.csv`: what a run leaves for its sender.

The files are passed on piece by piece as the pipeline wrote them. No cell of theirs is a formula for a spreadsheet:
that is taken care of where they are written (`ventas.quality`, `ventas.spreadsheet`).
"""

import unicodedata
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import json_answer
from api.problems import documented
from api.routes.runs import existing_run
from api.schemas import RunId
from api.services import Services
from ventas.contract import Kind
from ventas.errors import Deleted, NotFound
from ventas.ledger import Run
from ventas.pipeline.forecast import kept_answer_key
from ventas.pipeline.uploads import bad_rows_place
from ventas.retention import deleted_sentence
from ventas.settings import DATA_BUCKET
from ventas.store import ObjectVersion, Store

CSV = "text/csv; charset=utf-8"
_FILE: dict[Any, Any] = {
    200: {"description": "The file.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


def download_routes(services: Services) -> APIBlueprint:
    """The blueprint of a run's report and files."""
    routes = APIBlueprint(
        "downloads", __name__, abp_tags=[Tag(name="Pipeline")], abp_responses=documented(404, 422, 503)
    )
    store = Store(services.settings, impatient=True)

    @routes.get("/runs/<id>/quality")
    def quality(path: RunId) -> Response:
        """The quality report of a run's file."""
        run = existing_run(services, path)
        if run.quality is None:
            raise NotFound(f"Run {run.id} has no quality report: {_unread(run)}")
        return json_answer(run.quality)

    @routes.get("/runs/<id>/rejected.csv", responses=documented(410) | _FILE)
    def rejected(path: RunId) -> Response:
        """The rows that were left aside, each with its line and what is wrong with it."""
        run = existing_run(services, path)
        found = _rejected_rows(store, run)
        if found is None:
            if gone := deleted_sentence(run):
                raise Deleted(f"The rejected rows are no longer there. {gone}")
            raise NotFound(f"Run {run.id} has no rejected rows to download: {_why_none(run)}")
        return _download(store, found, _file_name(run, "rejected"))

    @routes.get("/runs/<id>/answer.csv", responses=_FILE)
    def answer(path: RunId) -> Response:
        """The forecast that a forecast file was answered with."""
        run = existing_run(services, path)
        if run.kind != Kind.FORECAST or run.model_version is None:
            raise NotFound(f"Run {run.id} has no answer: only a forecast file that was answered has one.")
        found = store.stat(DATA_BUCKET, kept_answer_key(run.id, run.model_version))
        return _download(store, found, _file_name(run, "answer"))

    return routes


def _rejected_rows(store: Store, run: Run) -> ObjectVersion | None:
    """Where they lie, or None where there are none."""
    if not (run.quality or {}).get("rows_rejected"):
        return None
    try:
        return store.stat(*bad_rows_place(run))
    except NotFound:
        return None


def _why_none(run: Run) -> str:
    rejected = (run.quality or {}).get("rows_rejected")
    if rejected is None:
        return _unread(run)
    if not rejected:
        return "every row could be used, or the file could not be read as rows."
    return "they were not kept; the quality report names the first of them."


def _unread(run: Run) -> str:
    return f"its file has not been read ({run.status})."


def _file_name(run: Run, what: str) -> str:
    name = PurePosixPath(run.key).name.removesuffix(".gz")
    return f"{name[: -len('.csv')] if name.lower().endswith('.csv') else name}-{what}.csv"


def _download(store: Store, found: ObjectVersion, name: str) -> Response:
    response = Response(store.stream(found), content_type=CSV)
    response.content_length = found.size
    response.headers["Content-Disposition"] = _attachment(name)
    return response


def _attachment(name: str) -> str:
    """The header by which a browser saves the file as `name`, whatever letters that has (RFC 6266)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join(char for char in plain if char.isprintable() and char not in '"\\')
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
