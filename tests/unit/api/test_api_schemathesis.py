"""Generated requests: whatever is sent, no server error, and every answer as the OpenAPI document says.

The number of requests and their seed are fixed, so that it runs the same everywhere; the ledger is a real SQLite one.
"""

from datetime import UTC, datetime

import pytest
import schemathesis
from api_helpers import MONDAY, FakeCatalogue, FakeSource, model, registered, version_files
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance
from test_api_reality import fill

from api.app import services_of
from ventas.ledger import Promotion, Run
from ventas.ledger.events import UploadEvent

TOKEN = "a token of the tests"
OPERATIONS = [
    ("POST", "/predict"),
    ("POST", "/predict/batch"),
    ("GET", "/history/"),
    ("GET", "/history/{id}"),
    ("GET", "/history/{id}/lineage"),
    ("GET", "/history/predictions.csv"),
    ("GET", "/accuracy"),
    ("GET", "/actuals"),
    ("GET", "/alerts"),
    ("GET", "/health"),
    ("GET", "/health/live"),
    ("GET", "/models"),
    ("GET", "/models/champion"),
    ("GET", "/models/champion/columns"),
    ("GET", "/models/promotions"),
    ("GET", "/models/{version}"),
    ("GET", "/models/{version}/card"),
    ("GET", "/models/{version}/losses"),
    ("GET", "/models/{version}/predictions"),
    ("POST", "/models/{version}/promote"),
    ("POST", "/models/{version}/approve"),
    ("GET", "/runs"),
    ("GET", "/runs/{id}"),
    ("GET", "/runs/{id}/quality"),
    ("GET", "/runs/{id}/rejected.csv"),
    ("GET", "/runs/{id}/answer.csv"),
    ("POST", "/runs/{id}/retry"),
    ("POST", "/runs/{id}/replay"),
    ("GET", "/runs/{id}/replay"),
    ("GET", "/events"),
    ("GET", "/status"),
    ("POST", "/uploads"),
    ("POST", "/uploads/preview"),
]


@pytest.fixture
def run_ids(app: Flask) -> list[str]:
    """The ids of runs, one of which failed."""
    ledger = services_of(app).ledger
    uploads = [UploadEvent("ventas", f"{number}/ventas.csv", "v1", "e", number) for number in range(3)]
    found = [str(one.run_id) for one in ledger.intake.record(uploads)]
    with ledger.database.write() as session:
        session.get_one(Run, found[0]).status = "failed"
    return found


@pytest.fixture
def api(app: Flask, source: FakeSource, catalogue: FakeCatalogue, run_ids: list[str]) -> BaseSchema:
    """The document of an API that has something of everything."""
    source.models |= {version: model(version) for version in range(2, 5)}
    catalogue.known = [registered(version) for version in range(4, 0, -1)]
    catalogue.files |= version_files(2)
    made = {"model_version": 1, "source": "verdict", "actor": "w", "reason": "First."}
    with services_of(app).ledger.database.write() as session:
        session.add(Promotion(created_at=datetime(2026, 11, 23, tzinfo=UTC), **made))
    assert app.test_client().post("/predict", json=MONDAY).status_code == 200
    fill(services_of(app).ledger)
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


def test_every_operation_is_tried(api: BaseSchema) -> None:
    found = [one.ok() for one in api.get_all_operations()]
    assert {(one.method.upper(), one.path) for one in found} == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_documented(api: BaseSchema, run_ids: list[str], method: str, path: str) -> None:
    operation = api[path][method]
    # What /predict takes depends on the champion's columns and on the calendar, and 1.0 is no whole number to it;
    # what name an upload may have depends on its kind.
    narrower = path.startswith("/predict") or path == "/uploads"
    excluded = [positive_data_acceptance] if narrower else []
    fits, does_not_fit = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

    @settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=fits | does_not_fit)
    def ask(case: Case) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"}, excluded_checks=excluded)

    ask()


CHANGES = [one for one in OPERATIONS if one[0] == "POST" and one[1].count("/") == 3]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_nothing_is_changed_without_the_token(
    api: BaseSchema, source: FakeSource, run_ids: list[str], method: str, path: str
) -> None:
    @settings(max_examples=10, deadline=None, derandomize=True, database=None)
    @given(case=api[path][method].as_strategy())
    def ask(case: Case) -> None:
        assert case.call(headers={"Authorization": "Bearer wrong"}).status_code == 403

    ask()
    assert source.promoted == []
