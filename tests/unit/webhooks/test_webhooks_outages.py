"""What the receiver answers, and keeps, while Redis is down or hangs, or the ledger is locked."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask.testing import FlaskClient

import workers.app
from ventas.launcher.redis_server import find_redis, redis_argv
from ventas.ledger import Ledger, Run
from ventas.ledger.queries import RunFilter
from webhooks.app import create_app

ANSWER_WITHIN = 5  # seconds; what MinIO's sender is promised


class Quiet:
    """A subscription that is made already."""

    problem, state = None, "subscribed"

    def start(self) -> None: ...


class Broker:
    """A real Redis that can be hung and ended."""

    def __init__(self, home: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._home = home
        (home / "redis").mkdir(parents=True)
        self.start()

    def start(self) -> None:
        with (self._home / "redis.log").open("ab") as log:
            argv = redis_argv(find_redis(), self._home, "127.0.0.1", self.port)
            self._process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(redis.ConnectionError), redis.Redis.from_url(self.url) as client:
                if client.ping():
                    return
            time.sleep(0.05)
        raise AssertionError("Redis did not start")

    def hang(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def waiting(self) -> int:
        with redis.Redis.from_url(self.url) as client:
            # One list for each priority.
            return sum(client.llen(queue) for queue in client.scan_iter("control*"))

    def end(self) -> None:
        self._process.kill()
        self._process.wait(10)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker")
    yield broker
    broker.end()


@pytest.fixture
def client(settings, ledger: Ledger, broker: Broker, monkeypatch) -> Iterator[FlaskClient]:
    """The receiver, sending tasks as it always does, but to the Redis of this test."""
    settings = settings.model_copy(update={"REDIS_URL": broker.url})
    celery = workers.app.create_app(settings)
    monkeypatch.setattr(workers.app, "app", celery)
    client = create_app(settings, subscription=Quiet()).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {settings.webhook_token}"
    yield client
    celery.close()


def _notification(*versions: str) -> dict:
    item = {"key": "ventas.csv", "eTag": "e", "size": 1}
    return {
        "Records": [
            {
                "eventName": "s3:ObjectCreated:Put",
                "s3": {"bucket": {"name": "ventas"}, "object": item | {"versionId": version}},
            }
            for version in versions
        ]
    }


def _kept(ledger: Ledger) -> dict[str, bool]:
    """The versions that have a run, and whether their task was sent."""
    runs = ledger.queries.runs(RunFilter(), 0, 50)[0]
    return {run.version_id: run.enqueued_at is not None for run in runs}


@pytest.mark.timeout(ANSWER_WITHIN, func_only=True)
def test_redis_hangs_before_anything_was_sent(client: FlaskClient, ledger: Ledger, broker: Broker) -> None:
    broker.hang()
    assert client.post("/events/minio", json=_notification("v1", "v2", "v3")).status_code == 200
    assert _kept(ledger) == {"v1": False, "v2": False, "v3": False}, "left to the sweep"


@pytest.fixture
def warm(client: FlaskClient, broker: Broker) -> FlaskClient:
    """The receiver with a connection to Redis open."""
    assert client.post("/events/minio", json=_notification("v0")).status_code == 200
    assert broker.waiting() == 1
    return client


@pytest.mark.timeout(ANSWER_WITHIN, func_only=True)
def test_redis_hangs_while_it_is_connected(warm: FlaskClient, ledger: Ledger, broker: Broker) -> None:
    broker.hang()
    assert warm.post("/events/minio", json=_notification("v1")).status_code == 200
    assert _kept(ledger) == {"v0": True, "v1": False}


@pytest.mark.timeout(ANSWER_WITHIN, func_only=True)
def test_redis_goes_down_while_it_is_connected(warm: FlaskClient, ledger: Ledger, broker: Broker) -> None:
    broker.end()
    assert warm.post("/events/minio", json=_notification("v1", "v2")).status_code == 200
    assert _kept(ledger) == {"v0": True, "v1": False, "v2": False}


def test_redis_that_was_restarted_takes_the_next_task(
    warm: FlaskClient, ledger: Ledger, broker: Broker
) -> None:
    broker.end()
    broker.start()
    assert warm.post("/events/minio", json=_notification("v1")).status_code == 200
    assert _kept(ledger)["v1"], "over a new connection, at once"


def test_redis_that_is_back_takes_tasks_again(warm: FlaskClient, ledger: Ledger, broker: Broker) -> None:
    broker.hang()
    warm.post("/events/minio", json=_notification("v1"))
    broker.wake()
    assert warm.post("/events/minio", json=_notification("v2")).status_code == 200
    assert _kept(ledger)["v2"]


@pytest.mark.timeout(ANSWER_WITHIN, func_only=True)
def test_a_locked_ledger_asks_for_another_delivery(
    client: FlaskClient, ledger: Ledger, broker: Broker
) -> None:
    with ledger.database.write() as session:
        assert session.get(Run, "none") is None  # the write lock is held
        answer = client.post("/events/minio", json=_notification("v1"))
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert (_kept(ledger), broker.waiting()) == ({}, 0)
    assert client.post("/events/minio", json=_notification("v1")).json["recorded"] == 1, "delivered again"
