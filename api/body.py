"""The JSON body of a request, read strictly: one object, every name once, and a reason for every refusal."""

import json
import unicodedata
from contextlib import suppress
from typing import Any

from flask import Request, Response, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from api.problems import FieldError, InvalidFields
from ventas.errors import InvalidRequest


def json_object(request: Request) -> dict[str, Any]:
    """The body as a dict; names are in NFC, as some systems send accents decomposed.

    Raises UnsupportedMediaType, BadRequest (not JSON), RequestEntityTooLarge and InvalidRequest.
    """
    return object_of(json_body(request))


def json_body(request: Request) -> bytes:
    """All of a body that is said to be JSON; raises UnsupportedMediaType and RequestEntityTooLarge."""
    if not request.is_json:
        sent = request.mimetype or "no content type"
        raise UnsupportedMediaType(f"The body must be sent as application/json, not as {sent}.")
    return whole_body(request)


def object_of(data: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises BadRequest and InvalidRequest."""
    body = _parsed(data)
    if not isinstance(body, dict):
        raise InvalidRequest('The body must be one JSON object, such as {"DíaDeLaSemana": 1}.')
    return body


def whole_body(request: Request) -> bytes:
    """All of the body; raises RequestEntityTooLarge.

    A chunked one, whose length is not said, would otherwise be cut off silently.
    """
    data = request.get_data(cache=False)
    most = request.max_content_length
    if request.content_length is None and most is not None and len(data) >= most:
        raise RequestEntityTooLarge
    return data


def read_to_its_end(response: Response) -> Response:
    """Read what an answer left unread, such as the body behind a wrong token; one too large is left to the server.

    A body that comes after such an answer would be taken for the connection's next request, and end it.
    """
    most = request.max_content_length
    if request.content_length is not None and (most is None or request.content_length <= most):
        with suppress(RequestEntityTooLarge):  # raised by one of just that size that was read already
            request.get_data(cache=False)
    return response


def shown(value: Any, limit: int = 60) -> str:
    """`value` as JSON, short enough for a sentence and safe to encode."""
    text = json.dumps(value, ensure_ascii=False)
    short = text if len(text) <= limit else f"{text[:limit]}…"
    return printable(short)


def printable(text: str) -> str:
    """`text` with lone surrogates spelt out, which UTF-8 cannot carry."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _parsed(data: bytes) -> Any:
    if not data.strip():
        raise BadRequest("The body is empty; send one JSON object.")
    try:
        return json.loads(data, object_pairs_hook=_Members())
    except json.JSONDecodeError as error:
        raise BadRequest(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except UnicodeDecodeError as error:
        raise BadRequest("The body is not JSON: it is not encoded in UTF-8.") from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise BadRequest("The body is not JSON that can be read: a number is too long.") from error
    except RecursionError as error:
        raise BadRequest("The body is not JSON that can be read: it is nested too deeply.") from error


class _Members:
    """Makes the dict of each object of one body; a name is looked at once, though a batch repeats it in every row."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for name, value in pairs:
            known = self._names.get(name) or self._known(name)
            if known in members:
                raise InvalidFields([FieldError(known, f"{shown(known)} is given twice.")])
            members[known] = value
        return members

    def _known(self, name: str) -> str:
        known = unicodedata.normalize("NFC", name)
        if printable(known) != known:
            raise InvalidFields(
                [FieldError(printable(known), f"{shown(known)} cannot be the name of a column.")]
            )
        self._names[name] = known
        return known
