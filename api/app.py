"""The API's application factory; granian starts it as `api.app:create_front`."""

from typing import Any

from flask import Flask, Response
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from pydantic import ValidationError

from api.admin import SECURITY
from api.answers import json_answer
from api.body import read_to_its_end
from api.docs import docs_routes
from api.express import PATHS, Express
from api.pages import allowed_parameters
from api.ports import ModelCatalogue, ModelSource, ShadowModels
from api.problems import invalid_parameters, register_problems
from api.routes.admin import admin_routes
from api.routes.batch import batch_routes
from api.routes.downloads import download_routes
from api.routes.forecast_form import form_routes
from api.routes.health import health_routes
from api.routes.history import history_routes
from api.routes.metrics import metrics_routes
from api.routes.models import model_routes
from api.routes.predict import predict_routes
from api.routes.reality import reality_routes
from api.routes.replays import replay_routes
from api.routes.runs import run_routes
from api.routes.status import status_routes
from api.routes.uploads import upload_routes
from api.schemas import Problem
from api.services import Enqueue, Services, make_services
from ventas.champion import ChampionSource
from ventas.front import Front, note_routes
from ventas.logs import configure_logging
from ventas.registry import Registry
from ventas.settings import Settings, load_settings
from ventas.shadow import ShadowSource

EXTENSION = "ventas"
ROUTES = (
    *(predict_routes, batch_routes, history_routes, reality_routes, health_routes),
    *(model_routes, form_routes, run_routes, download_routes, upload_routes, status_routes),
    *(admin_routes, replay_routes),
)
API_VERSION = "1"
# What reading the registry and loading a model bring, which takes each worker 100 MB and seconds.
SHARED = ("mlflow", "skops.io", "ventas.compiled.model")
THREADS = 4


def create_app(
    settings: Settings | None = None,
    source: ModelSource | None = None,
    catalogue: ModelCatalogue | None = None,
    enqueue: Enqueue | None = None,
    shadows: ShadowModels | None = None,
) -> Flask:
    """The API, with its background threads started in this process; call it after a fork.

    Parameters
    ----------
    settings: read from the environment unless given; raises SettingsError.
    source: where the champion comes from; ledger and MLflow unless given.
    catalogue: what is registered; MLflow unless given.
    enqueue: sends a task; by Celery unless given.
    shadows: where the shadow comes from; ledger and MLflow unless given.
    """
    settings = settings or load_settings()
    configure_logging(settings, "api")
    # Made now where they are missing: whoever rotates them waits for the files.
    _ = settings.admin_token, settings.upload_token
    services = make_services(
        settings,
        source or ChampionSource(settings),
        catalogue or Registry(settings),
        enqueue or _by_name,
        shadows or ShadowSource(settings),
    )
    app = _flask(settings)
    note_routes(app)
    register_problems(app)
    app.after_request(read_to_its_end)
    for routes in ROUTES:
        app.register_api(routes(services))
    app.register_blueprint(docs_routes("openapi_document"))
    app.register_blueprint(metrics_routes(services))
    app.add_url_rule("/openapi.json", "openapi_document", lambda: _document(app, settings))
    app.extensions[EXTENSION] = services
    services.start()
    return app


def create_front() -> Front:
    """What granian serves: the API with its background threads, which end with the process."""
    settings = load_settings()
    app = create_app(settings)
    services = services_of(app)
    largest = max(settings.MAX_REQUEST_BYTES, settings.MAX_BATCH_BYTES)
    express = Express(services)

    def close() -> None:
        express.close()
        services.close()

    lanes = dict.fromkeys(PATHS, express)
    observe = services.tally.observe
    return Front(app, threads=THREADS, largest_body=largest, lanes=lanes, close=close, observe=observe)


def services_of(app: Flask) -> Services:
    """The services behind `app`; whoever made the app may stop them."""
    services: Services = app.extensions[EXTENSION]
    return services


def _flask(settings: Settings) -> OpenAPI:
    allowed = allowed_parameters(settings)

    def refuse(error: ValidationError) -> Any:
        raise invalid_parameters(error, allowed) from error

    app = OpenAPI(
        __name__,
        info=Info(title="Ventas", version=API_VERSION),
        security_schemes=SECURITY,
        validation_error_model=Problem,
        validation_error_callback=refuse,
        doc_ui=False,
        static_folder=None,
    )
    # Every path works with and without its slash, and no path answers with a redirect.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = settings.MAX_REQUEST_BYTES
    return app


def _by_name(task: str, subject: str) -> None:
    from workers.app import enqueue  # Celery takes a while to import, and few requests need it

    enqueue(task, subject)


def _document(app: OpenAPI, settings: Settings) -> Response:
    for path in app.api_doc["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "limit":  # the models cannot know the setting
                    parameter["schema"]["maximum"] = settings.HISTORY_PAGE_MAX
    return json_answer(app.api_doc)
