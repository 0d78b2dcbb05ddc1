"""A batch that is read quickly: the same answer as the plain way gives, and no say in what is refused."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from api_helpers import CONTRACT, FURTHER, MONDAY, FakeSource, Unsure, model
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from api.answers import as_json
from api.app import services_of
from api.batch_answer import Answered, batch_json
from api.batch_reading import Batch, read_quickly
from api.body import object_of
from api.inputs import Form, Questions
from ventas.contract import TARGET
from ventas.errors import VentasError
from ventas.matrix import SalesMatrix
from ventas.promotion_plan import SINCE, with_plan
from ventas.regressor import SalesRegressor
from ventas.roles import Roles
from ventas.sample import generate
from ventas.served import ModelInput, ServedModel, served_model
from ventas.tables import MEANS, table

TODAY = date(2026, 11, 30)
SHOP = ModelInput("Tienda", "text", required=False, categories=("3", "17", "Ñuñoa"))
OPEN = ModelInput("Abierto", "flag", required=False)
FORM = Form((*CONTRACT, *FURTHER, SHOP, OPEN))
MOST = 50


def batch_of(seed: int, rows: int = 40) -> list[dict[str, Any]]:
    """Rows with odd but good values, some of them alike, some columns left out."""
    draw = random.Random(seed)
    further: dict[str, list[Any]] = {
        "Fecha": [None, *(str(date(2026, 1, 5) + timedelta(weeks=at)) for at in range(3))],
        "Temperatura (°C)": [None, 0, -1, 1.5, -0.0, 1e-7, 1e16, 1e300, 12345678901234567890, 0.1, 3, 3.0],
        "Ciudad": [None, "", "Salta", "Córdoba, de noche", "a: [1] ✓", "   ", "x" * 1000],
        "Tienda": ["3", "17", "Ñuñoa", "9", None],
        "Abierto": [0, 1, None, 0.0, 1.0],
    }
    told = [name for name in further if draw.random() < 0.7]
    found = []
    for _ in range(rows):
        row = MONDAY | {"Promociones": draw.choice([0, 1, 0.0, 1.0]), "Festivo": draw.randint(0, 1)}
        row |= {name: draw.choice(further[name]) for name in told if draw.random() < 0.8}
        names = list(row)
        draw.shuffle(names)
        found.append({name: row[name] for name in names})
    return found


WRITTEN: list[Callable[[Any], bytes]] = [
    lambda body: json.dumps(body).encode(),
    lambda body: json.dumps(body, ensure_ascii=False).encode(),
    lambda body: json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
    lambda body: b"\r\n " + json.dumps(body, indent=2).encode() + b"\n\t",
]


def plainly(data: bytes) -> Questions:
    rows = object_of(data)["rows"]
    assert 1 <= len(rows) <= MOST
    return FORM.read_all(rows, TODAY)


def assert_same(quick: Batch, plain: Questions) -> None:
    places = list(quick.places)
    assert [quick.questions.dates[at] for at in places] == list(plain.dates)
    assert [quick.questions.assumed[at] for at in places] == list(plain.assumed)
    frame = quick.questions.frame().take(places).reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, plain.frame(), check_exact=True)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("written", WRITTEN, ids=["escaped", "plain", "compact", "indented"])
def test_good_rows_are_read_alike(seed: int, written: Callable[[Any], bytes]) -> None:
    data = written({"rows": batch_of(seed)})
    quick = read_quickly(FORM, data, MOST, TODAY)
    assert quick is not None
    assert len(quick.questions.dates) <= len(quick.places) == 40
    assert_same(quick, plainly(data))


def text(*rows: str) -> bytes:
    return ('{"rows": [' + ", ".join(rows) + "]}").encode()


GOOD = json.dumps(MONDAY, ensure_ascii=False)
LEFT = {
    "a name twice": text(GOOD, GOOD[:-1] + ', "Festivo": 0}'),
    "a name twice, once escaped": text(GOOD[:-1] + ', "F\\u0065stivo": 0}'),
    "a text twice": text(GOOD[:-1] + ', "Ciudad": "a", "Ciudad": "a"}'),
    "rows twice": b'{"rows": [' + GOOD.encode() + b'], "rows": [' + GOOD.encode() + b"]}",
    "an unknown field": text(GOOD[:-1] + ', "Precio": 1}'),
    "a field of no name": text(GOOD[:-1] + ', "": 1}'),
    "a name that is not in NFC": json.dumps({"rows": [{"Di\u0301aDeLaSemana": 1} | MONDAY]}).encode(),
    "a missing field": text('{"Promociones": 0, "Festivo": 0}'),
    "null twice": text(GOOD[:-1] + ', "Ciudad": null, "Ciudad": null}'),
    "null under no known name": text(GOOD[:-1] + ', "Precio": null}'),
    "a null row": text(GOOD, "null"),
    "null for what must be": text(GOOD.replace("1", "null")),
    "NaN": text(GOOD[:-1] + ', "Temperatura (°C)": NaN}'),
    "Infinity": text(GOOD[:-1] + ', "Temperatura (°C)": -Infinity}'),
    "a number beyond floats": text(GOOD[:-1] + ', "Temperatura (°C)": 1e400}'),
    "a whole number beyond floats": text(GOOD[:-1] + ', "Temperatura (°C)": 1' + "0" * 400 + "}"),
    "a number of too many digits": text(GOOD[:-1] + ', "Temperatura (°C)": 1' + "0" * 5000 + "}"),
    "true for a number": text(GOOD[:-1] + ', "Temperatura (°C)": true}'),
    "true for a flag": text(GOOD, GOOD.replace("0", "true")),
    "a text for a number": text(GOOD.replace("1", '"1"')),
    "half a flag": text(GOOD.replace("0", "0.5")),
    "half a weekday": text(GOOD.replace("1", "1.5")),
    "a flag of two": text(GOOD.replace("0", "2")),
    "a weekday of eight": text(GOOD.replace("1", "8")),
    "a number for a text": text(GOOD[:-1] + ', "Ciudad": 5}'),
    "a text too long": text(GOOD[:-1] + ', "Ciudad": "' + "x" * 1001 + '"}'),
    "half a pair": text(GOOD[:-1] + ', "Ciudad": "\\ud800"}'),
    "half a pair in UTF-8": text(GOOD[:-1] + ', "Ciudad": "').replace(b"]}", b"") + b'\xed\xa0\x80"}]}',
    "a whole pair": text(GOOD[:-1] + ', "Ciudad": "\\ud83d\\ude00"}'),
    "a line's end in a text": text(GOOD[:-1] + ', "Ciudad": "\\n"}'),
    "a bare line's end in a text": text(GOOD[:-1] + ', "Ciudad": "\n"}'),
    "an escaped backslash": text(GOOD[:-1] + ', "Ciudad": "\\\\u00ed"}'),
    "an escaped quote": text(GOOD[:-1] + ', "Ciudad": "\\u0022, \\"Festivo\\": 0"}'),
    "a brace in a text": text(GOOD[:-1] + ', "Ciudad": "},{"}'),
    "half a row in a text": text(GOOD[:-1] + ', "Ciudad": "}, x"}'),
    "texts that fit together only once": text(
        "},".join([GOOD[:-1] + ', "Ciudad": "a', *['b"} ,' + GOOD[:-1]] * 2]) + "}"
    ),
    "more letters than one language has": json.dumps(
        {"rows": [MONDAY | {"Ciudad": "".join(map(chr, range(161, 661)))}]}
    ).encode(),
    "a date that is none": text(GOOD[:-1] + ', "Fecha": "2026-02-30"}'),
    "a date with its hour": text(GOOD[:-1] + ', "Fecha": "2026-11-30T00:00"}'),
    "a date in other digits": text(GOOD[:-1] + ', "Fecha": "２０２６-11-30"}'),
    "a date too old": text(GOOD[:-1] + ', "Fecha": "1899-12-31"}'),
    "another day of the week": text(GOOD, GOOD[:-1] + ', "Fecha": "2026-12-01"}'),
    "a nested row": text(GOOD[:-1] + ', "Ciudad": {}}'),
    "a list in a row": text(GOOD[:-1] + ', "Ciudad": []}'),
    "deep lists": b'{"rows": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a row that is none": text(GOOD, "5"),
    "a row that is a list": text(GOOD, "[]"),
    "no rows": b'{"rows": []}',
    "an empty row": text("{}"),
    "too many rows": text(*[GOOD] * (MOST + 1)),
    "a comma too many": text(GOOD, "").replace(b", ]", b",]"),
    "a comma too few": text(GOOD).replace(b"]", b" " + GOOD.encode() + b"]"),
    "a brace too many": text(GOOD + "}"),
    "a brace too few": text(GOOD[:-1]),
    "a list that ends early": text(GOOD + "], [" + GOOD),
    "something behind": text(GOOD) + b"x",
    "two bodies": text(GOOD) * 2,
    "a byte order mark": b"\xef\xbb\xbf" + text(GOOD),
    "UTF-16": text(GOOD).decode().encode("utf-16"),
    "Latin-1": text(GOOD).decode().encode("latin-1"),
    "an odd space": b"\x0b" + text(GOOD),
    "an odd space inside": text(GOOD + "\x0c"),
    "rows to be recorded": text(GOOD)[:-1] + b', "record": true}',
    "record as a number": text(GOOD)[:-1] + b', "record": 0}',
    "another member": text(GOOD)[:-1] + b', "records": false}',
    "nothing": b"",
    "no object": b"[" + GOOD.encode() + b"]",
    "single quotes": text(GOOD.replace('"', "'")),
    "a remark": text(GOOD, "/* */" + GOOD),
}


@pytest.mark.parametrize("data", LEFT.values(), ids=LEFT.keys())
def test_what_is_at_fault_or_odd_is_left_to_the_plain_way(data: bytes) -> None:
    assert read_quickly(FORM, data, MOST, TODAY) is None


def test_what_a_slip_of_the_keyboard_makes_of_a_body_is_never_read_otherwise() -> None:
    """Of 6,000 bodies with a few characters changed, dropped, doubled or moved."""
    draw = random.Random(7)
    signs = [*'{}[],:"\\ \n0123456789.eE-aí', "},", '"}', "null", "true", "\\u00ed", '"Festivo": 0', "rows"]
    read = 0
    for at in range(6000):
        body = WRITTEN[at % 3]({"rows": batch_of(at % 50, rows=3)}).decode()
        for _ in range(draw.randint(1, 2)):
            here, there = sorted(draw.randint(0, len(body)) for _ in range(2))
            there = min(there, here + draw.randint(0, 3))
            kept = draw.choice(["", body[here:there] * 2, draw.choice(signs)])
            body = body[:here] + kept + body[there:]
        quick = read_quickly(FORM, body.encode(), MOST, TODAY)
        if quick is not None:
            read += 1
            try:
                assert_same(quick, plainly(body.encode()))
            except (VentasError, HTTPException) as error:
                pytest.fail(f"read in spite of {error!r}: {body}")
    assert 300 < read < 5000, "of both kinds there are many"


def chain() -> ServedModel:
    """A table of means for a chain of shops."""
    sales = generate(200, 3, stores=3)
    pipeline = table(MEANS, Roles("Tienda", "Abierto"), offsets=[[-0.1, 0.2]] * 4, relative=True)
    return served_model(pipeline.fit(sales.drop(columns=TARGET), sales[TARGET]), 1)


def forest_with_plan() -> ServedModel:
    """A forest that reads the promotions around a day, so that a row's answer rests on the others, too."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.pipeline import Pipeline

    sales = with_plan(generate(300, 5), Roles())
    last = SalesRegressor(RandomForestRegressor(10, random_state=0), offsets=[[-9.5, 7.25]] * 4)
    pipeline = Pipeline([("features", SalesMatrix()), ("model", last)])
    found = served_model(pipeline.fit(sales.drop(columns=TARGET), sales[TARGET]), 1)
    assert SINCE in found.plan_inputs
    return found


MODELS: dict[str, Callable[[], ServedModel]] = {
    "no interval": lambda: model(1, (*FURTHER, SHOP)),
    "an interval": lambda: model(1, (*FURTHER, SHOP), estimator=Unsure(1), roles=Roles(series="Tienda")),
    "a chain": chain,
    "a forest with a plan": forest_with_plan,
}


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def client(request: pytest.FixtureRequest, source: FakeSource, start: Callable[..., Flask]) -> FlaskClient:
    source.models[1] = request.param()
    return start().test_client()


def rows_of(client: FlaskClient, seed: int, *, rows: int = 60) -> list[dict[str, Any]]:
    known = services_of(client.application).holder.champion().form.kinds
    days = [date(2026, 1, 5) + timedelta(days=at) for at in range(20)]
    draw, found = random.Random(seed), []
    for row in batch_of(seed, rows):
        if draw.random() < 0.6:
            day = draw.choice(days)
            row |= {"Fecha": str(day), "DíaDeLaSemana": day.isoweekday()}
        found.append({name: value for name, value in row.items() if name in known})
    return found


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Notes of each batch whether it was read quickly."""
    notes: list[bool] = []

    def noted(*given: Any) -> Batch | None:
        found = read_quickly(*given)
        notes.append(found is not None)
        return found

    monkeypatch.setattr("api.routes.batch.read_quickly", noted)
    return notes


@pytest.mark.parametrize("seed", range(4))
def test_the_answer_is_the_same_to_the_byte(
    client: FlaskClient, taken: list[bool], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rows = rows_of(client, seed)
    quick = client.post("/predict/batch", json={"rows": rows})
    assert (quick.status_code, taken) == (200, [True])
    monkeypatch.setattr("api.routes.batch.read_quickly", lambda *_: None)
    plain = client.post("/predict/batch", json={"rows": rows})
    assert quick.data == plain.data
    assert (quick.headers["Content-Type"], quick.content_length) == (
        plain.headers["Content-Type"],
        plain.content_length,
    )


def test_what_is_left_to_the_plain_way_is_refused_in_its_words(
    client: FlaskClient, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers() -> list[tuple[int, bytes]]:
        sent = [
            client.post("/predict/batch", data=data, content_type="application/json")
            for name, data in LEFT.items()
            if name != "rows to be recorded"
        ]
        return [(answer.status_code, answer.data) for answer in sent]

    quick = answers()
    monkeypatch.setattr("api.routes.batch.read_quickly", lambda *_: None)
    assert quick == answers()
    assert {status for status, _ in quick} == {200, 400, 422}


@pytest.mark.parametrize("ids", [None, [*range(7, 47)]], ids=["not recorded", "recorded"])
def test_the_json_is_that_of_an_object_for_each_row(client: FlaskClient, ids: list[int] | None) -> None:
    champion = services_of(client.application).holder.champion()
    asked = champion.form.read_all(rows_of(client, 5, rows=40), TODAY)
    odd = [1e16, 1e-7, 5e-324, 1.7976931348623157e308, 0.1, 123456789.123456789, 0.0, -0.0, 4010.0, 1 / 3] * 4
    said = replace(Answered.of(champion, asked), values=odd)
    rows = [
        {
            "id": ids[at] if ids else None,
            "prediction": odd[at],
            "interval": {"low": said.low[at], "high": said.high[at], "coverage": said.coverage}
            if said.low
            else None,
            "Fecha": asked.dates[at],
            "date_assumed": asked.assumed[at],
            "closed_assumed": said.closed[at],
            "series": said.series[at],
            "known": {name: told[at] for name, told in said.known.items()},
        }
        for at in range(40)
    ]
    whole = {"model_version": 1, "recorded": ids is not None, "predictions": rows}
    assert batch_json(said, ids) == as_json(whole)
    if ids is None:
        places = [3, 3, 0, 39, 17]
        whole["predictions"] = [rows[at] for at in places]
        assert batch_json(said, places=places) == as_json(whole)
