"""Past uploads judged anew over HTTP: asked for with the token, one at a time, and told to anybody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from api_helpers import FakeBroker, assert_problem
from flask import Flask
from flask.testing import FlaskClient

from api.app import services_of
from ventas.ledger import Ledger, Run, UploadEvent
from ventas.settings import Settings

NO_RUN = "019abcde-0000-7000-8000-000000000000"
Post = Callable[..., Any]


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    return services_of(app).ledger


@pytest.fixture
def run_id(ledger: Ledger) -> str:
    return a_run(ledger, "promoted")


@pytest.fixture
def ask(client: FlaskClient, settings: Settings) -> Post:
    """POST as an operator."""

    def post(run_id: str) -> Any:
        headers = {"Authorization": f"Bearer {settings.admin_token}", "X-Actor": "Bego%C3%B1a"}
        return client.post(f"/runs/{run_id}/replay", headers=headers)

    return post


def a_run(ledger: Ledger, status: str, key: str = "ventas.csv") -> str:
    (recorded,) = ledger.intake.record([UploadEvent("ventas", key, "v1", "e", 1)])
    with ledger.database.write() as session:
        session.get_one(Run, recorded.run_id).status = status
    return str(recorded.run_id)


def ending(status: str) -> dict[str, Any]:
    return {"status": status, "reason": "Because.", "verdict": None, "rejection": None}


def replayed(run_id: str, now: str) -> dict[str, Any]:
    upload = {"key": "ventas.csv", "version_id": "v1", "uploaded_at": "2026-11-23T00:00:00Z"}
    endings = {"then": ending("promoted"), "now": ending(now), "same": now == "promoted"}
    return {"run_id": run_id} | upload | endings


def test_a_replay_is_sent_once_and_told_while_it_lasts(
    ask: Post, client: FlaskClient, ledger: Ledger, broker: FakeBroker, run_id: str
) -> None:
    answer = ask(run_id[:13])
    told = answer.get_json()
    assert (answer.status_code, told["status"], told["enqueued"]) == (202, "waiting", True)
    assert (told["run_id"], told["actor"], told["progress"], told["result"]) == (run_id, "Begoña", None, None)
    assert broker.sent == [("replay", told["id"])]
    again = ask(run_id)
    assert (again.status_code, again.get_json()["id"]) == (200, told["id"])
    assert "under way already" in again.get_json()["note"]
    assert len(broker.sent) == 1
    lease = ledger.replay_work.acquire(told["id"])
    ledger.replay_work.progress(lease, 1.5, 2)
    known = client.get(f"/runs/{run_id}/replay").get_json()
    assert (known["status"], known["progress"]) == ("running", {"done": 1, "total": 2, "share": 0.75})


def test_its_result_is_told_with_how_many_differ(
    ask: Post, client: FlaskClient, ledger: Ledger, run_id: str
) -> None:
    lease = ledger.replay_work.acquire(ask(run_id).get_json()["id"])
    result = [replayed(run_id, "promoted"), replayed(NO_RUN, "gone"), replayed(NO_RUN, "rejected")]
    ledger.replay_work.finish(lease, result)
    known = client.get(f"/runs/{run_id}/replay").get_json()
    assert (known["status"], known["differing"], known["result"]) == ("done", 2, result)
    assert known["finished_at"]
    assert ask(run_id).status_code == 202, "it may be asked for again"


def test_one_that_failed_says_why(ask: Post, client: FlaskClient, ledger: Ledger, run_id: str) -> None:
    lease = ledger.replay_work.acquire(ask(run_id).get_json()["id"])
    ledger.replay_work.fail(lease, "MinIO does not answer.")
    known = client.get(f"/runs/{run_id}/replay").get_json()
    assert (known["status"], known["reason"], known["differing"]) == (
        "failed",
        "MinIO does not answer.",
        None,
    )


def test_while_the_broker_is_away_the_sweep_sends_it(
    ask: Post, ledger: Ledger, broker: FakeBroker, run_id: str
) -> None:
    broker.away = True
    answer = ask(run_id)
    assert (answer.status_code, answer.get_json()["enqueued"]) == (202, False)
    assert "the sweep will send it" in answer.get_json()["note"]
    assert ledger.replay_work.take_due(timedelta(hours=1)) == [answer.get_json()["id"]]


@pytest.mark.parametrize("status", ["received", "retrain", "failed", "superseded", "ignored"])
def test_a_run_that_was_not_judged_is_refused(
    ask: Post, ledger: Ledger, broker: FakeBroker, status: str
) -> None:
    assert_problem(ask(a_run(ledger, status)), 409, says=f"is {status}; only an upload of sales")
    assert broker.sent == []


def test_without_the_token_nothing_is_asked_for(client: FlaskClient, broker: FakeBroker, run_id: str) -> None:
    path = f"/runs/{run_id}/replay"
    assert_problem(client.post(path), 401, says="admin token")
    assert_problem(client.post(path, headers={"Authorization": "Bearer wrong"}), 403)
    assert broker.sent == []
    assert_problem(client.get(path), 404, says="were not judged anew")


def test_an_unknown_run_has_no_replay(ask: Post, client: FlaskClient) -> None:
    assert_problem(ask(NO_RUN), 404)
    assert_problem(client.get(f"/runs/{NO_RUN}/replay"), 404)
