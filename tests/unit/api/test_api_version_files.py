"""One version in detail: what it learnt from, when it was champion, its card, and its predictions on test rows."""

import json
from datetime import UTC, datetime

import pytest
from api_helpers import CARD, FakeCatalogue, assert_problem, registered, version_files
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from api import version_files as module
from api.app import services_of
from ventas.card_files import CARD_JSON
from ventas.errors import Deleted
from ventas.ledger import Promotion, Run
from ventas.ledger.events import UploadEvent
from ventas.registry import DELETED_TAG, PREDICTIONS_FILE, ModelVersion

HELD = {"promoted": False, "kind": "fair", "held": True}


@pytest.fixture
def catalogue() -> FakeCatalogue:
    made = FakeCatalogue([registered(2, aliases=()), registered(1)])
    made.files |= version_files(1)
    return made


def champions(app: Flask, *versions: int) -> None:
    """Promotions to these versions, an hour apart."""
    with services_of(app).ledger.database.write() as session:
        for hour, version in enumerate(versions, start=10):
            moment = datetime(2026, 11, 23, hour, tzinfo=UTC)
            said = {"source": "verdict", "actor": "pipeline", "reason": "Better."}
            session.add(Promotion(created_at=moment, model_version=version, **said))


def judged(app: Flask, version: int, verdict: dict[str, object]) -> None:
    """A run that made `version`, with its verdict."""
    ledger = services_of(app).ledger
    run_id = ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v1", "e", 1)])[0].run_id
    with ledger.database.write() as session:
        run = session.get_one(Run, run_id)
        run.status, run.model_version, run.verdict = "not_promoted", version, verdict


def test_a_version_whose_files_went_by_retention_says_so(
    client: FlaskClient, catalogue: FakeCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(version: ModelVersion, artifact: str) -> str:
        raise Deleted("The files of version 1 went by retention on 2026-11-23 (KEEP_VERSIONS).")

    catalogue.known[1] = registered(1, tags={DELETED_TAG: "2026-11-23T00:00:00Z"})
    monkeypatch.setattr(catalogue, "text", gone)
    assert [one["files_deleted"] for one in client.get("/models").get_json()] == [False, True]
    assert_problem(client.get("/models/1/predictions"), 410, says="(KEEP_VERSIONS)")


def test_a_version_tells_what_it_learnt_from_and_when_it_was_champion(
    app: Flask, client: FlaskClient, catalogue: FakeCatalogue
) -> None:
    tags = {"bucket": "ventas", "key": "a/ventas.csv", "version_id": "v1", "sha256": "ab12"}
    catalogue.known[1] = registered(1, tags={f"ventas.{name}": value for name, value in tags.items()})
    champions(app, 1, 2, 1)
    told = client.get("/models/1").get_json()
    assert (told["version"], told["served"], told["upload"]) == (1, True, tags)
    assert told["champion"] == [
        {"since": "2026-11-23T10:00:00Z", "until": "2026-11-23T11:00:00Z"},
        {"since": "2026-11-23T12:00:00Z", "until": None},
    ]
    assert client.get("/models/2").get_json()["upload"] is None
    assert_problem(client.get("/models/3"), 404, says="no version 3")


def test_versions_are_listed_with_their_verdicts_but_not_the_tables(app: Flask, client: FlaskClient) -> None:
    judged(app, 2, {"promoted": False, "kind": "fair", "segments": [1], "origins": [1]})
    second, first = client.get("/models").get_json()
    assert (second["verdict"], first["verdict"]) == ({"promoted": False, "kind": "fair"}, None)
    assert client.get("/models/2").get_json()["verdict"] == second["verdict"]


def test_without_the_ledger_a_version_is_told_all_the_same(app: Flask, client: FlaskClient) -> None:
    with services_of(app).ledger.database.write() as session:
        session.execute(text("ALTER TABLE promotions RENAME TO gone"))
    told = client.get("/models/1").get_json()
    assert (told["version"], told["champion"], told["awaits_approval"]) == (1, None, None)


def test_a_card_is_read_once(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    first, second = (client.get("/models/1/card").get_json() for _ in range(2))
    assert first == second == CARD | {"version": 1}
    assert catalogue.read == [(1, CARD_JSON)]


@pytest.mark.parametrize("verdict", [None, HELD])
def test_a_card_is_read_again_until_its_verdict_is_final(
    client: FlaskClient, catalogue: FakeCatalogue, verdict: dict[str, object] | None
) -> None:
    catalogue.files |= version_files(1, verdict=verdict)
    assert client.get("/models/1/card").get_json()["verdict"] == verdict
    catalogue.files |= version_files(1)
    assert client.get("/models/1/card").get_json()["verdict"] == CARD["verdict"]


def test_predictions_stand_beside_what_was_sold(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    told = client.get("/models/1/predictions").get_json()
    assert {name: told[name] for name in told if name != "points"} == {
        "version": 1, "rows": 2, "dates": 2, "series": 1, "summed": False, "step": 1
    }  # fmt: skip
    assert told["points"][0] == {
        "date": "2024-04-01", "series": "", "promotion": 1.0, "holiday": 0.0,
        "actual": 100.0, "prediction": 110.0, "low": 90.0, "high": 130.0,
    }  # fmt: skip
    assert told["points"][1]["low"] is None
    client.get("/models/1/predictions")
    assert catalogue.read == [(1, PREDICTIONS_FILE)]


@pytest.mark.parametrize(("path", "what"), [("card", "model card"), ("predictions", "test rows")])
def test_an_old_version_without_the_file_gets_a_sentence(client: FlaskClient, path: str, what: str) -> None:
    members = assert_problem(client.get(f"/models/2/{path}"), 404, says="earlier release")
    assert what in members["detail"]
    assert_problem(client.get(f"/models/9/{path}"), 404, says="no version 9")
    assert_problem(client.get(f"/models/x/{path}"), 422, field="version")


@pytest.mark.parametrize("told", ["", "[]", "{}", '{"points": {"date": ["x"]}}', '{"points": 5}'])
@pytest.mark.parametrize(("path", "artifact"), [("card", CARD_JSON), ("predictions", PREDICTIONS_FILE)])
def test_a_file_that_somebody_has_spoilt_gets_a_sentence(
    client: FlaskClient, catalogue: FakeCatalogue, path: str, artifact: str, told: str
) -> None:
    catalogue.files[1, artifact] = told
    assert_problem(client.get(f"/models/1/{path}"), 404, says="cannot be read")


def test_points_of_unequal_columns_are_none(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    spoilt = json.loads(catalogue.files[1, PREDICTIONS_FILE])
    spoilt["points"]["actual"].pop()
    catalogue.files[1, PREDICTIONS_FILE] = json.dumps(spoilt)
    assert_problem(client.get("/models/1/predictions"), 404, says="cannot be read")


def test_only_so_many_files_are_kept(
    client: FlaskClient, catalogue: FakeCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 1)
    catalogue.files |= version_files(2)
    for version in (1, 2, 2, 1):
        client.get(f"/models/{version}/card")
    assert catalogue.read == [(version, CARD_JSON) for version in (1, 2, 1)]
