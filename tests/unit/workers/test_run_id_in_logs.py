"""A run's id leads through the logs of receiver and worker; that of the API is in test_api_holder.py."""

import json
import logging
from typing import Any

import pytest
from lone_receiver import Nobody, Quiet

import workers.tasks
from ventas.ledger import Lease, Ledger
from ventas.logs import configure_logging
from ventas.pipeline.context import Context
from ventas.pipeline.runner import Outcome
from ventas.settings import Settings
from ventas.states import RunStatus
from webhooks.app import create_app, receiver_of


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.fixture
def json_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"LOG_FORMAT": "json", "REDIS_URL": "redis://127.0.0.1:1/0"})


def recorded(settings: Settings, key: str) -> str:
    """Post an event; the id of its run."""
    app = create_app(settings, Nobody, Quiet())
    client = app.test_client()
    item = {"key": key, "versionId": "v1", "eTag": "e", "sequencer": "1"}
    record = {"eventName": "s3:ObjectCreated:Put", "s3": {"bucket": {"name": "ventas"}, "object": item}}
    token = {"Authorization": f"Bearer {settings.webhook_token}"}
    answer = client.post("/events/minio", json={"Records": [record]}, headers=token)
    receiver_of(app).close()
    return str(answer.json["events"][0]["run_id"])


def test_the_receiver_writes_a_line_with_the_id_for_each_event(
    json_settings: Settings, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = recorded(json_settings, "ventas.csv")
    (line,) = [line for line in lines(capsys) if line["event"] == "event_recorded"]
    assert (line["service"], line["run_id"], line["outcome"]) == ("webhooks", run_id, "recorded")


def test_every_line_of_a_step_has_the_id_those_of_libraries_too(
    json_settings: Settings,
    ledger: Ledger,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id = recorded(json_settings, "ventas.csv")
    configure_logging(json_settings, "worker")
    lines(capsys)

    def work(_context: Context, _lease: Lease) -> Outcome:
        logging.getLogger("library").warning("slow")
        return Outcome(RunStatus.REJECTED, {"reason": "It has no rows."})

    monkeypatch.setattr(workers.tasks, "context", lambda: Context(json_settings))
    monkeypatch.setattr(workers.tasks, "_work", lambda _step: work)
    workers.tasks.etl(run_id)
    logging.getLogger("library").warning("idle")
    *of_the_step, after = lines(capsys)
    assert [line["event"] for line in of_the_step] == ["step_started", "slow", "step_ended"]
    assert {(line["run_id"], line["step"], line["service"]) for line in of_the_step} == {
        (run_id, "etl", "worker")
    }
    assert "run_id" not in after, "the next task's lines must not be taken for this one's"
