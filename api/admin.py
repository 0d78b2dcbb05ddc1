"""Who may change things, or upload: whoever sends the token for it, compared in constant time."""

import hmac
import unicodedata
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from flask import Request
from flask_openapi3.models.security_scheme import SecurityScheme
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

ACTOR_HEADER = "X-Actor"
LONGEST_ACTOR = 100
SECURITY: dict[str, SecurityScheme | dict[str, Any]] = {
    "admin": {
        "type": "http",
        "scheme": "bearer",
        "description": "ADMIN_TOKEN; made at random into tokens/admin of the state folder unless given.",
    },
    "upload": {
        "type": "http",
        "scheme": "bearer",
        "description": "UPLOAD_TOKEN; made at random into tokens/upload of the state folder unless given.",
    },
}


def require_admin(request: Request, token: str) -> None:
    """Let a request with the admin token pass; raises Unauthorized without any, and Forbidden with another one."""
    _require(request, token, "admin")


def require_uploader(request: Request, token: str) -> None:
    """Let a request with the upload token pass; raises Unauthorized without any, and Forbidden with another one."""
    _require(request, token, "upload")


def _require(request: Request, token: str, name: str) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise Unauthorized(
            f"This needs the {name} token, sent as `Authorization: Bearer TOKEN`.",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "ventas"}),
        )
    if not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise Forbidden(f"This is not the {name} token of this system.")


def actor_of(request: Request) -> str:
    """Who asks, by their own word: the header X-Actor, else "admin"; printable, at most 100 characters.

    It may be percent-encoded, and has to be where it is not ASCII: servers drop such a header.
    """
    sent = request.headers.get(ACTOR_HEADER, "")
    # WSGI hands bytes on as if they were Latin-1, but most programs send UTF-8.
    with suppress(UnicodeError):
        sent = unquote(sent.encode("latin-1").decode("utf-8"))
    named = "".join(char for char in unicodedata.normalize("NFC", sent) if char.isprintable()).strip()
    return named[:LONGEST_ACTOR] or "admin"
