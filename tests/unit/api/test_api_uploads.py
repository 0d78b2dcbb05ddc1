"""`POST /uploads` gives an address to who has the token; `POST /uploads/preview` tells what a file's head does."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from api_helpers import MONDAY, assert_problem
from flask.testing import FlaskClient

from ventas.preview import HEAD_BYTES
from ventas.sample import generate
from ventas.settings import Settings

AUTHORISED = {"Authorization": "Bearer a token of the tests"}
SALES = generate(30, seed=1).to_csv(index=False).encode()


def ask(client: FlaskClient, body: dict[str, Any]) -> Any:
    return client.post("/uploads", json=body, headers=AUTHORISED)


def look(client: FlaskClient, head: bytes, **query: Any) -> Any:
    return client.post(
        "/uploads/preview", data=head, query_string=query, content_type="application/octet-stream"
    )


def test_an_address_takes_one_file_by_its_key(client: FlaskClient, settings: Settings) -> None:
    told = ask(client, {"name": "ventas.csv", "size": 120}).get_json()
    parts = urlsplit(told["url"])
    assert (parts.netloc, parts.path) == (settings.MINIO_ENDPOINT, "/ventas/ventas.csv")
    assert (told["bucket"], told["key"], told["kind"], told["method"]) == (
        "ventas",
        "ventas.csv",
        "sales",
        "PUT",
    )
    assert told["max_bytes"] == settings.MAX_UPLOAD_BYTES
    assert told["issued_at"] < told["expires_at"]


def test_days_to_forecast_go_where_forecasts_are_asked_for(client: FlaskClient) -> None:
    assert (
        ask(client, {"name": "dias.csv", "kind": "forecast"}).get_json()["key"]
        == "pronosticos/entrada/dias.csv"
    )


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "name", "name must be the file's own name"),
        ({"name": 3}, "name", "name must be"),
        ({"name": "enero.csv"}, "name", "Rename the file."),
        ({"name": "../ventas.csv"}, "name", "without folders"),
        ({"name": "ventas.csv", "kind": "else"}, "kind", "sales or forecast"),
        ({"name": "ventas.csv", "size": 10**12}, "size", "at most 536,870,912 are read"),
        ({"name": "ventas.csv", "size": True}, "size", "a whole number"),
        ({"name": "ventas.csv", "key": "x"}, "key", "key"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_it_is_sent(
    client: FlaskClient, body: dict[str, Any], field: str, says: str
) -> None:
    assert_problem(ask(client, body), 422, field=field, says=says)


def test_no_address_is_given_without_the_token(client: FlaskClient) -> None:
    body = {"name": "ventas.csv"}
    assert_problem(client.post("/uploads", json=body), 401, says="the upload token")
    wrong = {"Authorization": "Bearer wrong"}
    assert_problem(client.post("/uploads", json=body, headers=wrong), 403, says="not the upload token")
    assert_problem(client.post("/uploads", data="{}", headers=AUTHORISED), 415)


def test_the_head_of_a_file_tells_its_dialect_columns_and_first_rows(client: FlaskClient) -> None:
    told = look(client, SALES).get_json()
    assert (told["verdict"], told["complete"]) == ("good", True)
    assert told["columns"][0] == {"name": "Fecha", "role": "date"}
    assert told["report"]["dialect"]["encoding"] == "utf-8"
    assert told["rows"][0][0] == "2021-01-01"
    cut = look(client, SALES, size=10**6).get_json()
    assert (cut["complete"], cut["report"]["rows_kept"]) == (False, 30)


def test_a_bad_head_tells_why_with_a_code(client: FlaskClient) -> None:
    told = look(client, SALES, kind="forecast").get_json()
    assert told["verdict"] == "good", "the sales are not read"
    told = look(client, SALES.replace(b"Ventas", b"Otra")).get_json()
    assert (told["verdict"], told["report"]["rejection"]["code"]) == ("bad", "missing_column")


def test_a_head_is_as_long_as_is_said_and_no_longer(client: FlaskClient) -> None:
    full = (SALES * 100)[:HEAD_BYTES]
    assert look(client, full, size=10**6).status_code == 200
    assert_problem(look(client, full + b"x"), 413, says="65536 bytes")
    assert_problem(look(client, SALES, size=-1), 422, field="size")
    assert_problem(look(client, SALES, kind="else"), 422, field="kind", says="sales, forecast")


def test_a_parameter_that_is_none_is_refused_and_not_passed_over(client: FlaskClient) -> None:
    assert_problem(look(client, SALES, knd="forecast"), 422, field="knd", says="is no parameter here")


def test_a_request_of_just_the_largest_size_is_read(client: FlaskClient, settings: Settings) -> None:
    body = json.dumps(MONDAY).encode().ljust(settings.MAX_REQUEST_BYTES)
    assert client.post("/predict", data=body, content_type="application/json").status_code == 200
