"""The event receiver: MinIO's notifications in, runs recorded, tasks sent.

Whatever is authenticated and well-formed is answered 2xx once it is committed, also when it can never be used:
MinIO sends its events in sequence, and one that always gets a 4xx would block all behind it. For the same
reason a body that is no notification at all is recorded in the log and answered 202.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ventas.errors import InvalidRequest, LedgerUnavailable
from ventas.front import Front, note_routes
from ventas.logs import configure_logging
from ventas.settings import Settings, load_settings
from webhooks.events import upload_events
from webhooks.lane import PATHS, EventLane
from webhooks.listener import Listener
from webhooks.receiver import UNUSABLE, Receiver, answer_of
from webhooks.sender import Tasks, celery_tasks
from webhooks.subscription import Subscription

EXTENSION = "ventas"
THREADS = 8
log = structlog.get_logger()


def create_app(
    settings: Settings | None = None,
    load_tasks: Callable[[], Tasks] = celery_tasks,
    subscription: Subscription | None = None,
) -> Flask:
    """The receiver as a WSGI app; starts to prepare the buckets, and to send tasks, in the background."""
    settings = settings or load_settings()
    configure_logging(settings, "webhooks")
    subscription = subscription or Subscription(settings)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.MAX_EVENT_BYTES
    receiver = Receiver(settings, load_tasks)
    app.extensions[EXTENSION] = receiver
    note_routes(app)
    _add_routes(app, receiver, subscription)
    _add_metrics(app, receiver)
    _add_error_handlers(app)
    receiver.start()
    subscription.start()
    return app


def create_front() -> Front:
    """What granian serves: the app, and a lane for new uploads where the ledger need not be waited for."""
    settings = load_settings()
    app = create_app(settings)
    receiver = receiver_of(app)
    lanes = dict.fromkeys(PATHS, EventLane(receiver)) if receiver.ledger.database.is_sqlite else None
    listener = Listener(receiver)
    if not settings.S3_STAND_IN:
        listener.start()

    def close() -> None:
        listener.close()
        receiver.close()

    return Front(
        app,
        threads=THREADS,
        largest_body=settings.MAX_EVENT_BYTES,
        lanes=lanes,
        close=close,
        observe=receiver.tally.observe,
    )


def receiver_of(app: Flask) -> Receiver:
    """The receiver behind `app`; whoever made the app may close it."""
    receiver: Receiver = app.extensions[EXTENSION]
    return receiver


def _add_routes(app: Flask, receiver: Receiver, subscription: Subscription) -> None:
    @app.post("/events/minio", strict_slashes=False)
    def minio_events() -> Response | tuple[Response, int]:
        if not receiver.authorises(request.headers.get("Authorization", "")):
            return _problem(401, "The bearer token is missing or wrong.")
        return _receive(receiver)

    @app.get("/health", strict_slashes=False)
    def health() -> tuple[Response, int]:
        if subscription.problem:
            return _problem(503, subscription.problem)
        return jsonify(status="ok", subscription=subscription.state), 200

    @app.get("/health/live", strict_slashes=False)
    def alive() -> tuple[Response, int]:
        return jsonify(status="alive"), 200


def _add_metrics(app: Flask, receiver: Receiver) -> None:
    @app.get("/metrics", strict_slashes=False)
    def metrics() -> Response:
        from webhooks.metrics import exposition  # Prometheus' library takes a while to import

        data, content_type = exposition(receiver.tally, request.headers.get("Accept", ""))
        return Response(data, content_type=content_type)


def _receive(receiver: Receiver) -> Response | tuple[Response, int]:
    if not request.get_data():
        return jsonify(recorded=0, note="An empty body is taken as a ping."), 200
    try:
        events = upload_events(request.get_data(), receiver.settings)
    except InvalidRequest as error:
        receiver.tally.count(UNUSABLE)
        log.error("notification_unusable", reason=str(error), body=request.get_data()[:500])
        return jsonify(recorded=0, note=str(error)), 202
    return Response(answer_of(receiver.receive(events)), content_type="application/json")


def _add_error_handlers(app: Flask) -> None:
    @app.errorhandler(LedgerUnavailable)
    def unavailable(error: LedgerUnavailable) -> tuple[Response, int]:
        log.error("ledger_unavailable", reason=str(error))
        return _problem(503, "The ledger's database does not answer; send the event again.")

    @app.errorhandler(RequestEntityTooLarge)
    def too_large(_: Any) -> tuple[Response, int]:
        return _problem(413, "The notification is larger than MAX_EVENT_BYTES.")

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[Response, int]:
        return _problem(error.code or 500, error.description or error.name)


def _problem(status: int, detail: str) -> tuple[Response, int]:
    """RFC 9457 problem details."""
    response = jsonify(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail)
    response.content_type = "application/problem+json"
    return response, status
