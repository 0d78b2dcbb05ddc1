"""Errors as RFC 9457 problem details, one shape for all of them.

{"type", "title", "status", "detail", "errors": [{"field", "message", "allowed"?}]}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from api.answers import json_answer
from ventas import errors

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 5
MOST_MESSAGES = 5  # in one sentence; a batch may have a hundred

log = structlog.get_logger()


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field; `allowed` says in words what it may be."""

    field: str
    message: str
    allowed: str | None = None

    def as_dict(self) -> dict[str, str]:
        """The error as the answer shows it."""
        return {name: value for name, value in vars(self).items() if value is not None}


class InvalidFields(errors.InvalidRequest):
    """Raised when fields of a request have values that cannot be served; names all of them."""

    def __init__(self, faults: Sequence[FieldError]):
        super().__init__(_summary(faults), field=faults[0].field)
        self.faults = tuple(faults)


def _summary(faults: Sequence[FieldError]) -> str:
    """The first messages, and how many more there are."""
    more = len(faults) - MOST_MESSAGES
    rest = [f"{more} more, which errors lists." if more > 1 else faults[-1].message] if more > 0 else []
    return " ".join([*(fault.message for fault in faults[:MOST_MESSAGES]), *rest])


class ModelUnfit(errors.InvalidRequest):
    """Raised when a version that was named cannot be loaded or fails its checks."""


@dataclass(frozen=True)
class _Kind:
    status: int
    title: str
    slug: str


_KINDS: dict[type[Exception], _Kind] = {
    ModelUnfit: _Kind(422, "The version must not be served", "model-unfit"),
    errors.Conflict: _Kind(409, "Things stand otherwise", "conflict"),
    errors.ChampionChanged: _Kind(409, "Things stand otherwise", "conflict"),
    errors.InvalidRequest: _Kind(422, "The request cannot be served as it stands", "invalid-request"),
    errors.Deleted: _Kind(410, "Deleted by retention", "deleted"),
    errors.NotFound: _Kind(404, "Not found", "not-found"),
    errors.NoChampion: _Kind(503, "No model is served yet", "no-champion"),
    errors.RegistryUnavailable: _Kind(503, "MLflow does not answer", "registry-unavailable"),
    errors.LedgerUnavailable: _Kind(503, "The database does not answer", "ledger-unavailable"),
    errors.TransientError: _Kind(503, "A part of the system does not answer", "unavailable"),
}
# The libraries' own words name hosts and files; those are for the log.
_AWAY: dict[type[Exception], str] = {
    errors.RegistryUnavailable: "The model registry (MLflow) does not answer; predictions need it not.",
    errors.LedgerUnavailable: "The database of runs and history does not answer; try again in a moment.",
}
_UNEXPECTED = _Kind(500, "Internal error", "internal")


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    kind: str = "about:blank",
    faults: Sequence[FieldError] = (),
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem details response; `extra` are further members, `kind` a URI for programs."""
    members = {
        "type": kind,
        "title": title,
        "status": status,
        "detail": detail,
        "errors": [fault.as_dict() for fault in faults],
        **(extra or {}),
    }
    every = dict(headers or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        every.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return json_answer(members, status, mimetype=PROBLEM_JSON, headers=every)


def problem_of(error: errors.VentasError, *, extra: Mapping[str, Any] | None = None) -> Response:
    """The problem details of one of our own errors."""
    kind = next((_KINDS[cls] for cls in type(error).__mro__ if cls in _KINDS), _UNEXPECTED)
    if kind is _UNEXPECTED:
        return _unexpected(error)
    faults = error.faults if isinstance(error, InvalidFields) else ()
    detail = str(error)
    if kind.status == HTTPStatus.SERVICE_UNAVAILABLE and not isinstance(error, errors.NoChampion):
        log.warning("part_needed_is_away", path=request.path, reason=detail)
        detail = _AWAY.get(type(error), f"{kind.title}; try again in a moment.")
    return problem(
        kind.status,
        kind.title,
        detail if detail.endswith((".", "!")) else f"{detail}.",
        kind=f"urn:ventas:problem:{kind.slug}",
        faults=faults,
        extra=extra,
    )


def invalid_parameters(error: ValidationError, allowed: Mapping[str, str]) -> InvalidFields:
    """Pydantic's findings on path and query parameters as ours; `allowed` tells what each parameter may be."""
    faults = []
    for finding in error.errors(include_url=False, include_context=False):
        name = ".".join(str(part) for part in finding["loc"])
        may_be = allowed.get(name)
        reason = f"must be {may_be}" if may_be else f"is not valid: {finding['msg']}"
        faults.append(FieldError(name, f"{name} {reason}.", may_be))
    return InvalidFields(faults)


def documented(*statuses: int) -> dict[str | int | HTTPStatus, Any]:
    """Problem details of these statuses, for the OpenAPI document."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def register_problems(app: Flask) -> None:
    """Make every error of `app` a problem details answer, also those of routing and of bugs."""
    app.register_error_handler(errors.VentasError, problem_of)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _unexpected)


def _http_problem(error: HTTPException) -> Response:
    status = error.code or 500
    headers = {
        name: value
        for name, value in error.get_headers(request.environ)
        if name.lower() in ("allow", "retry-after", "www-authenticate")
    }
    title = HTTPStatus(status).phrase
    return problem(status, title, _http_detail(error), headers=headers)


def _http_detail(error: HTTPException) -> str:
    if isinstance(error, MethodNotAllowed):
        methods = ", ".join(sorted(error.valid_methods or ()))
        return f"{request.method} is not possible at {request.path}; possible: {methods}."
    if isinstance(error, NotFound):
        return f"There is nothing at {request.path}; /docs lists what there is."
    if isinstance(error, RequestEntityTooLarge):
        return f"The body is larger than {request.max_content_length} bytes, the most that is read."
    return error.description or "The request cannot be served."


def _unexpected(error: Exception) -> Response:
    log.error("unexpected_error", method=request.method, path=request.path, exc_info=error)
    return problem(
        _UNEXPECTED.status,
        _UNEXPECTED.title,
        "Something went wrong on our side. The log of the API tells what.",
        kind=f"urn:ventas:problem:{_UNEXPECTED.slug}",
    )
