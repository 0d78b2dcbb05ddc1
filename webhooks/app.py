"""The event receiver: MinIO's notifications in, runs recorded, tasks sent.

Whatever is authenticated and well-formed is answered 2xx once it is committed, also when it can never be used:
MinIO sends its events in sequence, and one that always gets a 4xx would block all behind it. For the same
reason a body that is no notification at all is recorded in the log and answered 202.
"""

import hmac
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ventas.errors import BrokerUnavailable, InvalidRequest, LedgerUnavailable
from ventas.front import Front
from ventas.ledger import Ledger
from ventas.logs import configure_logging
from ventas.settings import Settings, load_settings
from ventas.states import STEPS_OF_KIND, Step
from webhooks.events import upload_events
from webhooks.subscription import Subscription

log = structlog.get_logger()
# MinIO waits for the answer, and sends its events in sequence.
LEDGER_SECONDS = 2.0
THREADS = 8
Enqueue = Callable[[Step, str], None]


def create_app(
    settings: Settings | None = None, enqueue: Enqueue | None = None, subscription: Subscription | None = None
) -> Flask:
    """The receiver as a WSGI app; starts to prepare the buckets in the background."""
    settings = settings or load_settings()
    configure_logging(settings, "webhooks")
    subscription = subscription or Subscription(settings)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.MAX_EVENT_BYTES
    ledger = Ledger(settings, lock_timeout_seconds=LEDGER_SECONDS)
    _add_routes(app, settings, ledger, enqueue or _by_name, subscription)
    _add_error_handlers(app)
    subscription.start()
    return app


def create_front() -> Front:
    """What granian serves."""
    settings = load_settings()
    return Front(create_app(settings), threads=THREADS, largest_body=settings.MAX_EVENT_BYTES)


def _by_name(step: Step, run_id: str) -> None:
    from workers.app import enqueue

    enqueue(step, run_id)


def _add_routes(
    app: Flask, settings: Settings, ledger: Ledger, enqueue: Enqueue, subscription: Subscription
) -> None:
    @app.post("/events/minio", strict_slashes=False)
    def minio_events() -> tuple[Response, int]:
        if not _authorised(settings):
            return _problem(401, "The bearer token is missing or wrong.")
        return _receive(settings, ledger, enqueue)

    @app.get("/health", strict_slashes=False)
    def health() -> tuple[Response, int]:
        if subscription.problem:
            return _problem(503, subscription.problem)
        return jsonify(status="ok", subscription=subscription.state), 200

    @app.get("/health/live", strict_slashes=False)
    def alive() -> tuple[Response, int]:
        return jsonify(status="alive"), 200


def _authorised(settings: Settings) -> bool:
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {settings.webhook_token}".encode())


def _receive(settings: Settings, ledger: Ledger, enqueue: Enqueue) -> tuple[Response, int]:
    if not request.get_data():
        return jsonify(recorded=0, note="An empty body is taken as a ping."), 200
    try:
        events = upload_events(request.get_data(), settings)
    except InvalidRequest as error:
        log.error("notification_unusable", reason=str(error), body=request.get_data()[:500])
        return jsonify(recorded=0, note=str(error)), 202
    recorded = ledger.intake.record(events)
    started = [
        (STEPS_OF_KIND[event.kind][0], one.run_id)
        for event, one in zip(events, recorded, strict=True)
        if one.outcome == "recorded" and one.run_id
    ]
    _send(ledger, enqueue, started)
    outcomes = [{"run_id": one.run_id, "outcome": one.outcome} for one in recorded]
    for outcome in outcomes:
        log.info("event_recorded", **outcome)
    return jsonify(recorded=len(started), events=outcomes), 200


def _send(ledger: Ledger, enqueue: Enqueue, started: list[tuple[Step, str]]) -> None:
    """Send the first tasks of new runs; what the broker does not take is left to the sweep."""
    for step, run_id in started:
        try:
            enqueue(step, run_id)
            ledger.runs.mark_enqueued(run_id)
        except (BrokerUnavailable, LedgerUnavailable) as error:
            log.warning("left_to_the_sweep", run_id=run_id, reason=str(error))
            return  # the others would only wait for the same time-out, and MinIO for its answer


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
