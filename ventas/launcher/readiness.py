"""Whether each service truly answers, by asking it what its users would ask."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
import redis
from celery import Celery
from kombu.exceptions import OperationalError

from ventas.errors import TransientError
from ventas.launcher.addresses import address
from ventas.launcher.places import last_lines, log_file, state_file
from ventas.launcher.services import minio_address, mlflow_address, worker_name
from ventas.settings import Settings

PAUSE_SECONDS = 0.25
HTTP_SECONDS = 2.0
PING_SECONDS = 1.0
BEAT_SECONDS = 2.0  # a beat that has lived this long has read its schedule and reached the broker's settings
TOO_MANY_RESTARTS = 5
SHOWN_LINES = 15


class NotReady(TransientError):
    """Raised when services do not answer in time, or keep dying; the message has their last log lines."""


@dataclass(frozen=True)
class Health:
    """Asks services; `settings` say where they are."""

    settings: Settings

    def missing(self, names: list[str]) -> list[str]:
        """Those of `names` that do not answer (yet), in the same order; all are asked at once."""
        with ThreadPoolExecutor(max(len(names), 1)) as threads:
            answers = list(threads.map(self.answers, names))
        return [name for name, answered in zip(names, answers, strict=True) if not answered]

    def answers(self, name: str) -> bool:
        """Whether one service answers."""
        return _CHECKS[name](self.settings)


def state_of(home: Path, name: str) -> dict[str, object]:
    """What the supervisor of `name` wrote last; empty when none runs."""
    try:
        found = json.loads(state_file(home, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def restarts(home: Path, name: str) -> int:
    """How often the service was restarted since its supervisor began."""
    found = state_of(home, name).get("restarts")
    return found if isinstance(found, int) else 0


def wait_ready(
    settings: Settings,
    names: list[str],
    *,
    seconds: float,
    alive: Callable[[], bool] = lambda: True,
    on_change: Callable[[list[str]], None] = lambda _missing: None,
) -> None:
    """Return when all of `names` answer; `on_change` hears what is missing whenever that changes.

    Raises NotReady after `seconds`, when a service keeps dying, or when `alive` says that all is over.
    """
    health, missing = Health(settings), list(names)
    deadline = time.monotonic() + seconds
    on_change(missing)
    while missing:
        if dying := [name for name in missing if restarts(settings.home, name) >= TOO_MANY_RESTARTS]:
            raise NotReady(trouble(settings.home, dying, "keeps ending"))
        if time.monotonic() > deadline:
            raise NotReady(trouble(settings.home, missing, f"did not answer within {seconds:.0f} s"))
        if not alive():
            raise NotReady(trouble(settings.home, missing, "ended before it answered"))
        time.sleep(PAUSE_SECONDS)
        still = health.missing(missing)
        if still != missing:
            on_change(still)
        missing = still


def trouble(home: Path, names: list[str], what: str) -> str:
    """Each service in trouble with its last log lines and where the whole log is."""
    parts = []
    for name in names:
        path = log_file(home, name)
        lines = "".join(f"\n    {line}" for line in last_lines(path, SHOWN_LINES))
        parts.append(f"{name} {what}; its last lines (all of them: {path}):{lines or ' none'}")
    return "\n".join(parts)


@cache
def http_client() -> httpx.Client:
    """One for all questions: making one takes 30 ms of the processor that the services need to start.

    It keeps no connection, for services come and go.
    """
    return httpx.Client(
        timeout=HTTP_SECONDS, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
    )


def _http(url: str) -> bool:
    try:
        return http_client().get(url).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _bound(setting: str, path: str) -> Callable[[Settings], bool]:
    return lambda settings: _http(f"http://{address(getattr(settings, setting), setting)}{path}")


def _minio(settings: Settings) -> bool:
    # The stand-in has no health page of MinIO's; it answers its own.
    path = "/moto-api/" if settings.S3_STAND_IN else "/minio/health/live"
    scheme = "https" if settings.MINIO_SECURE else "http"
    return _http(f"{scheme}://{minio_address(settings)}{path}")


def _redis(settings: Settings) -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _worker_of(queue: str) -> Callable[[Settings], bool]:
    """Whether the Celery worker of `queue` on this machine answers a ping over the broker."""

    def check(settings: Settings) -> bool:
        if not _redis(settings):
            return False
        name = worker_name(settings, queue)
        try:
            with (
                Celery("ventas.readiness", broker=settings.REDIS_URL, set_as_current=False) as app,
                app.connection_for_write() as connection,
            ):
                replies = app.control.ping(
                    timeout=PING_SECONDS, destination=[name], connection=connection, limit=1
                )
            return any(name in reply for reply in replies)
        except (OperationalError, OSError):
            return False

    return check


def _beat(settings: Settings) -> bool:
    """Beat listens nowhere: it counts when it has lived for a while."""
    state = state_of(settings.home, "beat")
    if not state.get("child_pid"):
        return False
    began = datetime.fromisoformat(str(state["started_at"]))
    return (datetime.now(UTC) - began).total_seconds() >= BEAT_SECONDS


_CHECKS: dict[str, Callable[[Settings], bool]] = {
    "minio": _minio,
    "redis": _redis,
    "mlflow": lambda settings: _http(f"http://{mlflow_address(settings)}/health"),
    "webhooks": _bound("WEBHOOKS_BIND", "/health"),
    "worker": _worker_of("control"),
    "trainer": _worker_of("training"),
    "beat": _beat,
    "flower": _bound("FLOWER_BIND", "/healthcheck"),
    "api": _bound("API_BIND", "/health/live"),
    "dashboard": _bound("DASHBOARD_BIND", "/health"),
}
