"""Which route of a Flask app takes a request, noted for the front that counts it."""

import re
from functools import cache

from flask import Flask, request

from ventas.front.front import ROUTE

_PART = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")


def note_routes(app: Flask) -> None:
    """Have the app note the route of each request; one that no route takes is left out."""

    @app.before_request
    def note() -> None:
        if request.url_rule is not None:
            request.environ[ROUTE] = _name(request.url_rule.rule)


@cache
def _name(rule: str) -> str:
    """`/history/<int:id>` as the documents write it: `/history/{id}`."""
    return _PART.sub(r"{\1}", rule).rstrip("/") or "/"
