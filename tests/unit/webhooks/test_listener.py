"""What is new in MinIO's queue folder is recorded at once and once, and MinIO's own delivery is no second event."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from webhook_helpers import Broker

from ventas.ledger import Ledger
from ventas.ledger.queries import EventFilter, RunFilter
from webhooks.listener import MOST_FILES, Listener
from webhooks.receiver import Receiver


def record(version: str = "v1", key: str = "a%C3%B1o%2Fventas.csv") -> dict[str, Any]:
    return {
        "eventName": "s3:ObjectCreated:Put",
        "s3": {"bucket": {"name": "ventas"}, "object": {"key": key, "versionId": version}},
    }


@pytest.fixture
def listener(receiver: Receiver) -> Listener:
    return Listener(receiver)


@pytest.fixture
def folder(settings) -> Path:
    path = settings.home / "minio-events" / "minio-webhook-VENTAS"
    path.mkdir(parents=True)
    return path


def outcomes(ledger: Ledger) -> list[str]:
    events, _ = ledger.queries.events(EventFilter(), 0, 100)
    return [event.outcome for event in events]


def test_a_queued_event_starts_its_run_at_once(
    listener: Listener, folder: Path, receiver: Receiver, ledger: Ledger, broker: Broker
) -> None:
    event = folder / "one.event"
    event.write_text(json.dumps(record()))
    listener.look()
    listener.look()
    assert event.exists(), "MinIO sends it too"
    ((run,), _) = ledger.queries.runs(RunFilter(), 0, 10)
    assert (run.key, run.version_id) == ("año/ventas.csv", "v1")
    assert outcomes(ledger) == ["recorded"]
    receiver.close()
    assert broker.sent == [("etl", run.id)]


def test_minios_own_delivery_is_answered_with_what_was_recorded(
    listener: Listener, folder: Path, client: FlaskClient, ledger: Ledger, token: dict[str, str]
) -> None:
    (folder / "one.event").write_text(json.dumps(record()))
    listener.look()
    posted = {"Records": [record(), record("v2")]}
    first = client.post("/events/minio", json=posted, headers=token).get_json()
    ((newer, older), _) = ledger.queries.runs(RunFilter(), 0, 10)
    assert [one["run_id"] for one in first["events"]] == [older.id, newer.id]
    assert [one["outcome"] for one in first["events"]] == ["recorded", "recorded"]
    assert outcomes(ledger) == ["recorded", "recorded"]
    again = client.post("/events/minio", json={"Records": [record()]}, headers=token).get_json()
    assert again["events"] == [{"outcome": "duplicate", "run_id": older.id}], "what comes a third time does"


def test_an_event_that_is_still_being_written_waits(listener: Listener, folder: Path, ledger: Ledger) -> None:
    event = folder / "one.event"
    event.write_text(json.dumps(record())[:40])
    listener.look()
    assert outcomes(ledger) == []
    event.write_text(json.dumps(record()))
    listener.look()
    assert outcomes(ledger) == ["recorded"]


def test_a_backlog_is_left_to_minio_and_what_comes_after_it_is_not(
    listener: Listener, folder: Path, ledger: Ledger
) -> None:
    for number in range(MOST_FILES + 1):
        (folder / f"{number:02}.event").write_text(json.dumps(record(f"v{number}")))
    listener.look()
    assert outcomes(ledger) == []
    for number in range(MOST_FILES):
        (folder / f"{number:02}.event").unlink()
    listener.look()
    ((run,), _) = ledger.queries.runs(RunFilter(), 0, 10)
    assert run.version_id == f"v{MOST_FILES}"


def test_what_is_no_notification_is_left_to_minio(
    listener: Listener, settings, folder: Path, ledger: Ledger
) -> None:
    (folder / "one.event").write_text("[1]")
    listener.look()
    assert outcomes(ledger) == []


def test_without_a_folder_nothing_breaks(listener: Listener, ledger: Ledger) -> None:
    listener.look()
    assert outcomes(ledger) == []
