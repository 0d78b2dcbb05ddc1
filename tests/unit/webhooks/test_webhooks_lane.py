"""The lane records and answers as the route does, and leaves to the route what it cannot do at once."""

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from webhook_helpers import Broker, Quiet, notification, runs

from ventas.front import groups
from ventas.ledger import Ledger, UploadEvent
from ventas.ledger.events import Intake, Recorded
from ventas.ledger.migrate import upgrade
from ventas.ledger.queries import EventFilter
from ventas.ledger.quick import Busy
from webhooks.app import create_app, receiver_of
from webhooks.lane import EventLane
from webhooks.receiver import Receiver

PATH = "/events/minio"


@pytest.fixture
def lane(receiver: Receiver) -> EventLane:
    return EventLane(receiver)


@pytest.fixture
def post(lane: EventLane, token: dict[str, str]) -> Callable[..., list[bytes | None]]:
    """Gives the lane notifications that come at once, and returns its answers."""
    return lambda *bodies, **headers: deliver(
        lane, bodies, headers or {"authorization": token["Authorization"]}
    )


def deliver(lane: EventLane, bodies: Sequence[Any], headers: dict[str, str]) -> list[bytes | None]:
    data = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies]

    async def all_at_once() -> list[bytes | None]:
        return await asyncio.gather(*(lane(one, headers) for one in data))

    return asyncio.run(all_at_once())


def upload(version: str, key: str = "ventas.csv", **item: object) -> dict:
    return notification(key, versionId=version, **item)


def kept(ledger: Ledger) -> list[dict[str, object]]:
    """All rows of all tables that an event touches, but for ids and moments; a run's id as its place among them."""
    with ledger.database.read() as session:
        found = [dict(row) for row in session.execute(text("SELECT * FROM runs ORDER BY id")).mappings()]
        events = [dict(row) for row in session.execute(text("SELECT * FROM events ORDER BY id")).mappings()]
    places = {run["id"]: place for place, run in enumerate(found)}
    for row in (*found, *events):
        row |= {name: type(value) for name, value in row.items() if name.endswith("_at")}
    return [run | {"id": 0} for run in found] + [one | {"run_id": places[one["run_id"]]} for one in events]


PLAIN = [
    upload("v1"),
    upload("v2", size=2**63 - 1),
    upload("v3", key="tienda+1/Ventas+d%C3%ADa.csv.gz", sequencer=None),
    upload("v4", key="pronosticos/entrada/2027/x.csv"),
    upload("v5", key="a%00ventas.csv"),
    upload("null", eTag='"e1"'),
    upload("", eTag="e2"),
]


def test_it_keeps_the_same_rows_and_answers_the_same(
    post: Callable[..., list[bytes | None]], ledger: Ledger, receiver: Receiver, settings, tmp_path
) -> None:
    quick = post(*PLAIN)
    receiver.close()
    other = settings.model_copy(update={"VENTAS_HOME": tmp_path / "other"})
    upgrade(other)
    app = create_app(other, Broker, Quiet())
    token = {"Authorization": f"Bearer {other.webhook_token}"}
    answers = [app.test_client().post(PATH, json=body, headers=token) for body in PLAIN]
    receiver_of(app).close()
    with closing(Ledger(other)) as plain:
        assert [row | {"enqueued_at": 0} for row in kept(ledger)] == [
            row | {"enqueued_at": 0} for row in kept(plain)
        ]
    for at_once, answer in zip(quick, answers, strict=True):
        run_id = answer.json["events"][0]["run_id"]
        assert at_once is not None
        assert (
            answer.data.replace(run_id.encode(), json.loads(at_once)["events"][0]["run_id"].encode())
            == at_once
        )
        assert (answer.status_code, answer.content_type) == (200, "application/json")


def test_its_tasks_are_sent(post, ledger: Ledger, receiver: Receiver, broker: Broker) -> None:
    post(upload("v1"), upload("v2", key="pronosticos/entrada/x.csv"))
    receiver.close()
    found = sorted(runs(ledger), key=lambda run: run.id)
    assert [(str(step), run_id) for step, run_id in broker.sent] == [
        (step, run.id) for step, run in zip(("etl", "forecast"), found, strict=True)
    ]
    assert all(run.enqueued_at for run in found)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        notification(),
        notification("ventas.csv", "b_ventas.csv"),
        notification("notas.txt"),
        notification("informes/ventas.csv"),
        notification("ventas.csv", bucket="otro"),
        notification("ventas.csv", size=-1),
        notification("v" * 1100 + "ventas.csv"),
        b" " * 1_100_000 + json.dumps(upload("v1")).encode(),
        json.dumps(upload("v1")).replace("Created", "Removed").encode(),
    ],
    ids=lambda body: str(body)[:40],
)
def test_what_is_no_plain_upload_is_left_to_the_route(post, ledger: Ledger, body: Any) -> None:
    assert post(body) == [None]
    assert kept(ledger) == []


@pytest.mark.parametrize("given", ["", "Bearer wrong", "Bearer", "Basic ñ"])
def test_without_the_token_nothing_is_recorded(post, ledger: Ledger, given: str) -> None:
    assert post(upload("v1"), authorization=given) == [None]
    assert post(upload("v1"), other="header") == [None]
    assert kept(ledger) == []


def test_an_upload_that_is_known_is_left_to_the_route(
    post, client: FlaskClient, token, ledger: Ledger
) -> None:
    assert post(upload("v1"))[0] is not None
    assert post(upload("v1"), upload("v2"))[0] is None
    answer = client.post(PATH, json=upload("v1"), headers=token)
    assert [one["outcome"] for one in answer.json["events"]] == ["duplicate"]
    assert [run.version_id for run in runs(ledger)] == ["v2", "v1"]
    assert ledger.queries.events(EventFilter(), 0, 10)[1] == 3


def test_the_same_upload_twice_in_one_turn_starts_one_run(post, ledger: Ledger) -> None:
    first, second, other = post(upload("v1"), upload("v1"), upload("v2"))
    assert (first is None, second is None, other is None) == (False, True, False)
    assert len(runs(ledger)) == 2


def test_versions_of_an_object_are_numbered_as_they_came(post, ledger: Ledger) -> None:
    versions = [f"v{number}" for number in (5, 3, 9, 1, 7)]
    post(*map(upload, versions))
    assert [run.version_id for run in sorted(runs(ledger), key=lambda run: run.id)] == versions


def test_the_same_uploads_at_two_receivers_at_once_start_one_run_each(
    settings, ledger: Ledger, token: dict[str, str]
) -> None:
    uploads = [upload(f"v{number}") for number in range(40)]

    def receive(order: int) -> list[str]:
        app = create_app(settings, Broker, Quiet())
        lane, client = EventLane(receiver_of(app)), app.test_client()
        told = []
        for at in range(0, len(uploads), 4):
            bodies = uploads[at : at + 4][::order]
            for body, answer in zip(
                bodies, deliver(lane, bodies, {"authorization": token["Authorization"]}), strict=True
            ):
                said = answer or client.post(PATH, json=body, headers=token).data
                told.append(json.loads(said)["events"][0]["outcome"])
        receiver_of(app).close()
        return told

    with ThreadPoolExecutor(2) as pool:
        outcomes = [one for told in pool.map(receive, (1, -1)) for one in told]
    assert (outcomes.count("recorded"), outcomes.count("duplicate")) == (40, 40)
    assert len(runs(ledger)) == 40
    assert ledger.queries.events(EventFilter(), 0, 1)[1] == 80


def test_a_ledger_that_is_locked_for_a_moment_is_waited_for(
    post: Callable[..., list[bytes | None]], ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "PATIENCE_SECONDS", 10)  # a moment may be long on a busy machine
    locked, refused = threading.Event(), threading.Event()

    def hold() -> None:
        with ledger.database.write() as session:
            session.connection()
            locked.set()
            refused.wait(10)

    def write(intake: Intake, events: Sequence[UploadEvent]) -> list[Recorded | None]:
        try:
            return record_at_once(intake, events)
        except Busy:
            refused.set()
            raise

    record_at_once = Intake.record_at_once
    monkeypatch.setattr(Intake, "record_at_once", write)
    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(10)
    answers = post(upload("v1"), upload("v2"))
    holder.join()
    assert refused.is_set()
    assert None not in answers


def test_a_ledger_that_stays_locked_is_left_to_the_route(post, ledger: Ledger) -> None:
    with ledger.database.write() as session:
        session.connection()
        assert post(upload("v1"), upload("v2")) == [None, None]
    assert runs(ledger) == []
    assert None not in post(upload("v1"), upload("v2")), "it is free again"


def test_a_ledger_without_tables_is_left_to_the_route(settings, token: dict[str, str]) -> None:
    app = create_app(settings, Broker, Quiet())  # not migrated
    lane = EventLane(receiver_of(app))
    assert deliver(lane, [upload("v1")], {"authorization": token["Authorization"]}) == [None]
    receiver_of(app).close()
