"""What a run leaves for its sender, over HTTP: its report, the rows left aside, the forecast."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

import pandas as pd
import pytest
from api_helpers import assert_problem
from flask import Flask
from flask.testing import FlaskClient

from api.app import services_of
from ventas.ledger import Run
from ventas.ledger.events import UploadEvent
from ventas.quality import rejected_csv_bytes
from ventas.settings import DATA_BUCKET, UPLOADS_BUCKET, Settings
from ventas.store import Store

REPORT = {"rows_in": 3, "rows_kept": 2, "rows_rejected": 1, "dropped": {"missing_sales": 1}}
REJECTED = rejected_csv_bytes(
    pd.DataFrame({"line": [2], "reason": ["Ventas is empty."], "code": ["missing_sales"], "row": ["=1+1,a"]})
)
FORECAST = "pronosticos/entrada/Año nuevo.csv.gz"
MakeRun = Callable[..., str]


@pytest.fixture
def settings(settings: Settings, s3_endpoint: str) -> Settings:
    return settings.model_copy(update={"MINIO_ENDPOINT": s3_endpoint})


@pytest.fixture
def store(settings: Settings) -> Store:
    made = Store(settings)
    made.ensure_bucket(DATA_BUCKET, versioned=False)
    made.ensure_bucket(UPLOADS_BUCKET, versioned=True)
    return made


@pytest.fixture
def a_run(app: Flask) -> MakeRun:
    """Record a run with these columns."""

    def make(key: str = "sur/ventas.csv", **columns: Any) -> str:
        ledger = services_of(app).ledger
        run_id = str(ledger.intake.record([UploadEvent(UPLOADS_BUCKET, key, "v1", "e", 9)])[0].run_id)
        with ledger.database.write() as session:
            run = session.get_one(Run, run_id)
            for name, value in columns.items():
                setattr(run, name, value)
        return run_id

    return make


def test_the_report_comes_as_json_or_says_why_there_is_none(client: FlaskClient, a_run: MakeRun) -> None:
    assert client.get(f"/runs/{a_run(quality=REPORT)}/quality").get_json() == REPORT
    unread = a_run("otras ventas.csv")
    assert_problem(client.get(f"/runs/{unread}/quality"), 404, says="has not been read (received)")


def test_a_run_is_named_by_the_start_of_its_id_that_no_other_has(client: FlaskClient, a_run: MakeRun) -> None:
    first, second = a_run(quality=REPORT), a_run("otras ventas.csv", quality=REPORT)
    shared = "".join(
        a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=True))
    )
    start = first[: len(shared) + 1]
    assert client.get(f"/runs/{start.upper()}").get_json()["id"] == first
    assert client.get(f"/runs/{start}/quality").status_code == 200
    assert_problem(client.get(f"/runs/{shared}"), 422, says=f"such as {first} and {second}; give more")
    assert_problem(client.get(f"/runs/{first[:7]}"), 404, says="The first 8 or more are enough")
    assert_problem(client.get("/runs/ffffffff-"), 404)
    assert_problem(client.get("/runs/%25%25%25%25%25%25%25%25"), 404)


@pytest.mark.parametrize("status", ["promoted", "rejected"])
def test_rejected_rows_come_as_a_file(client: FlaskClient, store: Store, a_run: MakeRun, status: str) -> None:
    run_id = a_run(status=status, quality=REPORT)
    store.put_bytes(DATA_BUCKET, f"runs/{run_id}/rejected.csv", REJECTED)
    answer = client.get(f"/runs/{run_id}/rejected.csv")
    assert answer.data == REJECTED
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"ventas-rejected.csv\"; filename*=UTF-8''ventas-rejected.csv"
    )
    assert answer.headers["Content-Length"] == str(len(REJECTED))
    assert ",'=1+1" in answer.text.replace('"', ""), "no cell is a formula for a spreadsheet"


def test_where_there_are_no_rejected_rows_the_reason_is_told(
    client: FlaskClient, store: Store, a_run: MakeRun
) -> None:
    for key, quality, said in (
        ("1/ventas.csv", None, "has not been read"),
        ("2/ventas.csv", REPORT | {"rows_rejected": 0}, "every row could be used"),
        ("3/ventas.csv", REPORT, "were not kept"),
    ):
        answer = client.get(f"/runs/{a_run(key, quality=quality)}/rejected.csv")
        assert_problem(answer, 404, says=said)


def test_rejected_rows_that_retention_deleted_are_gone_by_its_name(
    client: FlaskClient, store: Store, a_run: MakeRun
) -> None:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    run_id = a_run(status="promoted", quality=REPORT, dataset_deleted_at=moment)
    gone = client.get(f"/runs/{run_id}/rejected.csv")
    assert_problem(gone, 410, says="went by retention on 2026-11-23 (KEEP_DATASETS_DAYS)")
    assert client.get(f"/runs/{run_id}/quality").get_json() == REPORT
    assert client.get(f"/runs/{run_id}").get_json()["dataset_deleted_at"] == "2026-11-23T00:00:00Z"


def test_a_rejected_upload_that_retention_deleted_cannot_be_downloaded_or_started_again(
    client: FlaskClient, store: Store, a_run: MakeRun
) -> None:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    run_id = a_run(status="rejected", quality=REPORT, reason="No dates.", upload_deleted_at=moment)
    gone = client.get(f"/runs/{run_id}/rejected.csv")
    assert_problem(gone, 410, says="went by retention on 2026-11-23 (KEEP_REJECTED_DAYS)")
    shown = client.get(f"/runs/{run_id}").get_json()
    assert (shown["reason"], shown["upload_deleted_at"]) == ("No dates.", "2026-11-23T00:00:00Z")
    assert client.get(f"/runs/{run_id}/quality").get_json() == REPORT


def test_a_forecast_file_has_its_answer_and_its_bad_rows(
    client: FlaskClient, store: Store, a_run: MakeRun
) -> None:
    run_id = a_run(FORECAST, kind="forecast", status="completed", model_version=4, quality=REPORT)
    store.put_bytes(DATA_BUCKET, f"runs/{run_id}/pronostico-v4.csv", b"Fecha\n")
    store.put_bytes(UPLOADS_BUCKET, f"informes/{run_id}.csv", b"Fila\n")
    answer = client.get(f"/runs/{run_id}/answer.csv")
    assert answer.data == b"Fecha\n"
    assert "filename*=UTF-8''A%C3%B1o%20nuevo-answer.csv" in answer.headers["Content-Disposition"]
    assert client.get(f"/runs/{run_id}/rejected.csv").data == b"Fila\n"
    sales = a_run(model_version=4, quality=REPORT)
    assert_problem(client.get(f"/runs/{sales}/answer.csv"), 404, says="only a forecast file")


def test_a_large_file_is_passed_on_in_pieces(client: FlaskClient, store: Store, a_run: MakeRun) -> None:
    run_id = a_run(status="promoted", quality=REPORT)
    large = b"line,reason,code,row\n" * 400_000
    store.put_bytes(DATA_BUCKET, f"runs/{run_id}/rejected.csv", large)
    answer = client.get(f"/runs/{run_id}/rejected.csv", buffered=False)
    pieces = [len(piece) for piece in answer.iter_encoded()]
    assert sum(pieces) == len(large)
    assert max(pieces) <= 1 << 20


@pytest.mark.parametrize("what", ["quality", "rejected.csv", "answer.csv"])
def test_a_run_that_does_not_exist_has_nothing(client: FlaskClient, what: str) -> None:
    unknown = "019abcde-0000-7000-8000-000000000000"
    assert_problem(client.get(f"/runs/{unknown}/{what}"), 404, says="There is no run")


def test_a_store_that_hangs_is_asked_once_and_missed(
    a_run: MakeRun, start: Callable[..., Flask], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ventas.store.IMPATIENT_SECONDS", 0.2)
    run_id = a_run(status="rejected", quality=REPORT)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        hanging = start(settings.model_copy(update={"MINIO_ENDPOINT": endpoint})).test_client()
        assert_problem(hanging.get(f"/runs/{run_id}/rejected.csv"), 503)
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
