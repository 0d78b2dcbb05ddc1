"""Who may see the pages: anybody, whoever has logged in, or whom a proxy names (DASHBOARD_AUTH).

One look before every request, for whatever it asks: pages, what their scripts fetch, and downloads. Without leave a
page leads to the login, and everything else is a 401, which the pages' scripts follow to the login too
(assets/client.js). The assets are open: they are the same for all, and the login needs them.
"""

from collections.abc import Callable
from urllib.parse import urlencode

import flask
import structlog
from flask import Response, request
from werkzeug.datastructures import WWWAuthenticate

from dashboard import context, login, visitors
from dashboard.i18n import gettext as _
from ventas.settings import Settings

OPEN = ("/health", login.PATH)
OPEN_BELOW = "/assets/"
SCRIPTS = "/_dash-component-suites/"

log = structlog.get_logger(__name__)


def register(server: flask.Flask, settings: Settings) -> None:
    """Let nobody pass whom DASHBOARD_AUTH keeps out; call it before whatever else looks at requests."""
    if settings.DASHBOARD_AUTH == "off":
        return
    checks: dict[str, Callable[[], Response | None]] = {"token": _has_entered, "header": _is_named}
    check = checks[settings.DASHBOARD_AUTH]
    if settings.DASHBOARD_AUTH == "token":
        login.register(server, settings)
    server.before_request(lambda: None if _is_open(request.path) else check())
    server.after_request(_keep_no_copy)


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_BELOW)


def _has_entered() -> Response | None:
    if login.has_entered():
        return None
    if _is_navigation():
        asked = request.full_path.removesuffix("?")
        return login.redirect(f"{login.PATH}?{urlencode({login.TARGET: asked})}")
    return Response(
        _("Primero hay que entrar."),
        401,
        {"WWW-Authenticate": WWWAuthenticate("cookie", {"realm": "ventas"}).to_header()},
        mimetype="text/plain",
    )


def _is_named() -> Response | None:
    header = context.settings().DASHBOARD_USER_HEADER
    if not visitors.came_by_proxy():
        log.warning("visitor_refused", client=visitors.client_address(), reason="not by a trusted proxy")
        return login.refusal(
            _("A este tablero se entra por el proxy de su organización, y esta petición no vino de él."),
            _("Quien lo administra dice en TRUSTED_PROXIES qué direcciones son del proxy."),
        )
    user = visitors.named_user()
    if not user:
        log.warning("visitor_refused", client=visitors.client_address(), reason=f"no {header}")
        return login.refusal(
            _("El proxy no dijo quién es usted."),
            _("Quien lo administra debe hacer que el proxy ponga el usuario en la cabecera {header}.").format(
                header=header
            ),
        )
    visitors.remember(user)
    return None


def _is_navigation() -> bool:
    """Whether a person asked for this as a page or a file, and not a script."""
    told = request.headers.get("Sec-Fetch-Mode")
    asks_page = told == "navigate" if told else "text/html" in request.headers.get("Accept", "")
    return request.method in ("GET", "HEAD") and asks_page


def _keep_no_copy(response: Response) -> Response:
    """After the logout the browser's way back shows nothing.

    Scripts of packages, Plotly's five megabytes among them, are kept, and asked after each time.
    """
    if request.path.startswith(SCRIPTS) and response.status_code in (200, 304):
        response.headers.setdefault("Cache-Control", "no-cache")
    elif not _is_open(request.path) or request.path == login.PATH:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
