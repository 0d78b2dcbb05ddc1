"""The shadow: asked the same unseen, and nothing that happens to it is felt by who asks the champion."""

from collections.abc import Callable
from threading import Event
from typing import Any

import numpy as np
import pandas as pd
import pytest
from api_helpers import MONDAY, FakeBroker, FakeCatalogue, FakeSource, Rule, Unsure, eventually, model
from flask import Flask
from sqlalchemy import select

import api.shadow
from api.app import create_app, services_of
from ventas.errors import LedgerUnavailable, ModelUnusable, RegistryUnavailable
from ventas.ledger import Ledger
from ventas.ledger.tables import ShadowPrediction
from ventas.settings import Settings

NAMED = MONDAY | {"Fecha": "2026-11-30"}
StartShadow = Callable[..., Flask]


@pytest.fixture
def shadows() -> FakeSource:
    """Where the shadow comes from: version 2, whose answers have an interval."""
    return FakeSource(champion=2, models={2: model(2, estimator=Unsure(2))})


@pytest.fixture
def begin(settings: Settings, source: FakeSource, shadows: FakeSource) -> Any:
    """Starts an API with the shadow, and stops it after the test."""
    started: list[Flask] = []

    def begin_app() -> Flask:
        app = create_app(settings, source, FakeCatalogue(), FakeBroker(), shadows)
        started.append(app)
        eventually(lambda: services_of(app).holder.current)
        return app

    yield begin_app
    for app in started:
        services_of(app).close()


def _loaded(app: Flask) -> Flask:
    eventually(lambda: services_of(app).shadow.version)
    return app


def _kept(app: Flask) -> list[ShadowPrediction]:
    ledger: Ledger = services_of(app).ledger
    with ledger.database.read() as session:
        return list(session.scalars(select(ShadowPrediction).order_by(ShadowPrediction.id)))


def _part(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/health").get_json()["parts"]["shadow"]
    return found


def test_the_shadow_answers_the_same_question_unseen(begin: StartShadow) -> None:
    app = _loaded(begin())
    body = app.test_client().post("/predict", json=NAMED | {"Promociones": 1}).get_json()
    assert (body["model_version"], body["prediction"]) == (1, 1011)
    (kept,) = eventually(lambda: _kept(app))
    assert (kept.model_version, kept.prediction, kept.low, kept.high) == (2, 2011, 1911, 2061)
    assert (str(kept.date), kept.promotion, kept.holiday, kept.series) == ("2026-11-30", 1, 0, "")
    assert kept.created_at.isoformat().replace("+00:00", "Z") == body["timestamp"]
    assert len(app.test_client().get("/history").get_json()) == 1


def test_what_can_never_come_true_is_not_asked(begin: StartShadow) -> None:
    app = _loaded(begin())
    client = app.test_client()
    client.post("/predict", json=MONDAY)
    client.post("/predict", json=NAMED)
    eventually(lambda: _kept(app))
    assert [str(one.date) for one in _kept(app)] == ["2026-11-30"]


class Stuck(Rule):
    """A model that answers when it is let."""

    go_on, asked = Event(), Event()

    def predict(self, frame: pd.DataFrame) -> Any:
        Stuck.asked.set()
        assert Stuck.go_on.wait(10)
        return super().predict(frame)


def test_a_slow_shadow_delays_no_answer_and_what_it_cannot_take_is_counted(
    begin: StartShadow, shadows: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.shadow, "LONGEST_QUEUE", 2)
    Stuck.go_on.clear()
    Stuck.asked.clear()
    shadows.models[2] = model(2, estimator=Stuck(2))
    app = _loaded(begin())
    client = app.test_client()
    client.post("/predict", json=NAMED)
    assert Stuck.asked.wait(5)
    answers = [client.post("/predict", json=NAMED) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert "3 questions to the shadow were left out so far" in _part(app)["reason"]
    Stuck.go_on.set()
    eventually(lambda: len(_kept(app)) == 3)
    eventually(lambda: _part(app)["status"] == "ok")


class Breaks(Rule):
    def predict(self, frame: pd.DataFrame) -> Any:
        raise RuntimeError("no such tree")


class AnswersNaN(Rule):
    def predict(self, frame: pd.DataFrame) -> Any:
        return np.array([np.nan])


@pytest.mark.parametrize("estimator", [Breaks(2), AnswersNaN(2)])
def test_a_shadow_that_fails_is_forgotten_and_the_next_one_is_taken(
    begin: StartShadow, shadows: FakeSource, estimator: object
) -> None:
    shadows.models[2] = model(2, estimator=estimator)
    app = _loaded(begin())
    client = app.test_client()
    assert client.post("/predict", json=NAMED).get_json()["prediction"] == 1010
    eventually(lambda: "Version 2 is no longer the shadow" in (_part(app)["reason"] or ""))
    assert client.post("/predict", json=NAMED).status_code == 200
    assert shadows.fetched == [2], "it is not loaded again"
    shadows.champion = 3
    eventually(lambda: services_of(app).shadow.version == 3)
    client.post("/predict", json=NAMED)
    eventually(lambda: [one.model_version for one in _kept(app)] == [3])


@pytest.mark.parametrize("error", [ModelUnusable("It names types."), RegistryUnavailable("MLflow is away.")])
def test_a_shadow_that_cannot_be_loaded_harms_nobody(
    begin: StartShadow, shadows: FakeSource, error: Exception
) -> None:
    shadows.models[2] = error  # type: ignore[assignment]
    app = begin()
    assert str(error) in eventually(lambda: _part(app)["reason"])
    assert app.test_client().post("/predict", json=NAMED).status_code == 200
    assert app.test_client().get("/health").status_code == 200
    shadows.champion = None
    eventually(lambda: _part(app)["status"] == "ok")


def test_a_database_that_takes_no_writes_costs_the_shadows_answers_alone(
    begin: StartShadow, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = _loaded(begin())

    def away(rows: object) -> None:
        raise LedgerUnavailable("database is locked.")

    monkeypatch.setattr(services_of(app).ledger.shadows, "add", away)
    assert app.test_client().post("/predict", json=NAMED).get_json()["recorded"] is True
    eventually(lambda: "database is locked" in (_part(app)["reason"] or ""))


def test_off_means_that_nobody_is_asked(
    start: Callable[..., Flask], make_settings: Callable[..., Settings], settings: Settings
) -> None:
    app = start(make_settings(SHADOW="off"))
    eventually(lambda: _part(app)["status"] == "ok")
    assert services_of(app).shadow.version is None
