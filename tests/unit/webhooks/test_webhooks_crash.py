"""The receiver as a real process: killed before it has sent a task, told to stop, two at once."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from webhook_helpers import Broker, Quiet, RedisServer, eventually, notification, runs

import workers.app
from ventas.launcher.environment import own_ports, settings_of, without_settings
from ventas.launcher.services import SERVICES
from ventas.ledger import Ledger
from ventas.ledger.queries import EventFilter
from ventas.pipeline.context import Context
from ventas.pipeline.sweep import send_due
from ventas.settings import Settings
from webhooks.app import create_app, receiver_of

TOKEN = "a-token-of-this-test"


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "broker")
    yield server
    server.end()


@pytest.fixture
def env(tmp_path: Path, redis_server: RedisServer) -> dict[str, str]:
    own = own_ports(tmp_path / "home") | {"REDIS_URL": redis_server.url, "WEBHOOK_TOKEN": TOKEN}
    return {**without_settings(os.environ), **own}


@pytest.fixture
def settings(env: dict[str, str]) -> Settings:
    return settings_of(env)


class Process:
    """A receiver; `client` speaks to it."""

    def __init__(self, env: dict[str, str], folder: Path):
        launch = SERVICES["webhooks"].launch(settings_of(env))
        with (folder / "webhooks.log").open("ab") as log:
            self.process = subprocess.Popen(
                launch.argv, env=env | launch.env, stdout=log, stderr=log, start_new_session=True
            )
        headers = {"Authorization": f"Bearer {TOKEN}"}
        self.client = httpx.Client(base_url=env["WEBHOOKS_URL"], headers=headers, timeout=20, trust_env=False)

    def answers(self) -> bool:
        with suppress(httpx.TransportError):
            return self.client.get("/health/live").status_code == 200
        return False

    def post(self, version: str) -> str:
        """What became of an upload."""
        answer = self.client.post("/events/minio", json=notification("ventas.csv", versionId=version))
        assert answer.status_code == 200
        (one,) = answer.json()["events"]
        return str(one["outcome"])

    def kill(self) -> None:
        """End it and its workers as if the power failed."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        """Ask it to end."""
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def _running(env: dict[str, str], folder: Path) -> Iterator[Process]:
    one = Process(env, folder)
    try:
        eventually(one.answers, 60)
        yield one
    finally:
        one.kill()
        one.client.close()


@pytest.fixture
def start(env: dict[str, str], ledger: Ledger, tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Starts receivers on one ledger."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(_running(env, tmp_path))


def test_a_run_whose_receiver_was_killed_before_its_task_was_sent_is_sent_by_the_sweep(
    start: Callable[[], Process],
    redis_server: RedisServer,
    ledger: Ledger,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver = start()
    redis_server.hang()
    assert receiver.post("v1") == "recorded"
    receiver.kill()
    redis_server.wake()
    (run,) = runs(ledger)
    assert (run.status, run.enqueued_at, redis_server.waiting()) == ("received", None, 0)

    context = Context(settings)
    with workers.app.create_app(settings) as celery, closing(context.ledger):
        monkeypatch.setattr(workers.app, "app", celery)
        assert send_due(context, workers.app.enqueue_first) == 1
    assert redis_server.waiting() == 1


def test_a_receiver_that_is_told_to_stop_sends_what_waits(
    start: Callable[[], Process], redis_server: RedisServer, ledger: Ledger
) -> None:
    receiver = start()
    receiver.post("v0")
    eventually(lambda: redis_server.waiting() == 1, 60)  # Celery is imported
    for number in (1, 2, 3):  # these gather
        receiver.post(f"v{number}")
    receiver.stop()
    assert redis_server.waiting() == 4
    assert all(run.enqueued_at for run in runs(ledger))


def test_two_receivers_at_once_start_one_run_for_each_upload(
    start: Callable[[], Process], ledger: Ledger, settings: Settings
) -> None:
    process, app = start(), create_app(settings, Broker, Quiet())
    token = {"Authorization": f"Bearer {TOKEN}"}

    def post_to_the_other(version: str) -> str:
        body = notification("ventas.csv", versionId=version)
        answer = app.test_client().post("/events/minio", json=body, headers=token)
        return str(answer.json["events"][0]["outcome"])

    posts = [(post, f"v{number}") for number in range(50) for post in (process.post, post_to_the_other)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda one: one[0](one[1]), posts))
    receiver_of(app).close()
    assert (outcomes.count("recorded"), outcomes.count("duplicate")) == (50, 50)
    assert len({run.version_id for run in runs(ledger)}) == 50
    assert ledger.queries.events(EventFilter(), 0, 1)[1] == 100
