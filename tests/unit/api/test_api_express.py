"""The express lane of `POST /predict` answers as the route does, and leaves to the route what it cannot answer."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from api_helpers import MONDAY, FakeSource, Rule, eventually, model
from flask import Flask

from api.app import services_of
from api.express import Express
from api.recorder import GroupRecorder
from ventas.contract import TARGET
from ventas.ledger import Ledger
from ventas.ledger.predictions import NewPrediction
from ventas.roles import Roles
from ventas.sample import generate
from ventas.served import ServedModel, served_model
from ventas.settings import Settings
from ventas.tables import MEANS, table
from ventas.times import utc_now

OF_ITS_OWN = ("id", "timestamp")


def fitted(version: int, roles: Roles | None = None, stores: int = 0) -> ServedModel:
    """A table of means with an interval, of made-up sales."""
    sales = generate(200, version, stores=stores)
    pipeline = table(MEANS, roles or Roles(), offsets=[[-0.1, 0.2]] * 4, relative=True)
    return served_model(pipeline.fit(sales.drop(columns=TARGET), sales[TARGET]), version)


@pytest.fixture
def source() -> FakeSource:
    return FakeSource(champion=1, models={1: fitted(1), 2: fitted(2), 3: model(3)})


@pytest.fixture
def express(app: Flask) -> Iterator[Express]:
    express = Express(services_of(app))
    yield express
    express.close()


def ask(express: Express, *questions: Any) -> list[Any]:
    """The lane's answers to questions that come at once."""

    async def all_at_once() -> list[bytes | None]:
        data = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in questions]
        return await asyncio.gather(*(express(one, {}) for one in data))

    return [None if answer is None else json.loads(answer) for answer in asyncio.run(all_at_once())]


QUESTIONS = [
    MONDAY,
    MONDAY | {"Promociones": 1},
    MONDAY | {"Fecha": "2026-11-30"},
    MONDAY | {"Fecha": None, "Festivo": 1},
    {"Di\u0301aDeLaSemana": 7, "Promociones": 0, "Festivo": 1},
]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_it_answers_as_the_route(app: Flask, express: Express, question: dict[str, Any]) -> None:
    plain = app.test_client().post("/predict", json=question).get_json()
    (quick,) = ask(express, question)
    assert quick["id"] == plain["id"] + 1
    assert list(quick) == list(plain)
    assert [quick[name] for name in quick if name not in OF_ITS_OWN] == [
        plain[name] for name in plain if name not in OF_ITS_OWN
    ]
    entries = app.test_client().get("/history/?limit=2").get_json()
    assert [entry | {"id": 0, "timestamp": ""} for entry in entries[:1]] == [
        entries[1] | {"id": 0, "timestamp": ""}
    ]


def test_it_answers_as_the_pipeline_does(express: Express, source: FakeSource) -> None:
    days = [date(2026, 11, 30) + timedelta(days=at) for at in range(14)]
    asked = [MONDAY | {"Fecha": str(day), "DíaDeLaSemana": day.isoweekday()} for day in days]
    answers = ask(express, *asked)
    frame = pd.DataFrame(asked).assign(Fecha=pd.to_datetime(days))
    said = source.models[1].forecast(frame)
    found = [(one["prediction"], one["interval"]["low"], one["interval"]["high"]) for one in answers]
    assert np.allclose(found, np.column_stack([said.values, said.low, said.high]), rtol=1e-6)


def test_a_chain_of_shops_is_answered_alike(source: FakeSource, start: Callable[..., Flask]) -> None:
    source.models[1] = fitted(1, Roles("Tienda", "Abierto"), stores=3)
    app = start()
    express = Express(services_of(app))
    shops = [{"Tienda": "T0002"}, {"Tienda": "T9"}, {"Abierto": 0, "Tienda": "T0001"}, {}]
    quick = ask(express, *(MONDAY | shop for shop in shops))
    client = app.test_client()
    for shop, answer in zip(shops, quick, strict=True):
        plain = client.post("/predict", json=MONDAY | shop).get_json()
        told = ("prediction", "interval", "closed_assumed", "series", "known")
        assert [answer[name] for name in told] == [plain[name] for name in told]
    assert [answer["known"]["Tienda"] for answer in quick] == [True, False, True, False]
    assert quick[2]["prediction"] == 0, "closed"
    express.close()


def test_a_closed_sunday_is_forecast_as_one_where_the_request_says_nothing(
    source: FakeSource, start: Callable[..., Flask]
) -> None:
    source.models[1] = fitted(1, Roles("Tienda", "Abierto"), stores=3)
    app = start()
    express, client = Express(services_of(app)), app.test_client()
    sunday = MONDAY | {"Fecha": "2026-11-29", "DíaDeLaSemana": 7, "Tienda": "T0001"}
    asked = [sunday, sunday | {"Abierto": None}, sunday | {"Abierto": 1.0}, sunday | {"Abierto": 0}, MONDAY]
    batch = client.post("/predict/batch", json={"rows": asked, "record": True}).get_json()["predictions"]
    for answers in (
        ask(express, *asked),
        [client.post("/predict", json=row).get_json() for row in asked],
        batch,
        client.post("/predict/batch", json={"rows": asked}).get_json()["predictions"],
    ):
        assert [one["prediction"] > 0 for one in answers] == [False, False, True, False, True]
        assert [one["closed_assumed"] for one in answers] == [True, True, False, False, False]
        assert [one["known"]["open"] for one in answers] == [False, False, True, True, False]
    express.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"a": 1, "a": 2}',
        json.dumps(MONDAY | {"Festivo": 2}).encode(),
        json.dumps(MONDAY | {"Fecha": "2026-12-01"}).encode(),
        json.dumps(MONDAY | {"Otra": "x" * 70_000}).encode(),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_faults_are_left_to_the_route_and_recorded_nowhere(app: Flask, express: Express, body: bytes) -> None:
    assert ask(express, body) == [None]
    assert app.test_client().get("/history/").get_json() == []


def test_a_model_that_is_not_compiled_is_left_to_the_route(
    express: Express, app: Flask, source: FakeSource
) -> None:
    source.champion = 3
    eventually(lambda: services_of(app).holder.champion().version == 3)
    assert isinstance(source.models[3].estimator.last, Rule)
    assert ask(express, MONDAY) == [None]
    assert app.test_client().get("/health").get_json()["compiled"] is False


def test_without_a_champion_the_route_says_so(
    app: Flask, start: Callable[..., Flask], source: FakeSource
) -> None:
    source.champion = None
    other = start(wait=False)
    express = Express(services_of(other))
    assert ask(express, MONDAY) == [None]
    express.close()


def test_a_question_at_fault_harms_no_other_of_its_turn(
    source: FakeSource, start: Callable[..., Flask]
) -> None:
    source.models[1] = fitted(1, Roles("Tienda", ""), stores=3)
    app = start()
    express = Express(services_of(app))
    answers = ask(express, MONDAY, MONDAY | {"Tienda": "\ud800"}, MONDAY | {"Tienda": "T0001"})
    assert [answer and answer["series"] for answer in answers] == ["", None, "T0001"]
    assert len(app.test_client().get("/history/").get_json()) == 2
    express.close()


def test_questions_at_once_have_an_id_each_in_their_order(app: Flask, express: Express) -> None:
    answers = ask(express, *(MONDAY | {"Promociones": at % 2} for at in range(50)))
    ids = [answer["id"] for answer in answers]
    assert ids == list(range(ids[0], ids[0] + 50))
    client = app.test_client()
    for at in (0, 1, 49):
        entry = client.get(f"/history/{ids[at]}").get_json()
        assert entry["input_data"]["Promociones"] == at % 2
        assert entry["prediction"] == answers[at]["prediction"]


def test_the_champion_may_change_between_two_questions(
    app: Flask, express: Express, source: FakeSource
) -> None:
    (first,) = ask(express, MONDAY)
    source.champion = 2
    eventually(lambda: services_of(app).holder.champion().version == 2)
    (second,) = ask(express, MONDAY)
    assert (first["model_version"], second["model_version"]) == (1, 2)
    assert first["prediction"] != second["prediction"]


def test_a_database_that_is_locked_for_a_moment_is_waited_for(express: Express, settings: Settings) -> None:
    other = Ledger(settings)
    locked, freed = threading.Event(), threading.Event()

    def hold() -> None:
        with other.database.write() as session:
            session.connection()
            locked.set()
            freed.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(5)
    threading.Timer(0.1, freed.set).start()
    answers = ask(express, MONDAY, MONDAY, MONDAY)
    holder.join()
    assert [answer["recorded"] for answer in answers] == [True] * 3
    assert len({answer["id"] for answer in answers}) == 3
    other.close()


def test_where_the_database_stays_locked_rows_wait_in_the_spool(
    start: Callable[..., Flask], make_settings: Callable[..., Settings], settings: Settings
) -> None:
    app = start(make_settings(HISTORY_TIMEOUT_SECONDS=0.1))
    express, other = Express(services_of(app)), Ledger(settings)
    with other.database.write() as session:
        session.connection()
        began = time.monotonic()
        (first,), (second,) = ask(express, MONDAY), ask(express, MONDAY)
        assert time.monotonic() - began < 2
    assert [first["recorded"], second["recorded"], first["id"]] == [False, False, None]
    assert first["prediction"] > 0
    client = app.test_client()
    eventually(lambda: len(client.get("/history/").get_json()) == 2)
    (third,) = eventually(lambda: answer if (answer := ask(express, MONDAY))[0]["recorded"] else None)
    assert third["id"] == 3
    express.close()
    other.close()


def test_a_row_that_cannot_be_kept_harms_no_other(app: Flask) -> None:
    recorder = GroupRecorder(services_of(app).history)
    good = NewPrediction(utc_now(), 1, None, MONDAY, 1.0)

    async def together() -> list[Any]:
        rows = [good, replace(good, series="\ud800"), good]
        waiting = [(row, asyncio.get_running_loop().create_future()) for row in rows]
        recorder.record_turn(waiting)
        first = await asyncio.gather(*(recorded for _, recorded in waiting), return_exceptions=True)
        return [*first, await recorder.record(good)]

    before, broken, after, later = asyncio.run(together())
    assert isinstance(broken, UnicodeError)
    assert (after, later) == (before + 1, before + 2)
    recorder.close()
