"""`GET /accuracy` and `GET /alerts`."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from api_helpers import assert_problem
from flask import Flask
from flask.testing import FlaskClient

from api.app import services_of
from ventas.ledger import Ledger, UploadEvent
from ventas.ledger.alerts import NewAlert

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = date(2026, 11, 30)  # a Monday


def fill(ledger: Ledger) -> str:
    """14 outcomes of version 1, 7 of version 2 in the shadow, two alerts; the id of their run."""
    (recorded,) = ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v1", "e", 1)])
    run_id = str(recorded.run_id)
    ledger.outcomes.write(
        [_outcome(run_id, day, 1, False) for day in range(14)]
        + [_outcome(run_id, day, 2, True) for day in range(7)]
    )
    for column in ("Precio", "Festivo"):
        alert = NewAlert("drift", f"drift:1:{column}", 1, f"Column {column} is spread otherwise.", 0.5, 0.25)
        ledger.alerts.raise_once(alert, run_id, "record")
    return run_id


def _outcome(run_id: str, number: int, version: int, shadow: bool) -> dict[str, Any]:
    day = FIRST + timedelta(days=number)
    told = {"prediction_id": number, "model_version": version, "series": "", "date": day, "shadow": shadow}
    flags = {"weekday": day.isoweekday(), "promotion": 0, "holiday": int(number == 0)}
    sold = {"prediction": 90.0, "low": 80.0, "high": 95.0, "actual": 100.0 if number else 90.0}
    return (
        told | flags | sold | {"run_id": run_id, "uploaded_at": NOON, "version_id": "v1", "judged_at": NOON}
    )


@pytest.fixture
def filled(app: Flask, client: FlaskClient) -> FlaskClient:
    fill(services_of(app).ledger)
    return client


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/accuracy?version=3", "skip, limit, model_version, segment, since, until"),
        ("/alerts?kind=drift", "skip, limit"),
        ("/events?limite=3&skip=1", "skip, limit, outcome, key, own"),
        ("/models?%ED%A0%80=1", "skip, limit"),
        ("/models/promotions?since=1", "skip, limit"),
        ("/models/champion?moment=1", "at"),
    ],
)
def test_a_parameter_that_an_address_does_not_have_is_refused(
    client: FlaskClient, path: str, known: str
) -> None:
    members = assert_problem(client.get(path), 422, says="is no parameter here")
    assert [fault["allowed"] for fault in members["errors"]] == [f"one of {known}"]


def test_errors_by_version_newest_first_the_shadow_apart(filled: FlaskClient) -> None:
    answer = filled.get("/accuracy")
    shadow, served = answer.get_json()
    assert answer.headers["X-Total-Count"] == "2"
    assert (shadow["model_version"], shadow["shadow"], shadow["rows"]) == (2, True, 7)
    assert (served["model_version"], served["shadow"], served["rows"]) == (1, False, 14)
    assert (served["first"], served["last"], served["segment"]) == ("2026-11-30", "2026-12-13", None)
    assert served["mae"] == pytest.approx(10 * 13 / 14)
    assert served["wape"] == pytest.approx(130 / 1390)
    assert (served["coverage"], served["intervals"]) == (pytest.approx(1 / 14), 14)
    assert served["verdict_rmse"] is None


def test_errors_by_segment_and_of_some_days(filled: FlaskClient) -> None:
    found = filled.get(
        "/accuracy?segment=holiday&model_version=1&since=2026-11-30&until=2026-12-02"
    ).get_json()
    assert [(one["segment"], one["rows"], one["mae"]) for one in found] == [("0", 2, 10.0), ("1", 1, 0.0)]
    page = filled.get("/accuracy?segment=weekday&skip=6&limit=2")
    assert [(one["model_version"], one["segment"]) for one in page.get_json()] == [(2, "7"), (1, "1")]
    assert page.headers["X-Total-Count"] == "14"


def test_errors_over_time(filled: FlaskClient) -> None:
    weeks = filled.get("/accuracy?segment=week&model_version=1").get_json()
    assert [(one["segment"], one["rows"]) for one in weeks] == [("2026-11-30", 7), ("2026-12-07", 7)]
    months = filled.get("/accuracy?segment=month&model_version=1").get_json()
    assert [(one["segment"], one["rows"]) for one in months] == [("2026-11", 1), ("2026-12", 13)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("segment=colour", "segment"),
        ("since=30/11/2026", "since"),
        ("until=2026-02-30", "until"),
        ("until=20261130", "until"),
        ("model_version=0", "model_version"),
    ],
)
def test_a_bad_filter_is_refused_naming_it(client: FlaskClient, query: str, field: str) -> None:
    assert assert_problem(client.get(f"/accuracy?{query}"), 422, field=field)["errors"][0]["allowed"]


def test_alerts_are_listed_newest_first(filled: FlaskClient) -> None:
    answer = filled.get("/alerts?limit=1")
    (alert,) = answer.get_json()
    assert answer.headers["X-Total-Count"] == "2"
    assert (alert["kind"], alert["cause"], alert["action"]) == ("drift", "drift:1:Festivo", "record")
    assert (alert["value"], alert["limit"], alert["note"]) == (0.5, 0.25, None)
    assert alert["message"].endswith(".")


def test_before_anything_came_true_both_are_empty(client: FlaskClient) -> None:
    assert client.get("/accuracy").get_json() == client.get("/alerts").get_json() == []
