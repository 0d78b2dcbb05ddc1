"""What is done to the system. Each fault waits for its moment, strikes, and is a context: the rest of its batch is
uploaded inside, while the fault lasts."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import quote_plus

import psutil

from chaos.site import Site, wait_until
from chaos.uploads import Batch, Upload
from ventas.ledger import Run
from ventas.settings import UPLOADS_BUCKET
from ventas.states import RunStatus
from ventas.times import utc_now

COPIES = 5  # of every notification
MOMENT_SECONDS = 120.0


@dataclass(frozen=True)
class Struck:
    """When a fault struck; for a killed trainer, the run that it was fitting (None: killed outside a fit)."""

    at: datetime
    in_fit: str | None = None


Strike = Callable[[Site, Batch], AbstractContextManager[Struck]]


@dataclass(frozen=True)
class Fault:
    """One fault.

    in_fit: a run must be killed inside its fit. kills_worker: what is killed holds the lease of a run.
    """

    name: str
    title: str
    strike: Strike
    in_fit: bool = False
    kills_worker: bool = False


def _killing(service: str, number: signal.Signals = signal.SIGKILL) -> Strike:
    """A service with all its processes, while a run of the batch is being trained."""

    @contextmanager
    def strike(site: Site, batch: Batch) -> Iterator[Struck]:
        _wait_for_training(site, batch)
        site.system.kill(service, number)
        yield Struck(utc_now())
        site.system.wait_ready([service])

    return strike


def _killing_trainer(*, whole_group: bool, in_fit: bool) -> Strike:
    """The trainer, or its child alone: inside a fit, or wherever in the step."""

    @contextmanager
    def strike(site: Site, batch: Batch) -> Iterator[Struck]:
        run_id = _wait_for_run(
            site, batch, "a run at the trainer's", _is_in_fit if in_fit else _is_in_training
        )
        if whole_group:
            site.system.kill("trainer")
        else:
            for child in psutil.Process(site.system.pid("trainer")).children():
                child.kill()
        yield Struck(utc_now(), _if_in_fit(site, run_id))

    return strike


@contextmanager
def _control_worker(site: Site, batch: Batch) -> Iterator[Struck]:
    _wait_for_run(site, batch, "a run in etl or promote", _is_in_control_step)
    site.system.kill("worker")
    yield Struck(utc_now())


def _hanging_redis(seconds: float) -> Strike:
    """Redis neither answers nor refuses: its clients wait for their own time-outs."""

    @contextmanager
    def strike(site: Site, batch: Batch) -> Iterator[Struck]:
        _wait_for_training(site, batch)
        ends = time.monotonic() + seconds
        site.system.kill("redis", signal.SIGSTOP)
        try:
            yield Struck(utc_now())
            time.sleep(max(0.0, ends - time.monotonic()))
        finally:
            site.system.kill("redis", signal.SIGCONT)

    return strike


@contextmanager
def _deliveries(site: Site, batch: Batch) -> Iterator[Struck]:
    """Every notification several times, in no order, from several senders, while the runs are at work."""
    yield Struck(utc_now())
    bodies = [notification(upload) for upload in batch.uploads]
    bodies.append(notification(*batch.uploads))
    bodies *= COPIES
    Random(0).shuffle(bodies)  # noqa: S311 - no secret
    with ThreadPoolExecutor(4) as senders:
        list(senders.map(site.notify, bodies))


def notification(*uploads: Upload) -> dict[str, Any]:
    """The notification that MinIO sends for some uploads, as far as the receiver reads it."""
    return {
        "EventName": "s3:ObjectCreated:Put",
        "Records": [
            {
                "eventName": "s3:ObjectCreated:Put",
                "s3": {
                    "bucket": {"name": UPLOADS_BUCKET},
                    "object": {"key": quote_plus(upload.key), "versionId": upload.version_id},
                },
            }
            for upload in uploads
        ],
    }


def _wait_for_training(site: Site, batch: Batch) -> str:
    return _wait_for_run(site, batch, "a run in training", _is_in_training)


def _wait_for_run(site: Site, batch: Batch, what: str, fits: Callable[[Run], bool]) -> str:
    """A run of the batch that `fits`; where all have passed that moment, the next upload is made."""

    def look() -> str | None:
        runs = [run for run in site.working_runs() if run in batch]
        if not runs and batch.all_final():
            batch.put(1)
        return next((run.id for run in runs if fits(run)), None)

    return wait_until(look, what, MOMENT_SECONDS)


def _is_in_training(run: Run) -> bool:
    return run.status == RunStatus.RETRAIN and run.lease_token is not None


def _is_in_fit(run: Run) -> bool:
    """Whether its search has done some of its candidates, but not all."""
    if not _is_in_training(run) or run.progress_done is None or run.progress_total is None:
        return False
    return run.progress_done < run.progress_total


def _if_in_fit(site: Site, run_id: str) -> str | None:
    """The run's id, if its search was not done when its process died."""
    run = site.ledger.runs.get(run_id)
    return run_id if run is not None and _is_in_fit(run) else None


def _is_in_control_step(run: Run) -> bool:
    return run.status in (RunStatus.ETL, RunStatus.PROMOTE) and run.lease_token is not None


def faults(*, in_fit: bool = True, hang_seconds: float = 20.0) -> list[Fault]:
    """All faults in their order; `in_fit`: trainers are killed inside a fit, for which fits must be long enough."""
    group, child = (_killing_trainer(whole_group=whole, in_fit=in_fit) for whole in (True, False))
    return [
        Fault("trainer-group", "SIGKILL of the trainer, whole group", group, in_fit, kills_worker=True),
        Fault("trainer-child", "SIGKILL of the trainer's child", child, in_fit, kills_worker=True),
        Fault("worker", "SIGKILL of the control worker", _control_worker, kills_worker=True),
        Fault("redis", "SIGKILL of Redis", _killing("redis")),
        Fault("redis-hang", f"hang of Redis, {hang_seconds:.0f} s", _hanging_redis(hang_seconds)),
        Fault("webhooks", "SIGKILL of the event receiver", _killing("webhooks")),
        Fault("mlflow", "SIGKILL of MLflow", _killing("mlflow")),
        Fault("api", "SIGKILL of the API", _killing("api")),
        Fault("minio", "restart of MinIO", _killing("minio", signal.SIGTERM)),
        Fault("deliveries", "notifications doubled and reordered", _deliveries),
    ]
