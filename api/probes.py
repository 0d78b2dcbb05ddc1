"""Asking each part of the system whether it does its work: one question each, bounded in time.

A probe answers for one part or several: why it does not do its work, a sentence for the operator, or None where it
does. A part that it cannot tell of is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from ventas.queues import SECONDS, WORKERS, waiting_tasks
from ventas.settings import Settings

PING_SECONDS = 1.0
# Compared with, not bound to.
_ANY_HOST = ("0.0.0.0", "::")  # noqa: S104  # nosec B104

Reasons = dict[str, str | None]
Ask = Callable[[], Reasons]


@dataclass(frozen=True)
class Probe:
    """A question about `parts`."""

    parts: tuple[str, ...]
    ask: Ask


@dataclass
class Queue:
    """One queue of tasks: how many wait in Redis, and who works on it; None where that cannot be told now."""

    waiting: int | None = None
    workers: list[str] | None = None


Queues = dict[str, Queue]


def http_probe(part: str, url: str) -> Probe:
    """Whether `url` answers 200; what it says otherwise is the reason, where it is a problem document."""

    def ask() -> Reasons:
        try:
            response = httpx.get(url, timeout=SECONDS, trust_env=False)
        except httpx.HTTPError as error:
            return {part: _silent(url, error)}
        return {part: None if response.status_code == httpx.codes.OK else _told(response)}

    return Probe((part,), ask)


def redis_probe(settings: Settings, queues: Queues) -> Probe:
    """Whether Redis answers; counts the waiting tasks into `queues`."""

    def ask() -> Reasons:
        try:
            waiting = waiting_tasks(settings)
        except (RedisError, OSError) as error:
            for queue in queues.values():
                queue.waiting = None
            return {"redis": _silent(settings.REDIS_URL, error)}
        for name, count in waiting.items():
            queues[name].waiting = count
        return {"redis": None}

    return Probe(("redis",), ask)


def workers_probe(settings: Settings, queues: Queues) -> Probe:
    """Whether a Celery worker of each queue answers over the broker; notes into `queues` which do."""

    def ask() -> Reasons:
        try:
            serving = _serving(settings)
        except (KombuError, RedisError, OSError):
            for queue in queues.values():
                queue.workers = None
            return dict.fromkeys(WORKERS.values(), "It cannot be asked while Redis does not answer.")
        for name, workers in serving.items():
            queues[name].workers = workers
        return {
            part: None if serving[name] else f"No worker takes the tasks of queue {name}."
            for name, part in WORKERS.items()
        }

    return Probe(tuple(WORKERS.values()), ask)


def _serving(settings: Settings) -> dict[str, list[str]]:
    """The workers of each queue that answer in time."""
    from workers.app import create_app  # Celery takes a while to import

    with create_app(settings) as app, app.connection_for_write() as connection:
        found = app.control.inspect(timeout=PING_SECONDS, connection=connection).active_queues() or {}
    queues_of = {worker: {queue["name"] for queue in served} for worker, served in found.items()}
    return {
        name: sorted(worker for worker, served in queues_of.items() if name in served) for name in WORKERS
    }


def minio_url(settings: Settings) -> str:
    """Where MinIO, or its stand-in, says that it lives."""
    scheme = "https" if settings.MINIO_SECURE else "http"
    path = "/moto-api/" if settings.S3_STAND_IN else "/minio/health/live"
    return f"{scheme}://{settings.MINIO_ENDPOINT}{path}"


def flower_url(settings: Settings) -> str | None:
    """Where Flower says that it lives; None where only its own machine knows."""
    if settings.FLOWER_URL:
        return f"{settings.FLOWER_URL.rstrip('/')}/healthcheck"
    host = urlsplit(f"//{settings.FLOWER_BIND}").hostname
    return None if host in _ANY_HOST else f"http://{settings.FLOWER_BIND}/healthcheck"


def _silent(url: str, error: Exception) -> str:
    return f"It does not answer at {_host(url)} ({type(error).__name__})."


def _host(url: str) -> str:
    """Host and port alone: an address may hold a password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _told(response: httpx.Response) -> str:
    try:
        detail = response.json().get("detail")
    except (ValueError, AttributeError):
        detail = None
    return str(detail or f"It answers with HTTP {response.status_code}.")
