"""`POST /predict`: what is accepted, what is refused and how, and what is answered."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from api_helpers import CONTRACT, FURTHER, MONDAY, FakeSource, Unsure, assert_problem, eventually, model
from flask import Flask
from flask.testing import FlaskClient

from api.app import services_of
from api.inputs import next_date
from ventas.roles import Roles
from ventas.served import ModelInput
from ventas.settings import Settings


def test_a_prediction_is_answered_and_is_in_the_history_already(client: FlaskClient) -> None:
    answer = client.post("/predict", json=MONDAY | {"Promociones": 1})
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["prediction"] == 1011
    assert body["model_version"] == 1
    assert body["recorded"] is True
    assert body["input_data"] == MONDAY | {"Promociones": 1}
    assert body["timestamp"].endswith("Z")
    entry = client.get(f"/history/{body['id']}").get_json()
    told = {"actual": None, "error": None, "no_actual": "date_assumed"}
    assert entry == {name: body[name] for name in entry.keys() - told} | told
    assert body.keys() - entry.keys() == {"recorded", "known", "closed_assumed"}
    assert (body["interval"], body["series"], body["known"]) == (None, "", {"Fecha": False})


def test_a_model_with_intervals_tells_and_keeps_them(source: FakeSource, start: Callable[..., Flask]) -> None:
    source.models[1] = model(1, estimator=Unsure(1))
    client = start().test_client()
    body = client.post("/predict", json=MONDAY).get_json()
    assert body["interval"] == {"low": 910, "high": 1060, "coverage": 0.8}
    (entry,) = client.get("/history/").get_json()
    assert entry["interval"] == body["interval"]


@pytest.mark.parametrize(
    ("kind", "told", "series", "known"),
    [
        ("text", "17", "17", True),
        ("text", "A-3", "A-3", False),
        ("number", 17, "17", True),
        ("text", None, "", False),
    ],
)
def test_the_answer_says_whether_day_and_series_were_known(
    source: FakeSource, start: Callable[..., Flask], kind: str, told: object, series: str, known: bool
) -> None:
    shop = ModelInput("Tienda", kind, required=False, categories=("3", "17"))
    source.models[1] = model(1, (shop,), roles=Roles(series="Tienda"))
    client = start().test_client()
    body = client.post("/predict", json=MONDAY | {"Fecha": "2026-11-30", "Tienda": told}).get_json()
    assert (body["series"], body["known"]) == (series, {"Fecha": True, "Tienda": known})
    (entry,) = client.get("/history/").get_json()
    assert (entry["series"], entry["date_assumed"]) == (series, False)


def test_the_answer_is_readable_utf8(client: FlaskClient) -> None:
    assert "DíaDeLaSemana" in client.post("/predict", json=MONDAY).get_data().decode()


@pytest.mark.parametrize("path", ["/predict", "/predict/"])
def test_it_answers_directly_without_a_redirect(client: FlaskClient, path: str) -> None:
    assert client.post(path, json=MONDAY).status_code == 200


def test_a_date_may_be_given(client: FlaskClient) -> None:
    body = client.post("/predict", json=MONDAY | {"Fecha": "2026-11-30"}).get_json()
    assert (body["Fecha"], body["date_assumed"]) == ("2026-11-30", False)
    assert body["input_data"]["Fecha"] == "2026-11-30"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_an_absent_date_is_the_next_such_weekday_where_the_business_is(
    start: Callable[..., Flask], make_settings: Callable[..., object], zone: str
) -> None:
    client = start(make_settings(BUSINESS_TIMEZONE=zone)).test_client()
    for weekday in range(1, 8):
        today = datetime.now(ZoneInfo(zone)).date()
        body = client.post("/predict", json=MONDAY | {"DíaDeLaSemana": weekday}).get_json()
        day = date.fromisoformat(body["Fecha"])
        assert body["date_assumed"] is True
        assert day.isoweekday() == weekday
        assert timedelta(days=1) <= day - today <= timedelta(days=8)


@pytest.mark.parametrize(
    ("today", "weekday", "expected"),
    [
        (date(2026, 11, 23), 1, date(2026, 11, 30)),  # a Monday asks for the Monday after
        (date(2026, 11, 23), 2, date(2026, 11, 24)),
        (date(2026, 11, 23), 7, date(2026, 11, 29)),
        (date(2026, 12, 31), 4, date(2027, 1, 7)),
    ],
)
def test_the_next_date_is_after_today(today: date, weekday: int, expected: date) -> None:
    assert next_date(today, weekday) == expected


BAD_VALUES = [
    ("DíaDeLaSemana", "0", "1 (Monday) to 7 (Sunday)"),
    ("DíaDeLaSemana", "8", "1 (Monday) to 7 (Sunday)"),
    ("DíaDeLaSemana", "99", "1 (Monday) to 7 (Sunday)"),
    ("DíaDeLaSemana", "1.5", "1 (Monday) to 7 (Sunday)"),
    ("DíaDeLaSemana", "1e300", "1 (Monday) to 7 (Sunday)"),
    ("Festivo", "0.5", "0 or 1"),
    ("DíaDeLaSemana", '"3"', "1 (Monday) to 7 (Sunday)"),
    ("DíaDeLaSemana", "true", "1 (Monday) to 7 (Sunday)"),
    ("DíaDeLaSemana", "null", "1 (Monday) to 7 (Sunday)"),
    ("DíaDeLaSemana", "[1]", "1 (Monday) to 7 (Sunday)"),
    ("DíaDeLaSemana", "NaN", "1 (Monday) to 7 (Sunday)"),
    ("DíaDeLaSemana", "9" * 400, "1 (Monday) to 7 (Sunday)"),
    ("Promociones", "2", "0 or 1"),
    ("Promociones", "-5", "0 or 1"),
    ("Promociones", "false", "0 or 1"),
    ("Festivo", "Infinity", "0 or 1"),
    ("Festivo", '{"a": 1}', "0 or 1"),
    ("Fecha", '"2026-02-30"', "2026-11-30"),
    ("Fecha", '"30/11/2026"', "2026-11-30"),
    ("Fecha", '"20261130"', "2026-11-30"),
    ("Fecha", '"2026-11-30T00:00:00"', "2026-11-30"),
    ("Fecha", '"0001-01-01"', "1900-01-01"),
    ("Fecha", '"9999-12-31"', "2199-12-31"),
    ("Fecha", "20261130", "2026-11-30"),
    ("Temperatura (°C)", '"warm"', "a finite number"),
    ("Temperatura (°C)", "NaN", "a finite number"),
    ("Temperatura (°C)", "-Infinity", "a finite number"),
    ("Temperatura (°C)", "1e999", "a finite number"),
    ("Temperatura (°C)", "1" + "0" * 400, "a finite number"),
    ("Temperatura (°C)", "true", "a finite number"),
    ("Ciudad", "3", "a text"),
    ("Ciudad", '"\\ud800"', "a text"),
    ("Ciudad", json.dumps("x" * 1001), "a text"),
]


@pytest.fixture
def rich_client(source: FakeSource, start: Callable[..., Flask]) -> FlaskClient:
    """An API whose champion has further columns."""
    source.models[1] = model(1, FURTHER)
    return start().test_client()


@pytest.mark.parametrize(("field", "value", "allowed"), BAD_VALUES)
def test_a_bad_value_is_refused_naming_the_field_and_the_range(
    rich_client: FlaskClient, field: str, value: str, allowed: str
) -> None:
    texts = {name: json.dumps(given) for name, given in MONDAY.items()} | {field: value}
    body = "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in texts.items()) + "}"
    answer = rich_client.post("/predict", data=body, content_type="application/json")
    members = assert_problem(answer, 422, field=field, says=field)
    assert allowed in members["errors"][0]["allowed"]
    assert allowed in members["detail"]
    assert len(members["detail"]) < 300
    assert rich_client.get("/history/").get_json() == []


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_a_whole_float_is_the_integer_that_it_is(
    source: FakeSource, start: Callable[..., Flask], path: str
) -> None:
    source.models[1] = model(1, (ModelInput("Abierto", "flag", required=False),))
    client = start().test_client()
    sent = {"DíaDeLaSemana": 1.0, "Promociones": 1.0, "Festivo": -0.0, "Abierto": 1.0, "Fecha": "2026-11-30"}
    answer = client.post(path, json=sent if path == "/predict" else {"rows": [sent], "record": True})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    (entry,) = client.get("/history/?promotion=1&weekday=1").get_json()
    assert {name: (type(value), value) for name, value in entry["input_data"].items()} == {
        "DíaDeLaSemana": (int, 1),
        "Promociones": (int, 1),
        "Festivo": (int, 0),
        "Abierto": (int, 1),
        "Fecha": (str, "2026-11-30"),
    }


def test_an_unknown_key_is_refused_without_a_list_of_many_names(
    source: FakeSource, start: Callable[..., Flask]
) -> None:
    source.models[1] = model(1, tuple(ModelInput(f"c{at}", "number", required=False) for at in range(30)))
    answer = start().test_client().post("/predict", json=MONDAY | {"festivo": 1})
    members = assert_problem(answer, 422, field="festivo", says="GET /models/champion/columns")
    assert "c7" not in members["detail"]
    assert "c29" in members["errors"][0]["allowed"]


def test_every_field_at_fault_is_named_at_once(client: FlaskClient) -> None:
    answer = client.post("/predict", json={"DíaDeLaSemana": 8, "Promociones": 2})
    members = assert_problem(answer, 422)
    assert [error["field"] for error in members["errors"]] == ["DíaDeLaSemana", "Promociones", "Festivo"]


def test_an_unknown_key_is_refused_naming_the_known_ones(rich_client: FlaskClient) -> None:
    members = assert_problem(rich_client.post("/predict", json=MONDAY | {"festivo": 1}), 422, field="festivo")
    for known in (*CONTRACT, *FURTHER):
        assert known.name in members["detail"]
    assert "Fecha" in members["detail"]


def test_a_key_that_utf8_cannot_carry_is_still_answered(client: FlaskClient) -> None:
    body = json.dumps(MONDAY)[:-1] + ', "\\ud800": 1}'
    assert_problem(client.post("/predict", data=body, content_type="application/json"), 422)


def test_a_weekday_that_contradicts_the_date_is_refused(client: FlaskClient) -> None:
    answer = client.post("/predict", json=MONDAY | {"Fecha": "2026-12-01"})
    assert_problem(answer, 422, field="DíaDeLaSemana", says="is a Tuesday, so DíaDeLaSemana must be 2")


def test_further_columns_are_optional_and_reach_the_model(
    source: FakeSource, start: Callable[..., Flask]
) -> None:
    seen = []

    class Watching:
        def predict(self, frame: object) -> list[float]:
            seen.append(frame)
            return [7.5]

    source.models[1] = model(1, FURTHER, Watching())
    client = start().test_client()
    further = {"Temperatura (°C)": 21, "Ciudad": "Salta"}
    assert client.post("/predict", json=MONDAY | further).get_json()["prediction"] == 7.5
    assert seen[-1][["Temperatura (°C)", "Ciudad"]].iloc[0].tolist() == [21.0, "Salta"]
    assert seen[-1]["Fecha"].dtype.kind == "M"
    assert client.post("/predict", json=MONDAY | {"Ciudad": None}).status_code == 200
    assert list(seen[-1].columns) == ["Fecha", *MONDAY]


def test_accents_may_come_decomposed(source: FakeSource, start: Callable[..., Flask]) -> None:
    source.models[1] = model(1, (ModelInput("Pre\u0301cio", "number", required=False),))
    client = start().test_client()
    body = {"Di\u0301aDeLaSemana": 1, "Promociones": 0, "Festivo": 0, "Pr\u00e9cio": 3}
    assert client.post("/predict", json=body).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "empty"),
        (b"  \n", 400, "empty"),
        (b"{", 400, "line 1, column"),
        (b"{'a': 1}", 400, "not JSON"),
        (b"\xff\xfe\xff", 400, "UTF-8"),
        (b"[" * 60_000, 400, "nested too deeply"),
        (b'{"DiaDeLaSemana": ' + b"1" * 5000 + b"}", 400, "too long"),
        (b"[1]", 422, "one JSON object"),
        (b"null", 422, "one JSON object"),
        (b'"{}"', 422, "one JSON object"),
        (b'{"Festivo": 0, "Festivo": 1}', 422, "given twice"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused_with_a_sentence(
    client: FlaskClient, body: bytes, status: int, says: str
) -> None:
    assert_problem(client.post("/predict", data=body, content_type="application/json"), status, says=says)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_another_content_type_is_refused(client: FlaskClient, kind: str | None) -> None:
    answer = client.post("/predict", data=json.dumps(MONDAY), content_type=kind)
    assert_problem(answer, 415, says="application/json")


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    huge = {"DíaDeLaSemana": 1, "x": "y" * 1_048_576}
    assert_problem(client.post("/predict", json=huge), 413, says="65536 bytes")


def test_a_chunked_body_that_is_too_large_is_refused_too(client: FlaskClient) -> None:
    """Its length is not said beforehand, and the server tells the end of the stream."""
    answer = client.post(
        "/predict",
        input_stream=BytesIO(b"{" + b" " * 1_048_576 + b"}"),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert_problem(answer, 413, says="65536 bytes")


def test_without_a_champion_it_is_503_with_the_reason(
    source: FakeSource, start: Callable[..., Flask]
) -> None:
    source.champion = None
    app = start(wait=False)
    client = app.test_client()
    eventually(lambda: "promoted" in client.post("/predict", json=MONDAY).get_json()["detail"])
    assert_problem(client.post("/predict", json=MONDAY), 503, says="No model has been promoted yet")
    source.champion = 1
    eventually(lambda: client.post("/predict", json=MONDAY).status_code == 200)


class BreaksOnSundays:
    """A model that passes its warm-up."""

    def __init__(self, answer: Callable[[], float]):
        self._answer = answer

    def predict(self, frame: object) -> list[float]:
        return [self._answer() if frame["DíaDeLaSemana"].iloc[0] == 7 else 1.0]


def _raise() -> float:
    raise RuntimeError("secret internals")


class HasNoBound(Unsure):
    """A model whose interval has no end on Sundays."""

    def predict_interval(self, frame: pd.DataFrame) -> tuple[Any, Any, Any]:
        values, low, high = super().predict_interval(frame)
        return values, low, high / (frame["DíaDeLaSemana"] != 7).to_numpy(dtype=float)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_an_interval_without_an_end_is_not_answered(source: FakeSource, start: Callable[..., Flask]) -> None:
    source.models[1] = model(1, estimator=HasNoBound(1))
    client = start().test_client()
    assert_problem(client.post("/predict", json=MONDAY | {"DíaDeLaSemana": 7}), 500)
    assert client.post("/predict", json=MONDAY).status_code == 200


@pytest.mark.parametrize("answer", [_raise, lambda: float("nan"), lambda: float("inf")])
def test_a_model_that_fails_is_a_500_without_internals(
    source: FakeSource,
    start: Callable[..., Flask],
    answer: Callable[[], float],
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source.models[1] = model(1, estimator=BreaksOnSundays(answer))
    client = start().test_client()
    response = client.post("/predict", json=MONDAY | {"DíaDeLaSemana": 7})
    assert_problem(response, 500)
    assert "secret" not in response.get_data(as_text=True)
    logged = capsys.readouterr().err
    assert "Traceback" in logged
    assert settings.minio_secret_key not in logged, "the log must not show local variables"
    assert client.post("/predict", json=MONDAY).status_code == 200


def test_predictions_do_not_touch_mlflow_or_load_anything(
    source: FakeSource, app: Flask, client: FlaskClient
) -> None:
    from ventas.errors import RegistryUnavailable

    source.registry_error = RegistryUnavailable("MLflow does not answer.")
    for _ in range(20):
        assert client.post("/predict", json=MONDAY).status_code == 200
    assert source.fetched == [1]
    assert services_of(app).holder.champion().version == 1
