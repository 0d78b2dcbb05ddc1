"""`GET /actuals` and `GET /models/champion/columns`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from api_helpers import FURTHER, FakeSource, assert_problem, model
from flask import Flask
from flask.testing import FlaskClient

from api.app import services_of
from ventas.dataset_keys import dataset_key
from ventas.ledger import Run
from ventas.ledger.events import UploadEvent
from ventas.pipeline.uploads import as_json
from ventas.promotion_plan import PLAN_COLUMNS
from ventas.roles import Roles
from ventas.served import ModelInput
from ventas.settings import DATA_BUCKET, Settings
from ventas.split import to_csv_bytes
from ventas.store import Store

Publish = Callable[[str, pd.DataFrame], str]


@pytest.fixture
def settings(settings: Settings, s3_endpoint: str) -> Settings:
    return settings.model_copy(update={"MINIO_ENDPOINT": s3_endpoint})


@pytest.fixture
def publish(app: Flask, settings: Settings) -> Publish:
    """Leave a dataset as `etl` does: the id of its run."""
    store = Store(settings)
    store.ensure_bucket(DATA_BUCKET, versioned=False)

    def leave(version: str, frame: pd.DataFrame) -> str:
        ledger = services_of(app).ledger
        event = UploadEvent("ventas", "ventas.csv", version, "e", 1)
        run_id = str(ledger.intake.record([event])[0].run_id)
        parts = {"train.csv": frame.iloc[:-3], "test.csv": frame.iloc[-2:], "outliers.csv": frame.iloc[-3:-2]}
        for name, part in parts.items():
            store.put_bytes(DATA_BUCKET, dataset_key(run_id, name), to_csv_bytes(part))
        report = as_json({"series": "Tienda" if "Tienda" in frame else ""})
        store.put_bytes(DATA_BUCKET, dataset_key(run_id, "quality.json"), report)
        with ledger.database.write() as session:
            run = session.get_one(Run, run_id)
            run.dataset_at = run.uploaded_at = datetime.now(UTC)
        return run_id

    return leave


def sales(days: int, *, first: str = "2026-01-01", stores: int = 0) -> pd.DataFrame:
    dates = pd.date_range(first, periods=days).astype("datetime64[us]").repeat(max(stores, 1))
    frame = pd.DataFrame(
        {
            "Fecha": dates,
            "DíaDeLaSemana": dates.day_of_week + 1,
            "Promociones": (dates.day == 2).astype(int),
            "Festivo": (dates.day == 1).astype(int),
            "Ventas": [float(100 + number) for number in range(len(dates))],
        }
    )
    return frame.assign(Tienda=[f"T{n % stores}" for n in range(len(dates))]) if stores else frame


def test_sales_by_day_newest_first_outliers_too(client: FlaskClient, publish: Publish) -> None:
    publish("v1", sales(20))
    answer = client.get("/actuals?limit=3")
    assert answer.headers["X-Total-Count"] == "20"
    days = answer.get_json()
    assert [day["date"] for day in days] == ["2026-01-20", "2026-01-19", "2026-01-18"]
    assert days[0] == {"date": "2026-01-20", "sales": 119.0, "promotion": 0.0, "holiday": 0.0, "series": 1}
    second = client.get("/actuals?since=2026-01-02&until=2026-01-02").get_json()
    assert [(day["sales"], day["promotion"]) for day in second] == [(101.0, 1.0)]


def test_stores_are_summed_unless_one_is_named(client: FlaskClient, publish: Publish) -> None:
    publish("v1", sales(10, stores=2))
    (summed,) = client.get("/actuals?until=2026-01-01").get_json()
    assert (summed["sales"], summed["series"], summed["holiday"]) == (201.0, 2, 1.0)
    (one,) = client.get("/actuals?until=2026-01-01&series=T1").get_json()
    assert (one["sales"], one["series"]) == (101.0, 1)
    assert_problem(client.get("/actuals?series=T7"), 404, says="has no sales of series 'T7'")


def test_a_newer_upload_takes_the_place_of_the_older(client: FlaskClient, publish: Publish) -> None:
    publish("v1", sales(10))
    assert client.get("/actuals").headers["X-Total-Count"] == "10"
    publish("v2", sales(25))
    assert client.get("/actuals").headers["X-Total-Count"] == "25"


def test_a_dataset_is_read_once(client: FlaskClient, publish: Publish, settings: Settings) -> None:
    run_id = publish("v1", sales(10))
    assert client.get("/actuals").status_code == 200
    Store(settings).put_bytes(DATA_BUCKET, dataset_key(run_id, "train.csv"), b"gone")
    assert client.get("/actuals").status_code == 200
    assert list((settings.home / "tmp").iterdir()) == []


def test_before_the_first_upload_it_says_so(client: FlaskClient) -> None:
    assert_problem(client.get("/actuals"), 404, says="no upload has become a dataset")


def test_without_the_store_it_is_a_problem_that_passes(
    start: Callable[..., Flask], settings: Settings, publish: Publish
) -> None:
    publish("v1", sales(10))
    nowhere = settings.model_copy(update={"MINIO_ENDPOINT": "127.0.0.1:1"})
    assert_problem(start(nowhere).test_client().get("/actuals"), 503)


@pytest.mark.parametrize("query", ["since=1/2/2026", "until=x", "limit=0", "series=a%00", "skip=-1"])
def test_a_bad_filter_is_refused_naming_it(client: FlaskClient, query: str) -> None:
    field = query.split("=")[0]
    assert assert_problem(client.get(f"/actuals?{query}"), 422, field=field)["errors"][0]["allowed"]


def test_a_champion_of_one_shop_takes_no_further_columns(client: FlaskClient) -> None:
    assert client.get("/models/champion/columns").get_json() == {
        "model_version": 1,
        "series": None,
        "open": None,
        "columns": [],
    }


def columns_of(source: FakeSource, start: Callable[..., Flask], **more: Any) -> dict[str, Any]:
    source.models[1] = model(1, **more)
    found: dict[str, Any] = start().test_client().get("/models/champion/columns").get_json()
    return found


def test_further_columns_tell_what_may_be_sent(source: FakeSource, start: Callable[..., Flask]) -> None:
    further = (
        ModelInput("Tienda", "number", False, categories=("1", "2", "17")),
        ModelInput("Abierto", "flag", False, low=0, high=1),
        ModelInput("Precio", "number", False, low=1.5, high=9.0, median=4.0),
        ModelInput("FeriadoEscolar", "number", False, low=0.0, high=1.0, median=0.0, whole=True),
        ModelInput("Cuota", "number", False, low=0.0, high=1.0, median=0.0),
        ModelInput("Metros", "number", False, low=0.0, high=90.0, median=8.0, whole=True, of_series=True),
        *FURTHER,
        ModelInput(PLAN_COLUMNS[0], "number", False, low=0.0),
    )
    found = columns_of(source, start, further=further, roles=Roles("Tienda", "Abierto"))
    assert (found["series"], found["open"]) == ("Tienda", "Abierto")
    told = {one["name"]: (one["kind"], one["type"], one["values_count"]) for one in found["columns"]}
    assert told == {
        "Tienda": ("id", "number", 3),
        "Abierto": ("flag", "number", 0),
        "Precio": ("number", "number", 0),
        "FeriadoEscolar": ("flag", "number", 0),
        "Cuota": ("number", "number", 0),
        "Metros": ("number", "number", 0),
        "Temperatura (°C)": ("number", "number", 0),
        "Ciudad": ("category", "text", 2),
    }
    price = found["columns"][2]
    assert (price["low"], price["high"], price["default"]) == (1.5, 9.0, 4.0)
    assert found["columns"][-1]["values"] == ["Rosario", "Salta"]
    assert [one["name"] for one in found["columns"] if one["whole"]] == [
        "Abierto",
        "FeriadoEscolar",
        "Metros",
    ]
    assert [one["name"] for one in found["columns"] if one["of_series"]] == ["Metros"]


def test_of_many_values_the_first_thousand_are_told(source: FakeSource, start: Callable[..., Flask]) -> None:
    many = tuple(f"S{number:05d}" for number in range(1500))
    found = columns_of(source, start, further=(ModelInput("SKU", "text", False, many),), roles=Roles("SKU"))
    (column,) = found["columns"]
    assert (len(column["values"]), column["values_count"]) == (1000, 1500)


def test_without_a_champion_there_are_no_columns(source: FakeSource, start: Callable[..., Flask]) -> None:
    source.champion = None
    assert_problem(start(wait=False).test_client().get("/models/champion/columns"), 503)
