"""The dashboard: a Dash app that is a client of the API and of nothing else.

    granian --interface rsgi --factory dashboard.app:create_front

Callbacks hold no state between requests, so any number of workers may serve one browser.
"""

from pathlib import Path

import flask
import structlog
from dash import Dash, set_props
from dash.exceptions import DependencyException

from dashboard import access, callback_shape, context, downloads, shell
from dashboard.i18n import gettext as _
from dashboard.i18n import language
from dashboard.i18n import mark as N_
from dashboard.pages import forecast, history, models, not_found_404, run, runs, status, upload
from ventas.errors import SettingsError
from ventas.front import Front
from ventas.launcher.addresses import open_dashboard
from ventas.logs import configure_logging
from ventas.settings import Settings, load_settings

PAGES = (forecast, upload, history, models, runs, run, status, not_found_404)
FAULT = N_(
    "Algo salió mal al mostrar esta página. Vuelva a cargarla y, si se repite, avise a quien la administra."
)

THREADS = 4
LARGEST_BODY = 16 * 1024**2  # callbacks send what a page shows, such as a table or a chosen file

log = structlog.get_logger(__name__)


class LocalisedDash(Dash):
    """Dash whose page says in which language it is."""

    def interpolate_index(self, **parts: str) -> str:
        """The HTML page, with `{%language%}` filled in too."""
        return str(super().interpolate_index(**parts)).replace("{%language%}", language())


def create_app(settings: Settings | None = None) -> Dash:
    """The app with its pages and callbacks; settings are read from the environment unless given."""
    settings = settings or load_settings()
    app = LocalisedDash(
        "dashboard",
        use_pages=True,
        pages_folder="",
        assets_folder=str(Path(__file__).parent / "assets"),
        title="Ventas",
        update_title="",
        index_string=shell.INDEX,
        serve_locally=True,
        suppress_callback_exceptions=True,  # pages bring their components when they are opened
        on_error=_tell_fault,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    context.install(app.server, settings)
    app.server.register_error_handler(DependencyException, lambda _error: flask.Response(status=404))
    access.register(app.server, settings)
    callback_shape.register(app)
    for page in PAGES:
        page.register(app)
    shell.register(app)
    downloads.register(app.server)
    app.layout = lambda: shell.layout(settings)  # for each visit: its language is the request's
    return app


def create_server() -> flask.Flask:
    """The WSGI app, with `/health` saying that the process lives; raises SettingsError."""
    settings = load_settings()
    if trouble := open_dashboard(settings):
        raise SettingsError(trouble)
    configure_logging(settings, "dashboard")
    server: flask.Flask = create_app(settings).server
    server.add_url_rule("/health", "health", lambda: {"status": "alive"})
    # Dash gathers its scripts at the first request; of several that come at once the others would find half of them.
    server.test_client().get("/health")
    return server


def create_front() -> Front:
    """What granian serves."""
    return Front(create_server(), threads=THREADS, largest_body=LARGEST_BODY)


def _tell_fault(error: Exception) -> None:
    """Log an unforeseen error of a callback and put a sentence above the page in its stead."""
    log.error("callback_failed", exc_info=error)
    set_props("page-fault", {"children": _(FAULT), "hidden": False})
