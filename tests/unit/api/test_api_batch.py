"""`POST /predict/batch`: many rows in one go, read as strictly as one, and recorded only if asked for."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from api_helpers import FURTHER, MONDAY, FakeSource, Unsure, assert_problem, eventually, model
from flask import Flask
from flask.testing import FlaskClient

from api.app import services_of
from ventas.ledger import Ledger
from ventas.roles import Roles
from ventas.served import ModelInput
from ventas.settings import Settings

FRIDAY = {"DíaDeLaSemana": 5, "Promociones": 1, "Festivo": 0, "Fecha": "2027-01-01"}


def ask(client: FlaskClient, *rows: Any, **more: Any) -> Any:
    return client.post("/predict/batch", json={"rows": list(rows)} | more)


@pytest.mark.parametrize("path", ["/predict/batch", "/predict/batch/"])
def test_rows_are_answered_in_their_order(client: FlaskClient, path: str) -> None:
    answer = client.post(path, json={"rows": [FRIDAY, MONDAY, FRIDAY | {"Promociones": 0}]})
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert (body["model_version"], body["recorded"]) == (1, False)
    assert [row["prediction"] for row in body["predictions"]] == [1051, 1010, 1050]
    first, second, _ = body["predictions"]
    assert (first["Fecha"], first["date_assumed"], first["known"]) == ("2027-01-01", False, {"Fecha": True})
    assert (second["date_assumed"], second["known"]) == (True, {"Fecha": False})
    assert (first["id"], first["interval"], first["series"]) == (None, None, "")


def test_each_row_is_answered_as_it_would_be_alone(source: FakeSource, start: Callable[..., Flask]) -> None:
    shop = ModelInput("Tienda", "text", required=False, categories=("3", "17"))
    source.models[1] = model(1, (*FURTHER, shop), estimator=Unsure(1), roles=Roles(series="Tienda"))
    client = start().test_client()
    rows = [
        MONDAY,
        FRIDAY | {"Tienda": "17", "Ciudad": "Salta"},
        MONDAY | {"Tienda": "A", "Temperatura (°C)": 3, "Ciudad": None},
    ]
    alone = [client.post("/predict", json=row).get_json() for row in rows]
    together = ask(client, *rows).get_json()["predictions"]
    for one, other in zip(alone, together, strict=True):
        assert {name: one[name] for name in other if name != "id"} == {
            name: value for name, value in other.items() if name != "id"
        }
    assert [row["known"]["Tienda"] for row in together] == [False, True, False]


def test_nothing_is_recorded_unless_asked_for(client: FlaskClient) -> None:
    assert ask(client, MONDAY, FRIDAY).status_code == 200
    assert client.get("/history/").get_json() == []


def test_recorded_rows_have_ids_in_their_order(client: FlaskClient) -> None:
    body = ask(client, FRIDAY, MONDAY, record=True).get_json()
    assert body["recorded"] is True
    for sent, told in zip((FRIDAY, MONDAY), body["predictions"], strict=True):
        entry = client.get(f"/history/{told['id']}").get_json()
        assert (entry["input_data"], entry["prediction"]) == (sent, told["prediction"])


def test_rows_that_cannot_be_recorded_in_time_are_answered_and_recorded_later(
    make_settings: Callable[..., Settings], settings: Settings, start: Callable[..., Flask]
) -> None:
    client = start(make_settings(HISTORY_TIMEOUT_SECONDS=0.05)).test_client()
    rows = [MONDAY] * 1200  # equal rows, more than the spool writes at once
    with closing(Ledger(settings)) as other, other.database.write() as session:
        session.connection()
        body = ask(client, *rows, record=True).get_json()
    assert (body["recorded"], body["predictions"][0]["id"]) == (False, None)
    assert eventually(lambda: client.get("/history/?limit=1").headers["X-Total-Count"] == "1200")


def test_a_bad_row_is_named_with_its_field(client: FlaskClient) -> None:
    answer = ask(
        client,
        MONDAY,
        MONDAY | {"Promociones": 2},
        {"DíaDeLaSemana": "1", "Festivo": True},
        5,
        MONDAY | {"Precio": 1},
    )
    members = assert_problem(answer, 422)
    assert [error["field"] for error in members["errors"]] == [
        "rows[1].Promociones",
        "rows[2].DíaDeLaSemana",
        "rows[2].Promociones",
        "rows[2].Festivo",
        "rows[3]",
        "rows[4].Precio",
    ]
    assert members["errors"][0]["message"] == "rows[1]: Promociones must be 0 or 1, not 2."


def test_a_contradiction_is_named_with_its_row(client: FlaskClient) -> None:
    members = assert_problem(ask(client, FRIDAY, FRIDAY | {"DíaDeLaSemana": 1}), 422)
    (error,) = members["errors"]
    assert error["field"] == "rows[1].DíaDeLaSemana"
    assert "is a Friday" in error["message"]


def test_faults_are_listed_up_to_a_bound(client: FlaskClient) -> None:
    members = assert_problem(ask(client, *[MONDAY | {"Festivo": 9}] * 5000), 422)
    assert [error["field"] for error in members["errors"]] == [f"rows[{n}].Festivo" for n in range(100)]
    assert members["detail"].startswith("rows[0]: Festivo must be 0 or 1, not 9.")
    assert members["detail"].endswith("95 more, which errors lists.")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rows"),
        ({"rows": []}, "rows"),
        ({"rows": {}}, "rows"),
        ({"rows": None}, "rows"),
        ({"rows": [MONDAY] * 4}, "rows"),
        ({"rows": [MONDAY], "record": 1}, "record"),
        ({"rows": [MONDAY] * 3, "record": True}, "rows"),
        ({"rows": [MONDAY], "records": True}, "records"),
    ],
)
def test_a_body_of_another_shape_is_refused(
    make_settings: Callable[..., Settings],
    settings: Settings,
    start: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    body: object,
    field: str,
) -> None:
    monkeypatch.setattr("api.routes.batch.MOST_RECORDED", 2)
    client = start(make_settings(MAX_BATCH_ROWS=3)).test_client()
    assert_problem(client.post("/predict/batch", json=body), 422, field=field)


def test_a_batch_may_be_larger_than_other_requests_but_not_without_bound(
    make_settings: Callable[..., Settings], settings: Settings, start: Callable[..., Flask]
) -> None:
    client = start(make_settings(MAX_REQUEST_BYTES=1024, MAX_BATCH_BYTES=20_000)).test_client()
    assert ask(client, *[MONDAY] * 100).status_code == 200
    members = assert_problem(ask(client, *[MONDAY] * 1000), 413)
    assert "20000 bytes" in members["detail"]
    assert_problem(client.post("/predict", data="x" * 2000, content_type="application/json"), 413)


def test_without_a_champion_the_reason_is_told(source: FakeSource, start: Callable[..., Flask]) -> None:
    source.champion = None
    app = start(wait=False)
    eventually(lambda: services_of(app).parts.away_because("champion"))
    assert_problem(ask(app.test_client(), MONDAY), 503)
