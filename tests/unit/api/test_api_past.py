"""`GET /history/` filtered and sorted, with actuals; the file; and what is behind a prediction."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from api_helpers import MONDAY, assert_problem
from flask import Flask
from flask.testing import FlaskClient

from api.app import services_of
from ventas.ledger import Ledger, Run, UploadEvent
from ventas.ledger.predictions import NewPrediction

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = date(2026, 11, 30)
PROMOTED = MONDAY | {"Promociones": 1}


@pytest.fixture
def run_id(app: Flask) -> str:
    """Version 1 was learned by a run, and its upload told the sales of one day."""
    ledger: Ledger = services_of(app).ledger
    (recorded,) = ledger.intake.record([UploadEvent("ventas", "norte/ventas.csv", "v7", "e", 1)])
    with ledger.database.write() as session:
        run = session.get_one(Run, recorded.run_id)
        run.model_version, run.mlflow_run_id, run.quality = 1, "mlflow1", {"rows_kept": 99}
        run.dataset_at = NOON
    known = NewPrediction(NOON, 1, DAY, dict(MONDAY), 110.5, low=90.0, high=130.0, coverage=0.8)
    cases = {
        "later_prediction": replace(known, created_at=NOON - timedelta(hours=1)),
        None: known,
        "other_conditions": replace(known, input_data=dict(PROMOTED)),
        "too_late": replace(known, created_at=datetime(2026, 11, 30, 4, tzinfo=UTC)),
        "date_assumed": replace(known, date_assumed=True),
        "no_sales_yet": replace(known, date=DAY + timedelta(days=7), series="=17"),
    }
    ids = ledger.predictions.add(list(cases.values()))
    ledger.outcomes.write([_outcome(ids[1], str(recorded.run_id))])
    return str(recorded.run_id)


def _outcome(prediction_id: int, run_id: str) -> dict[str, Any]:
    told = {"prediction_id": prediction_id, "model_version": 1, "series": "", "date": DAY, "shadow": False}
    sold = {"prediction": 110.5, "low": 90.0, "high": 130.0, "actual": 100.0}
    flags = {"weekday": 1, "promotion": 0, "holiday": 0}
    upload = {"run_id": run_id, "uploaded_at": NOON, "version_id": "v7", "judged_at": NOON}
    return told | sold | flags | upload


def test_each_prediction_has_its_actual_or_why_not(client: FlaskClient, run_id: str) -> None:
    found = client.get("/history/?sort=id").get_json()
    assert [(one["actual"], one["error"], one["no_actual"]) for one in found] == [
        (None, None, "later_prediction"),
        (100.0, 10.5, None),
        (None, None, "other_conditions"),
        (None, None, "too_late"),
        (None, None, "date_assumed"),
        (None, None, "no_sales_yet"),
    ]
    assert client.get("/history/2").get_json() == found[1]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("promotion=true", [3]),
        ("promotion=false&until=2026-11-30&asked_until=2026-11-23T11:30:00Z", [1]),
        ("since=2026-12-01", [6]),
        ("series=%3D17", [6]),
        ("series=", [5, 4, 3, 2, 1]),
        ("has_actual=true", [2]),
        ("sort=-error", [2]),
        ("weekday=1&first_id=2&last_id=4&sort=id", [2, 3, 4]),
        ("model_version=2", []),
    ],
)
def test_filters_and_order(client: FlaskClient, run_id: str, query: str, ids: list[int]) -> None:
    answer = client.get(f"/history/?{query}")
    assert [one["id"] for one in answer.get_json()] == ids
    assert answer.headers["X-Total-Count"] == str(len(ids))


def test_links_keep_the_filter(client: FlaskClient, run_id: str) -> None:
    link = client.get("/history/?promotion=false&sort=id&limit=2").headers["Link"]
    assert 'promotion=false&sort=id&limit=2&skip=2>; rel="next"' in link


@pytest.mark.parametrize(
    ("query", "field", "allowed"),
    [
        ("sort=colour", "sort", "-error"),
        ("since=30/11/2026", "since", "2026-11-30"),
        ("asked_since=2026-11-30", "asked_since", "zone"),
        ("promotion=2", "promotion", "true or false"),
        ("weekday=8", "weekday", "1 (Monday)"),
        ("first_id=0", "first_id", "from 1"),
        ("promocion=true", "promocion", "promotion"),
    ],
)
def test_a_bad_or_unknown_filter_is_refused_naming_it(
    client: FlaskClient, query: str, field: str, allowed: str
) -> None:
    for path in ("/history/", "/history/predictions.csv"):
        if path.endswith(".csv") and field == "sort":
            continue
        members = assert_problem(client.get(f"{path}?{query}"), 422, field=field)
        assert allowed in members["errors"][0].get("allowed", "")


def test_the_file_has_all_that_fits_for_programs_and_for_spreadsheets(
    client: FlaskClient, run_id: str
) -> None:
    answer = client.get("/history/predictions.csv?first_id=2")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert answer.mimetype == "text/csv"
    assert [row["id"] for row in rows] == ["6", "5", "4", "3", "2"]
    assert rows[0]["series"] == "'=17", "no cell is a formula"
    assert (rows[-1]["prediction"], rows[-1]["actual"], rows[-1]["error"]) == ("110.5", "100.0", "10.5")
    assert rows[-1]["timestamp"] == "2026-11-23T12:00:00Z"
    text = client.get("/history/predictions.csv?first_id=2&last_id=2&excel=true").get_data().decode("utf-8")
    header, line = text.splitlines()
    assert header.startswith("\ufeffNúmero;Consultado;Versión del modelo;Fecha;")
    assert line == "2;2026-11-23 09:00:00;1;2026-11-30;1;0;0;;110,50;90,00;130,00;100,00;10,50"
    empty = client.get("/history/predictions.csv?model_version=9").get_data().decode("utf-8-sig")
    assert empty.splitlines() == [",".join(rows[0])]


def test_from_a_prediction_to_its_model_dataset_and_uploads(client: FlaskClient, run_id: str) -> None:
    found = client.get("/history/2/lineage").get_json()
    assert (found["model_version"], found["mlflow_run_id"], found["counts"]) == (1, "mlflow1", 2)
    assert found["model"] == found["actual"]
    assert (found["model"]["run_id"], found["model"]["rows"]) == (run_id, 99)
    assert (found["model"]["key"], found["model"]["version_id"]) == ("norte/ventas.csv", "v7")
    assert found["model"]["dataset"][0] == f"s3://data/runs/{run_id}/train.csv"
    other = client.get("/history/1/lineage").get_json()
    assert (other["actual"], other["counts"]) == (None, 2)
    assert_problem(client.get("/history/99/lineage"), 404, says="99")


def test_a_version_that_no_run_made_has_no_upload(app: Flask, client: FlaskClient) -> None:
    services_of(app).ledger.predictions.add([NewPrediction(NOON, 8, None, dict(MONDAY), 1.0)])
    found = client.get("/history/1/lineage").get_json()
    assert (found["model"], found["mlflow_run_id"], found["counts"]) == (None, None, None)
