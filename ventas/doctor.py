"""What is wrong with the system, part by part, and what to do: `ventas doctor`.

All parts are asked at once, each in a thread of its own and for a bounded time, so that one that is away or hangs
hides no other.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import httpx
import redis
from alembic.runtime.migration import MigrationContext

from ventas.doctor_checks import Check, Trouble, last_backup, queue_fault, settings_fit
from ventas.errors import LedgerUnavailable, NotFound, RegistryUnavailable, VentasError
from ventas.launcher.addresses import open_dashboard
from ventas.launcher.checks import check_disk
from ventas.launcher.places import log_file
from ventas.launcher.readiness import Health
from ventas.ledger import Ledger
from ventas.ledger.database import Database
from ventas.ledger.migrate import scripts
from ventas.ledger.sweeps import longest_silence
from ventas.queues import waiting_tasks
from ventas.registry import Registry
from ventas.settings import DATA_BUCKET, MLFLOW_BUCKET, UPLOADS_BUCKET, Settings
from ventas.states import WORKING_STATES
from ventas.store import Store, webhook_arn
from ventas.times import utc_now

SECONDS = 15.0  # of all parts together; importing MLflow takes some of them
HTTP_SECONDS = 4.0
WITHOUT_CHAMPION = (
    "Go back with `ventas rollback --reason ...`, or upload a newer file: it is judged by the recipe of the copy, or "
    "without a rival."
)
START = "Start it with `make up`, or look into {log}."


@dataclass(frozen=True)
class Finding:
    """What one check came to; `remedy` is empty where nothing is wrong."""

    part: str
    ok: bool
    what: str
    remedy: str = ""


def examine(settings: Settings, seconds: float = SECONDS) -> list[Finding]:
    """One finding for each part, in the order of CHECKS, after `seconds` at most."""
    asked = {part: _begun(part, check, settings) for part, check in CHECKS.items()}
    wait(asked.values(), timeout=seconds)
    return [found.result() if found.done() else _silent(part, seconds) for part, found in asked.items()]


def _begun(part: str, check: Check, settings: Settings) -> "Future[Finding]":
    answer: Future[Finding] = Future()
    # A daemon: a part that hangs must not keep the command from its end.
    Thread(target=lambda: answer.set_result(_finding(part, check, settings)), daemon=True).start()
    return answer


def _finding(part: str, check: Check, settings: Settings) -> Finding:
    try:
        return Finding(part, True, check(settings))
    except Trouble as trouble:
        return Finding(part, False, str(trouble), trouble.remedy)
    except (VentasError, OSError, httpx.HTTPError, redis.RedisError) as error:
        return Finding(part, False, f"{type(error).__name__}: {error}", _start(settings, part))
    except Exception as error:  # noqa: BLE001 - a fault of one check must not hide the other parts
        return Finding(part, False, f"The check broke off: {error!r}", "Report this with the output.")


def _silent(part: str, seconds: float) -> Finding:
    return Finding(
        part, False, f"No answer within {seconds:g} s.", "It hangs: end it; its supervisor starts it anew."
    )


def _start(settings: Settings, part: str) -> str:
    return START.format(log=log_file(settings.home, part))


def _state_folder(settings: Settings) -> str:
    home = settings.home
    if not home.is_dir():
        raise Trouble(f"{home} is not there.", "Start the system once with `make up`, or set VENTAS_HOME.")
    if not os.access(home, os.W_OK | os.X_OK):
        raise Trouble(f"{home} cannot be written.", "Give it to the user that runs the system (chown).")
    check_disk(home)
    return str(home)


def _minio(settings: Settings) -> str:
    if not (settings.MINIO_SECRET_KEY or settings.home.is_dir()):  # to look makes neither key nor folder
        raise Trouble("Its secret key would be in the state folder.", _start(settings, "minio"))
    store = Store(settings, impatient=True)
    for bucket, versioned in ((UPLOADS_BUCKET, True), (DATA_BUCKET, False), (MLFLOW_BUCKET, False)):
        if problem := store.bucket_problem(bucket, versioned=versioned):
            raise Trouble(problem, "Restart the event receiver: it makes buckets and versioning.")
    if not settings.S3_STAND_IN and not store.is_subscribed(UPLOADS_BUCKET, webhook_arn(settings)):
        raise Trouble(
            "New uploads are not told to the event receiver.",
            "Restart the event receiver, then MinIO if the log of webhooks says that the target is unknown.",
        )
    return "buckets, versioning and subscription"


def _redis(settings: Settings) -> str:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        memory, kept = client.info("memory"), client.info("persistence")
    if not kept["aof_enabled"]:  # type: ignore[index]
        raise Trouble("It keeps no append-only file.", "Start Redis with --appendonly yes.")
    if (policy := memory.get("maxmemory_policy")) != "noeviction":  # type: ignore[union-attr]
        raise Trouble(f"It may drop tasks ({policy}).", "Start Redis with --maxmemory-policy noeviction.")
    return "append-only file, noeviction"


def _queues(settings: Settings) -> str:
    try:
        waiting = waiting_tasks(settings)
    except (redis.RedisError, OSError):
        return "not asked, for Redis is away"  # which is told of Redis itself
    with _open_ledger(settings) as ledger:
        counts = ledger.queries.counts()
    fault = queue_fault(waiting, sum(counts.get(status, 0) for status in WORKING_STATES))
    if fault:
        raise Trouble(
            fault, "Look at worker and trainer: tasks are sent again and again, and nobody takes them."
        )
    return (
        ", ".join(f"{name} {count:,}" for name, count in waiting.items())
        + " waiting (0 when nothing is to do)"
    )


def _ledger(settings: Settings) -> str:
    _require_ledger_file(settings)
    database = Database(settings.database_url, lock_timeout_seconds=2)
    try:
        with database.read() as session:
            now = MigrationContext.configure(session.connection()).get_current_revision()
    finally:
        database.close()
    if now != (head := scripts().get_current_head()):
        raise Trouble(f"Its tables are at {now}, this program wants {head}.", "Run `ventas migrate`.")
    return f"tables at {now}"


@contextmanager
def _open_ledger(settings: Settings) -> Iterator[Ledger]:
    """The ledger for one question; where it is away, it and not the part that asks is to be mended."""
    _require_ledger_file(settings)
    ledger = Ledger(settings, lock_timeout_seconds=2)
    try:
        yield ledger
    except LedgerUnavailable as error:
        raise Trouble(f"Unknown: {error}", "Mend the ledger first.") from error
    finally:
        ledger.close()


def _require_ledger_file(settings: Settings) -> None:
    """To open SQLite's file would make an empty one."""
    if not settings.DATABASE_URL and not (settings.home / "ledger.db").exists():
        raise Trouble("There is no ledger.db.", "Run `ventas migrate`, or restore a backup.")


def _beat(settings: Settings) -> str:
    if not Health(settings).answers("beat"):
        raise Trouble("It does not run on this machine.", _start(settings, "beat"))
    with _open_ledger(settings) as ledger:
        last = ledger.sweeps.last()
    if last is None or last.started_at is None:
        raise Trouble("No sweep has run yet.", _start(settings, "beat"))
    silent = utc_now() - last.started_at
    if silent > longest_silence(settings.SWEEP_INTERVAL_SECONDS):
        raise Trouble(f"No sweep has begun for {silent.total_seconds():.0f} s.", _start(settings, "beat"))
    if last.problem:
        raise Trouble(f"The last sweep broke off: {last.problem}", "Mend that part; the next sweep goes on.")
    return f"last sweep {silent.total_seconds():.0f} s ago"


def _champion(settings: Settings) -> str:
    with _open_ledger(settings) as ledger:
        head = ledger.promotions.head()
    if head is None:
        return "none yet; `ventas drop FILE` makes the first"
    version = head.model_version
    _require_registered(settings, version)
    answer = httpx.get(f"{settings.API_URL.rstrip('/')}/health", timeout=HTTP_SECONDS, trust_env=False)
    served = answer.json().get("model_version")
    if served != version:
        raise Trouble(f"Version {version} is champion, the API serves {served}.", _start(settings, "api"))
    return f"version {version} in ledger, alias and API"


def _require_registered(settings: Settings, version: int) -> None:
    """Raise Trouble where MLflow lacks something of the champion, or its alias is on another version."""
    registry = Registry(settings)
    try:
        if lack := _lack(registry, version):
            raise Trouble(f"{lack} The API goes on with its copy as long as it has one.", WITHOUT_CHAMPION)
        alias = registry.champion_alias()
    except RegistryUnavailable as error:
        raise Trouble("Unknown: MLflow does not tell its alias.", "Mend mlflow first.") from error
    if alias != version:
        remedy = (
            f"The API mends it within seconds; if it stays so, look into {log_file(settings.home, 'api')}."
        )
        raise Trouble(f"The ledger says version {version}, MLflow's alias {alias}.", remedy)


def _lack(registry: Registry, version: int) -> str | None:
    """What MLflow lacks of the champion, as a sentence, or None. Raises RegistryUnavailable."""
    from ventas.checks import checked_files  # brings pandas, for which no other check should wait

    try:
        described = registry.version(version)
    except NotFound:
        return f"Champion version {version} is no longer in MLflow."
    if described.missing:
        return f"The MLflow run of champion version {version} is gone, and its files with it."
    missing = registry.lacking(described, checked_files(described))
    return f"Champion version {version} has no {', '.join(missing)} in MLflow any more." if missing else None


def _runs(settings: Settings) -> str:
    with _open_ledger(settings) as ledger:
        counts = ledger.queries.counts()
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()) if count)
    return told or "none yet"


def _service(name: str) -> Check:
    def check(settings: Settings) -> str:
        if not Health(settings).answers(name):
            raise Trouble("It does not answer.", _start(settings, name))
        return "answers"

    return check


def _dashboard(settings: Settings) -> str:
    if trouble := open_dashboard(settings):
        raise Trouble("It is refused its start.", trouble)
    return _service("dashboard")(settings)


CHECKS: dict[str, Check] = {
    "settings": settings_fit,
    "state folder": _state_folder,
    "minio": _minio,
    "redis": _redis,
    "queues": _queues,
    "ledger": _ledger,
    **{name: _service(name) for name in ("mlflow", "webhooks", "worker", "trainer")},
    "beat": _beat,
    **{name: _service(name) for name in ("flower", "api")},
    "dashboard": _dashboard,
    "champion": _champion,
    "runs": _runs,
    "backup": last_backup,
}
