"""What the receiver answers, and keeps, while Redis is down or hangs, or the ledger is locked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from webhook_helpers import Quiet, RedisServer, eventually

import workers.app
from ventas.errors import BrokerUnavailable
from ventas.ledger import Ledger, Run
from ventas.ledger.queries import RunFilter
from ventas.states import Step
from webhooks.app import create_app, receiver_of

ANSWER_WITHIN = 5  # seconds; what MinIO's sender is promised


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RedisServer]:
    broker = RedisServer(tmp_path / "broker")
    yield broker
    broker.end()


class Celery:
    """Sends tasks as the receiver always does, and counts what Redis did not take."""

    def __init__(self) -> None:
        self.refused = 0

    def enqueue(self, step: Step, run_id: str) -> None:
        try:
            workers.app.enqueue(step, run_id)
        except BrokerUnavailable:
            self.refused += 1
            raise

    def enqueue_due(self) -> None:
        workers.app.enqueue_due()


@pytest.fixture
def tasks() -> Celery:
    return Celery()


@pytest.fixture
def client(
    settings, ledger: Ledger, broker: RedisServer, tasks: Celery, monkeypatch
) -> Iterator[FlaskClient]:
    """The receiver, sending tasks as it always does, but to the Redis of this test."""
    settings = settings.model_copy(update={"REDIS_URL": broker.url})
    celery = workers.app.create_app(settings)
    monkeypatch.setattr(workers.app, "app", celery)
    app = create_app(settings, lambda: tasks, Quiet())
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {settings.webhook_token}"
    yield client
    receiver_of(app).close()
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


def _close(client: FlaskClient) -> None:
    """Let what is offered be sent, or given up."""
    receiver_of(client.application).close()


def _kept(ledger: Ledger) -> dict[str, bool]:
    """The versions that have a run, and whether their task was sent."""
    runs = ledger.queries.runs(RunFilter(), 0, 50)[0]
    return {run.version_id: run.enqueued_at is not None for run in runs}


@pytest.mark.timeout(ANSWER_WITHIN, func_only=True)
def test_redis_hangs_before_anything_was_sent(
    client: FlaskClient, ledger: Ledger, broker: RedisServer
) -> None:
    broker.hang()
    assert client.post("/events/minio", json=_notification("v1", "v2", "v3")).status_code == 200
    _close(client)
    assert _kept(ledger) == {"v1": False, "v2": False, "v3": False}, "left to the sweep"


@pytest.fixture
def warm(client: FlaskClient, broker: RedisServer) -> FlaskClient:
    """The receiver with a connection to Redis open."""
    assert client.post("/events/minio", json=_notification("v0")).status_code == 200
    eventually(lambda: broker.waiting() == 1)
    return client


@pytest.mark.timeout(ANSWER_WITHIN, func_only=True)
def test_redis_hangs_while_it_is_connected(warm: FlaskClient, ledger: Ledger, broker: RedisServer) -> None:
    broker.hang()
    assert warm.post("/events/minio", json=_notification("v1")).status_code == 200
    _close(warm)
    assert _kept(ledger) == {"v0": True, "v1": False}


@pytest.mark.timeout(ANSWER_WITHIN, func_only=True)
def test_redis_goes_down_while_it_is_connected(
    warm: FlaskClient, ledger: Ledger, broker: RedisServer
) -> None:
    broker.end()
    assert warm.post("/events/minio", json=_notification("v1", "v2")).status_code == 200
    _close(warm)
    assert _kept(ledger) == {"v0": True, "v1": False, "v2": False}


def test_redis_that_was_restarted_takes_the_next_task(
    warm: FlaskClient, ledger: Ledger, broker: RedisServer
) -> None:
    broker.end()
    broker.start()
    assert warm.post("/events/minio", json=_notification("v1")).status_code == 200
    _close(warm)
    assert _kept(ledger)["v1"], "over a new connection, at once"


def test_redis_that_is_back_takes_tasks_again(
    warm: FlaskClient, ledger: Ledger, broker: RedisServer, tasks: Celery
) -> None:
    broker.hang()
    warm.post("/events/minio", json=_notification("v1"))
    eventually(lambda: tasks.refused == 1)
    broker.wake()
    assert warm.post("/events/minio", json=_notification("v2")).status_code == 200
    _close(warm)
    assert _kept(ledger) == {"v0": True, "v1": False, "v2": True}


@pytest.mark.timeout(ANSWER_WITHIN, func_only=True)
def test_a_locked_ledger_asks_for_another_delivery(
    client: FlaskClient, ledger: Ledger, broker: RedisServer
) -> None:
    with ledger.database.write() as session:
        assert session.get(Run, "none") is None  # the write lock is held
        answer = client.post("/events/minio", json=_notification("v1"))
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert (_kept(ledger), broker.waiting()) == ({}, 0)
    assert client.post("/events/minio", json=_notification("v1")).json["recorded"] == 1, "delivered again"
