"""The login: a page that takes DASHBOARD_TOKEN, the signed cookie that remembers it, and the way out.

The cookie holds no token, but a keyed digest of it: whoever changes the token or the key logs everybody out. It lasts
DASHBOARD_SESSION_SECONDS from the login on. Wrong tokens are counted by each process for itself: with two processes
somebody has twice the tries, which guesses no token of 12 characters.
"""

import hmac
from urllib.parse import urlsplit

import flask
import structlog
from flask import Response, request, session
from flask.sessions import SecureCookieSessionInterface
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from dashboard import context, visitors
from dashboard.i18n import LANGUAGES, language
from dashboard.i18n import gettext as _
from ventas.settings import Settings

PATH, LEAVE = "/entrar", "/salir"
TARGET, FIELD = "a", "clave"
COOKIE = "ventas_entrada"
PROOF = "entered"
WRONG_TRIES = RateLimitItemPerMinute(10, 5)  # of one client address
WAIT_SECONDS = WRONG_TRIES.get_expiry()
LARGEST_FORM = 4096

_TRIES = "VENTAS_TRIES"
log = structlog.get_logger(__name__)


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookies, kept from plain HTTP where the browser speaks TLS to our proxy."""

    def get_cookie_secure(self, app: flask.Flask) -> bool:  # noqa: ARG002 - Flask's signature
        """Whether the cookie is for TLS alone."""
        return visitors.is_https()


def register(server: flask.Flask, settings: Settings) -> None:
    """Add the page, the way out, and the cookie."""
    server.secret_key = settings.dashboard_session_key
    server.session_interface = Sessions()
    server.config.update(
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # Strict would ask anew whoever follows a link in a mail
        PERMANENT_SESSION_LIFETIME=settings.DASHBOARD_SESSION_SECONDS,
        SESSION_REFRESH_EACH_REQUEST=False,  # an open page asks for ever, and would never be asked again
    )
    server.config[_TRIES] = MovingWindowRateLimiter(MemoryStorage())
    server.add_url_rule(PATH, "login", _ask, methods=["GET"])
    server.add_url_rule(PATH, "enter", _enter, methods=["POST"])
    server.add_url_rule(LEAVE, "leave", _leave, methods=["POST"])


def has_entered() -> bool:
    """Whether this browser has logged in with the token of now."""
    return hmac.compare_digest(str(session.get(PROOF, "")).encode(), _proof().encode())


def redirect(target: str) -> Response:
    """Lead a browser to a place of ours, by GET."""
    return Response(status=303, headers={"Location": target})


def refusal(reason: str, remedy: str) -> Response:
    """The page of somebody who has no way in here."""
    return _page(403, reason=reason, remedy=remedy)


def safe_target(asked: str) -> str:
    """`asked` if it is a path of this dashboard, else the first page: a login must lead to no other site."""
    # Browsers read a backslash as a slash, and take no notice of a tab.
    plain = asked.replace("\\", "/")
    is_ours = asked.isprintable() and plain.startswith("/") and not plain.startswith("//")
    return asked if is_ours and urlsplit(plain).path not in (PATH, LEAVE) else "/"


def _ask() -> Response:
    target = safe_target(request.args.get(TARGET, ""))
    return redirect(target) if has_entered() else _page(200, target=target)


def _enter() -> Response:
    request.max_content_length = LARGEST_FORM
    target, client = safe_target(request.form.get(TARGET, "")), visitors.client_address()
    tries: MovingWindowRateLimiter = flask.current_app.config[_TRIES]
    if not tries.test(WRONG_TRIES, client):
        log.warning("login_paused", client=client)
        fault = _("Demasiados intentos: espere {minutes} minutos y vuelva a intentarlo.")
        page = _page(429, target=target, fault=fault.format(minutes=WAIT_SECONDS // 60))
        page.headers["Retry-After"] = str(WAIT_SECONDS)
        return page
    given = request.form.get(FIELD, "").strip()
    if not hmac.compare_digest(given.encode(), context.settings().dashboard_token.encode()):
        tries.hit(WRONG_TRIES, client)
        log.warning("login_refused", client=client)
        return _page(401, target=target, fault=_("Esa no es la clave de este tablero."))
    session.clear()
    session[PROOF] = _proof()
    session.permanent = True
    log.info("login", client=client)
    return redirect(target)


def _leave() -> Response:
    session.clear()
    return redirect(PATH)


def _proof() -> str:
    settings = context.settings()
    key, token = settings.dashboard_session_key, settings.dashboard_token
    return hmac.new(key.encode(), token.encode(), "sha256").hexdigest()


def _page(status: int, *, target: str = "", fault: str = "", reason: str = "", remedy: str = "") -> Response:
    """The page in the language of the request: with the form, or with the `reason` why there is none."""
    other = next(code for code in LANGUAGES if code != language())
    words = {
        "title": _("Sin acceso") if reason else _("Entrar"),
        "label": _("Clave del tablero"),
        "hint": _("DASHBOARD_TOKEN; si nadie la eligió, está en tokens/dashboard de la carpeta de estado."),
        "send": _("Entrar"),
        "scheme": _("Cambiar entre tema claro y oscuro"),
    }
    html = flask.render_template(
        "entrar.html",
        **words,
        language=language(),
        other=other,
        other_name=LANGUAGES[other],
        target=target,
        fault=fault,
        reason=reason,
        remedy=remedy,
    )
    return Response(html, status, {"Content-Security-Policy": "frame-ancestors 'none'"}, mimetype="text/html")
