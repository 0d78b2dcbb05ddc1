"""`GET /status`: every part asked, none waited for long, and what is to do."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from api_helpers import take_ledger_away
from flask import Flask
from flask.testing import FlaskClient

from api import status as status_module
from api.app import services_of
from api.probes import Probe, flower_url, minio_url
from api.status import SystemStatus
from ventas.contract import is_own_output
from ventas.ledger import Run
from ventas.ledger.events import UploadEvent
from ventas.ledger.tables import Sweep
from ventas.settings import Settings
from ventas.times import utc_now


class Healthy(BaseHTTPRequestHandler):
    """Answers 200 at every path but /broken, where it says why not."""

    def do_GET(self) -> None:
        broken = self.path.startswith("/broken")
        body = b'{"detail": "The subscription is not made yet."}' if broken else b"{}"
        self.send_response(503 if broken else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def healthy() -> Iterator[str]:
    """Host and port of a server that says that all is well."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Healthy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def silent() -> Iterator[str]:
    """Host and port of something that takes connections and never answers, as a process that hangs does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_parts_that_answer_are_well_and_others_are_away_with_the_reason(
    start: Callable[..., Flask], settings: Settings, healthy: str
) -> None:
    changes = {
        "MINIO_ENDPOINT": healthy,
        "WEBHOOKS_URL": f"http://{healthy}/broken",
        "FLOWER_URL": f"http://{healthy}",
    }
    told = start(settings.model_copy(update=changes)).test_client().get("/status").get_json()
    parts = told["parts"]
    assert parts["minio"]["status"] == parts["flower"]["status"] == parts["ledger"]["status"] == "ok"
    assert parts["webhooks"]["reason"] == "The subscription is not made yet."
    assert parts["redis"]["status"] == parts["mlflow"]["status"] == parts["worker"]["status"] == "away"
    assert "127.0.0.1:1" in parts["redis"]["reason"]
    assert parts["beat"]["reason"] == "No sweep has run yet."
    nobody = {"waiting": None, "workers": None}
    assert told["queues"] == {"control": nobody, "training": nobody}


def test_the_backlog_counts_runs_and_names_the_one_that_waits_longest(
    app: Flask, client: FlaskClient
) -> None:
    ledger = services_of(app).ledger
    events = [UploadEvent("ventas", f"{number}/ventas.csv", "v1", "e", 1) for number in range(3)]
    ids = [str(one.run_id) for one in ledger.intake.record(events)]
    now = utc_now()
    with ledger.database.write() as session:
        session.get_one(Run, ids[0]).status = "promoted"
        session.get_one(Run, ids[2]).created_at = now - timedelta(hours=1)
        session.add(Sweep(name="bucket", started_at=now, finished_at=now, listed=7, found=1))
    told = client.get("/status").get_json()
    assert told["backlog"]["runs"] == {"promoted": 1, "received": 2}
    assert told["backlog"]["oldest"]["key"] == "2/ventas.csv"
    assert (told["backlog"]["sweep"]["listed"], told["parts"]["beat"]["status"]) == (7, "ok")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"age": timedelta(hours=1)}, "No sweep has begun for 36"),
        ({"age": timedelta(0), "problem": "MinIO does not answer."}, "broke off: MinIO does not answer."),
    ],
)
def test_a_sweep_that_stands_still_or_breaks_off_is_told(
    app: Flask, client: FlaskClient, changes: dict[str, Any], says: str
) -> None:
    started = utc_now() - changes["age"]
    with services_of(app).ledger.database.write() as session:
        session.add(
            Sweep(name="bucket", started_at=started, listed=0, found=0, problem=changes.get("problem"))
        )
    assert says in client.get("/status").get_json()["parts"]["beat"]["reason"]


def test_without_the_ledger_the_rest_is_told(app: Flask, client: FlaskClient) -> None:
    take_ledger_away(app)
    answer = client.get("/status")
    assert answer.status_code == 200
    assert answer.get_json()["backlog"] is None
    assert answer.get_json()["parts"]["ledger"]["status"] == "away"


def test_what_hangs_holds_up_one_request_for_a_moment_and_the_others_not_at_all(
    app: Flask, settings: Settings, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_module, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(status_module, "FRESH_SECONDS", 0)
    hanging = settings.model_copy(
        update={
            "MINIO_ENDPOINT": silent,
            "WEBHOOKS_URL": f"http://{silent}",
            "REDIS_URL": f"redis://{silent}/0",
        }
    )
    system = SystemStatus(hanging, services_of(app).ledger)
    before = threading.active_count()
    system.look()
    began = time.monotonic()
    first = threading.Thread(target=system.look)
    first.start()
    while not system._asking.locked():
        assert first.is_alive()
    others = time.monotonic()
    system.look()
    assert time.monotonic() - others < 0.4, "somebody asks already: what is known is told"
    first.join()
    assert time.monotonic() - began < 1.5
    parts = system.look()
    assert parts["minio"].status == parts["redis"].status == parts["webhooks"].status == "away"
    assert parts["ledger"].status == "ok"
    assert threading.active_count() - before <= 7, "one thread for each question, however often it is asked"


def test_who_asks_first_together_with_another_is_told_no_less(
    app: Flask, settings: Settings, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_module, "WAIT_SECONDS", 1.0)
    system = SystemStatus(settings.model_copy(update={"MINIO_ENDPOINT": silent}), services_of(app).ledger)
    first = threading.Thread(target=system.look)
    first.start()
    while not system._asking.locked():
        assert first.is_alive()
    told = system.look()
    first.join()
    assert "unknown" not in {part.status for part in told.values()}


def test_a_probe_that_breaks_is_told_as_such(app: Flask, settings: Settings) -> None:
    def broken() -> dict[str, str | None]:
        raise RuntimeError("unforeseen")

    system = SystemStatus(settings, services_of(app).ledger)
    system._ask(Probe(("minio",), broken))
    assert system._parts.away_because("minio") == "It cannot be asked; the log of the API tells why."


def test_each_part_is_asked_where_it_is(make_settings: Callable[..., Settings]) -> None:
    assert minio_url(make_settings()) == "http://127.0.0.1:9000/minio/health/live"
    assert minio_url(make_settings(S3_STAND_IN=True)) == "http://127.0.0.1:9000/moto-api/"
    assert flower_url(make_settings()) == "http://127.0.0.1:5555/healthcheck"
    assert flower_url(make_settings(FLOWER_BIND="0.0.0.0:5555")) is None
    assert flower_url(make_settings(FLOWER_URL="http://flower:5555/")) == "http://flower:5555/healthcheck"


def test_events_are_filtered_by_outcome_and_key(app: Flask, client: FlaskClient) -> None:
    one = UploadEvent("ventas", "ventas.csv", "v1", "e", 1)
    other = UploadEvent("ventas", "notas.txt", "v1", "e", 1, ignored_because="Its name does not fit.")
    for event in (one, one, other):
        services_of(app).ledger.intake.record([event])

    def listed(**query: str) -> list[str]:
        return [entry["outcome"] for entry in client.get("/events", query_string=query).get_json()]

    assert listed() == ["ignored", "duplicate", "recorded"]
    assert listed(outcome="duplicate") == ["duplicate"]
    assert listed(key="ventas.csv") == ["duplicate", "recorded"]
    assert client.get("/events?outcome=else").status_code == 422


def test_events_of_what_the_system_itself_wrote_are_told_apart(app: Flask, client: FlaskClient) -> None:
    keys = ["ventas.csv", "informes/a.md", "pronosticos/salida/x.csv", "pronosticos/entrada/x.csv"]
    keys += ["Informes/ventas.csv"]
    events = [UploadEvent("ventas", key, "v1", "e", 1, ignored_because="For the test.") for key in keys]
    services_of(app).ledger.intake.record(events)

    def listed(own: str) -> list[str]:
        return [entry["key"] for entry in client.get(f"/events?own={own}").get_json()][::-1]

    assert listed("true") == keys[1:3] == [key for key in keys if is_own_output(key)]
    assert listed("false") == [keys[0], *keys[3:]]
