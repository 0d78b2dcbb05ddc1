"""What an operator may do over HTTP: start a run again, and choose the champion by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from api_helpers import FakeBroker, FakeCatalogue, FakeSource, assert_problem, eventually, model, registered
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from api.app import services_of
from ventas.errors import ChampionChanged, ModelUnusable, RegistryUnavailable
from ventas.ledger import Ledger, Promotion, Run
from ventas.ledger.events import UploadEvent
from ventas.settings import Settings
from ventas.states import Step

NO_RUN = "019abcde-0000-7000-8000-000000000000"
REASON = {"reason": "Version 1 overshoots on Sundays."}
Post = Callable[..., Any]


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    return services_of(app).ledger


@pytest.fixture
def admin(client: FlaskClient, settings: Settings) -> Post:
    """POST as somebody who has the token."""
    headers = {"Authorization": f"Bearer {settings.admin_token}"}

    def post(path: str, **more: Any) -> Any:
        return client.post(path, headers=headers | more.pop("headers", {}), **more)

    return post


def a_run(ledger: Ledger, status: str, reason: str | None = None, key: str | None = None) -> str:
    """A run that came to this end, after three starts of its step."""
    upload = UploadEvent("ventas", key or f"{status}/ventas.csv", "v1", "etag", 120)
    run_id = ledger.intake.record([upload])[0].run_id
    with ledger.database.write() as session:
        run = session.get_one(Run, run_id)
        run.status, run.reason, run.attempts = status, reason, 3
        run.finished_at = run.enqueued_at = datetime(2026, 11, 23, tzinfo=UTC)
        run.model_version, run.verdict, run.quality = 3, {"promoted": False}, {"rows_in": 1}
        run.progress_done = run.progress_total = 2
    return str(run_id)


@pytest.mark.parametrize(
    "path", [f"/runs/{NO_RUN}/retry", "/models/2/promote", "/models/nonsense/promote", "/models/2/approve"]
)
def test_without_the_token_nothing_is_done(client: FlaskClient, source: FakeSource, path: str) -> None:
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer "}):
        answer = client.post(path, json=REASON, headers=headers)
        assert_problem(answer, 401, says="admin token")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for token in ("wrong", "ñ", "a token of the test", "a token of the testsx"):
        assert_problem(client.post(path, json=REASON, headers={"Authorization": f"Bearer {token}"}), 403)
    assert source.promoted == []


@pytest.mark.parametrize("status", ["failed", "rejected", "superseded"])
def test_a_run_that_ended_badly_starts_again_at_its_first_step(
    admin: Post, ledger: Ledger, broker: FakeBroker, client: FlaskClient, status: str
) -> None:
    run_id = a_run(ledger, status, "The disk was full.")
    answer = admin(f"/runs/{run_id}/retry", headers={"X-Actor": "Begoña"})
    assert answer.status_code == 202
    body = answer.get_json()
    assert (body["id"], body["status"], body["enqueued"]) == (run_id, "received", True)
    assert broker.sent == [(Step.ETL, run_id)]
    run = client.get(f"/runs/{run_id}").get_json()
    gone = (
        "reason",
        "finished_at",
        "progress",
        "model_version",
        "verdict",
        "quality",
        "same_as_run",
        "superseded_by",
    )
    assert {name: run[name] for name in gone} == dict.fromkeys(gone)
    (step,) = run["steps"]
    assert (step["step"], step["worker"]) == ("retry", "Begoña")
    assert step["error"] == f"It had ended as {status}: The disk was full."
    row = ledger.runs.get(run_id)
    assert (row.attempts, row.lease_token) == (0, None)
    assert ledger.runs.acquire(run_id, Step.ETL, "w").attempt == 1


def test_a_forecast_file_starts_again_at_its_own_first_step(
    admin: Post, ledger: Ledger, broker: FakeBroker
) -> None:
    run_id = a_run(ledger, "rejected", key="pronosticos/entrada/x.csv")
    assert admin(f"/runs/{run_id}/retry").get_json()["kind"] == "forecast"
    assert broker.sent == [(Step.FORECAST, run_id)]
    assert ledger.runs.take_due(timedelta(0)) == [(run_id, Step.FORECAST)]


@pytest.mark.parametrize(
    "status",
    [
        *("received", "etl", "retrain", "promote", "forecast"),
        *("promoted", "not_promoted", "completed", "ignored"),
    ],
)
def test_a_run_at_work_or_judged_is_not_started_again(
    admin: Post, ledger: Ledger, broker: FakeBroker, status: str
) -> None:
    run_id = a_run(ledger, status)
    assert_problem(admin(f"/runs/{run_id}/retry"), 409, says=run_id)
    assert ledger.runs.get(run_id).status == status
    assert broker.sent == []


def test_a_second_retry_finds_the_run_at_work(admin: Post, ledger: Ledger) -> None:
    run_id = a_run(ledger, "failed")
    assert admin(f"/runs/{run_id}/retry").status_code == 202
    assert_problem(admin(f"/runs/{run_id}/retry"), 409, says="at work (received)")


def test_while_the_broker_is_away_the_sweep_sends_it(admin: Post, ledger: Ledger, broker: FakeBroker) -> None:
    run_id = a_run(ledger, "failed")
    broker.away = True
    answer = admin(f"/runs/{run_id}/retry")
    assert (answer.status_code, answer.get_json()["enqueued"]) == (202, False)
    assert "sweep" in answer.get_json()["note"]
    assert ledger.runs.take_due(timedelta(hours=1)) == [(run_id, Step.ETL)]


@pytest.mark.parametrize("unknown", [NO_RUN, "7", "%00", "%F0%9F%98%80"])
def test_an_unknown_run_cannot_be_retried(admin: Post, unknown: str) -> None:
    assert_problem(admin(f"/runs/{unknown}/retry"), 404)


def test_a_version_is_promoted_by_hand_and_served(
    admin: Post, source: FakeSource, client: FlaskClient
) -> None:
    source.models[2] = model(2)
    answer = admin("/models/2/promote", json=REASON, headers={"X-Actor": "  ana\tb "})
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["model_version"], body["previous_version"], body["source"]) == (2, 1, "manual")
    assert source.promoted == [(2, "anab", REASON["reason"])]
    eventually(lambda: client.get("/health").get_json()["model_version"] == 2)


def test_who_does_not_say_who_they_are_is_the_admin(admin: Post, source: FakeSource) -> None:
    source.models[2] = model(2)
    assert admin("/models/2/promote/", json=REASON).get_json()["actor"] == "admin"


def test_a_version_that_cannot_be_champion_is_refused_with_the_reason(
    admin: Post, source: FakeSource
) -> None:
    source.models[3] = ModelUnusable("Version 3 must not be served: it answers nan.")
    source.models[4] = RegistryUnavailable("MLflow does not answer: refused")
    source.models[5] = ChampionChanged("Another version became champion meanwhile.")
    assert_problem(admin("/models/1/promote", json=REASON), 409, says="champion already")
    assert_problem(admin("/models/2/promote", json=REASON), 404, says="version 2")
    members = assert_problem(admin("/models/3/promote", json=REASON), 422, says="must not be served")
    assert members["type"] == "urn:ventas:problem:model-unfit"
    assert_problem(admin("/models/4/promote", json=REASON), 503, says="(MLflow) does not answer")
    assert_problem(admin("/models/5/promote", json=REASON), 409, says="meanwhile")
    assert source.champion == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"reason": ""}, {"reason": " \t "}, {"reason": 5}, {"reason": "x" * 1001}, {"reason": "\x00"}],
)
def test_a_reason_must_be_given(admin: Post, source: FakeSource, body: dict[str, Any]) -> None:
    source.models[2] = model(2)
    assert_problem(admin("/models/2/promote", json=body), 422, field="reason")
    assert source.promoted == []


def test_a_held_promotion_is_approved_and_served(
    admin: Post, source: FakeSource, client: FlaskClient
) -> None:
    source.models[2], source.held = model(2), {2}
    answer = admin("/models/2/approve", json=REASON, headers={"X-Actor": "ana"})
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["model_version"], body["source"], body["actor"]) == (2, "approved", "ana")
    assert source.promoted == [(2, "ana", REASON["reason"])]
    eventually(lambda: client.get("/health").get_json()["model_version"] == 2)


def test_what_is_not_held_is_not_approved(admin: Post, source: FakeSource) -> None:
    source.models[2] = ModelUnusable("Version 2 must not be served: it answers nan.")
    assert_problem(admin("/models/2/approve", json=REASON), 409, says="does not wait for approval")
    assert_problem(admin("/models/2/approve", json={}), 422, field="reason")
    source.held = {2}
    assert_problem(admin("/models/2/approve", json=REASON), 422, says="must not be served")
    assert source.champion == 1


def test_versions_that_wait_for_approval_are_marked(
    client: FlaskClient, ledger: Ledger, catalogue: FakeCatalogue
) -> None:
    catalogue.known = [registered(3), registered(2), registered(1)]
    run_id = a_run(ledger, "not_promoted")
    with ledger.database.write() as session:
        session.get_one(Run, run_id).verdict = {"promoted": False, "held": True, "champion_version": None}
    models = client.get("/models").get_json()
    assert [(one["version"], one["awaits_approval"]) for one in models] == [(3, True), (2, False), (1, False)]


def test_without_the_ledger_versions_are_listed_all_the_same(
    client: FlaskClient, ledger: Ledger, catalogue: FakeCatalogue, settings: Settings
) -> None:
    catalogue.known = [registered(3), registered(1)]
    with ledger.database.write() as session:
        session.execute(text("ALTER TABLE promotions RENAME TO gone"))
    newest, served = client.get("/models").get_json()
    assert (newest["version"], newest["awaits_approval"]) == (3, None)
    assert (served["version"], served["served"]) == (1, True)


def test_lists_leave_out_the_tables_of_a_verdict(client: FlaskClient, ledger: Ledger) -> None:
    run_id = a_run(ledger, "not_promoted")
    verdict = {"promoted": False, "baselines": {"means": 90.5}, "segments": [{"rows": 3}], "origins": []}
    with ledger.database.write() as session:
        session.get_one(Run, run_id).verdict = verdict
    (listed,) = client.get("/runs").get_json()
    assert listed["verdict"] == {"promoted": False, "baselines": {"means": 90.5}}
    assert client.get(f"/runs/{run_id}").get_json()["verdict"] == verdict


def test_a_body_that_is_no_such_object_is_refused(admin: Post) -> None:
    assert_problem(admin("/models/2/promote", json=REASON | {"who": "me"}), 422, field="who")
    assert_problem(admin("/models/2/promote", data="reason=x"), 415)
    assert_problem(admin("/models/2/promote", data="{", content_type="application/json"), 400)
    for version in ("0", "-1", "x", "2147483648", "1.5"):
        assert_problem(admin(f"/models/{version}/promote", json=REASON), 422, field="version")


def test_who_was_champion_at_a_moment(client: FlaskClient, ledger: Ledger, catalogue: FakeCatalogue) -> None:
    catalogue.known = [registered(2, aliases=("champion",)), registered(1, aliases=(), stage="Archived")]
    for hour, version in ((10, 1), (12, 2)):
        with ledger.database.write() as session:
            session.add(
                Promotion(
                    created_at=datetime(2026, 11, 23, hour, tzinfo=UTC),
                    model_version=version,
                    source="verdict",
                    actor="pipeline",
                    reason="Better.",
                )
            )
    then = client.get("/models/champion?at=2026-11-23T11:00:00Z").get_json()
    assert (then["version"], then["stage"], then["served"]) == (1, "Archived", True)
    assert then["promotion"]["created_at"] == "2026-11-23T10:00:00Z"
    assert client.get("/models/champion?at=2026-11-23T12:00:00Z").get_json()["version"] == 2
    assert client.get("/models/champion?at=2026-11-23T13:30:00%2B02:00").get_json()["version"] == 1
    assert_problem(client.get("/models/champion?at=2026-11-23T09:59:59.9z"), 404, says="no champion yet")


@pytest.mark.parametrize(
    "at",
    ["", "5", "yesterday", "2026-11-23", "2026-11-23T10:00:00", "2026-13-01T10:00:00Z", "0001-01-01T00:00:00%2B14:00",
     "2026-11-23T10:00:00+02:00", "%00"],
)  # fmt: skip
def test_a_moment_that_is_none_is_refused(client: FlaskClient, at: str) -> None:
    assert_problem(client.get(f"/models/champion?at={at}"), 422, field="at")


def test_the_openapi_document_names_the_token(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    assert document["components"]["securitySchemes"]["admin"]["scheme"] == "bearer"
    secured = {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if operation.get("security") == [{"admin": []}]
    }
    assert secured == {
        *("/runs/{id}/retry", "/runs/{id}/replay"),
        *("/models/{version}/promote", "/models/{version}/approve"),
    }


@pytest.mark.parametrize("path", ["/models/1/promote", "/nowhere"])
def test_a_body_is_read_though_its_request_is_refused(client: FlaskClient, path: str) -> None:
    """What stays unread would be taken for the connection's next request."""
    body = BytesIO(b'{"reason": "x"}')
    assert client.post(path, input_stream=body, content_length=15).status_code in (401, 404)
    assert body.tell() == 15
