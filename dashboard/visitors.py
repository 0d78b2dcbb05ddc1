"""Where a request comes from, and whom a proxy names: what TRUSTED_PROXIES say is believed, nothing else."""

import unicodedata
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import unquote

import flask
from flask import request

from dashboard import context

LONGEST_NAME = 100
Ip = IPv4Address | IPv6Address
_VISITOR = "ventas_visitor"


def visitor() -> str:
    """The user whom the proxy named for this request; empty where none was asked to."""
    return str(flask.g.get(_VISITOR, "")) if flask.has_request_context() else ""


def actor(typed: str | None) -> str:
    """Who changes something: the user whom the proxy named, else by their own word."""
    return visitor() or (typed or "")


def remember(name: str) -> None:
    """Keep the user of this request for `visitor`."""
    flask.g.setdefault(_VISITOR, name)


def came_by_proxy() -> bool:
    """Whether the request comes straight from one of TRUSTED_PROXIES."""
    return _is_trusted(_ip(request.remote_addr))


def named_user() -> str:
    """The user in DASHBOARD_USER_HEADER, printable, at most 100 characters; empty if there is none.

    It may be percent-encoded.
    """
    sent = request.headers.get(context.settings().DASHBOARD_USER_HEADER, "")
    # WSGI hands bytes on as if they were Latin-1, but most programs send UTF-8.
    with suppress(UnicodeError):
        sent = unquote(sent.encode("latin-1").decode("utf-8"))
    named = "".join(char for char in unicodedata.normalize("NFC", sent) if char.isprintable()).strip()
    return named[:LONGEST_NAME]


def client_address() -> str:
    """The client's address: that of the connection, or the last before our proxies as they tell it."""
    found = _ip(request.remote_addr)
    told = request.headers.get("X-Forwarded-For", "").split(",")
    while told and _is_trusted(found):
        before = _ip(told.pop().strip())
        if before is None:
            break
        found = before
    return str(found or "unknown")


def is_https() -> bool:
    """Whether the browser speaks TLS, to us or to our proxy."""
    told = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
    return request.is_secure or (told == "https" and came_by_proxy())


def _is_trusted(found: Ip | None) -> bool:
    return found is not None and any(
        found in ip_network(proxy) for proxy in context.settings().TRUSTED_PROXIES
    )


def _ip(text: str | None) -> Ip | None:
    """The address in `text`, of IPv4 where it is one in IPv6's clothes; None where there is none."""
    try:
        found = ip_address((text or "").strip("[]"))
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
