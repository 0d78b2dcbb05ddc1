"""All routes: their shapes, their errors, their slashes, and the page that documents them."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_helpers import (
    MONDAY,
    FakeCatalogue,
    FakeSource,
    assert_problem,
    eventually,
    model,
    registered,
    take_ledger_away,
    version_files,
)
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from api.app import create_app, services_of
from ventas.errors import LedgerUnavailable, RegistryUnavailable, SettingsError
from ventas.ledger import Event, Promotion, Run, StepAttempt
from ventas.ledger.events import UploadEvent
from ventas.times import utc_now

BODIES = {"/predict": MONDAY, "/predict/batch": {"rows": [MONDAY]}}
ROUTES = {
    ("/predict", "post"),
    ("/predict/batch", "post"),
    ("/history/", "get"),
    ("/history/{id}", "get"),
    ("/history/{id}/lineage", "get"),
    ("/history/predictions.csv", "get"),
    ("/accuracy", "get"),
    ("/alerts", "get"),
    ("/health", "get"),
    ("/health/live", "get"),
    ("/models", "get"),
    ("/models/champion", "get"),
    ("/models/champion/columns", "get"),
    ("/actuals", "get"),
    ("/models/promotions", "get"),
    ("/models/{version}", "get"),
    ("/models/{version}/card", "get"),
    ("/models/{version}/losses", "get"),
    ("/models/{version}/predictions", "get"),
    ("/models/{version}/promote", "post"),
    ("/models/{version}/approve", "post"),
    ("/runs", "get"),
    ("/runs/{id}", "get"),
    ("/runs/{id}/quality", "get"),
    ("/runs/{id}/rejected.csv", "get"),
    ("/runs/{id}/answer.csv", "get"),
    ("/runs/{id}/retry", "post"),
    ("/runs/{id}/replay", "post"),
    ("/runs/{id}/replay", "get"),
    ("/events", "get"),
    ("/status", "get"),
    ("/uploads", "post"),
    ("/uploads/preview", "post"),
}
ADMIN = {
    ("/uploads", "post"),
    ("/models/{version}/promote", "post"),
    ("/models/{version}/approve", "post"),
    ("/runs/{id}/retry", "post"),
    ("/runs/{id}/replay", "post"),
}
DOWNLOADS = {
    ("/runs/{id}/rejected.csv", "get"),
    ("/runs/{id}/answer.csv", "get"),
    ("/actuals", "get"),
}  # answered only where their files are: test_api_downloads.py, test_api_forecast_form.py
NO_RUN = "019abcde-0000-7000-8000-000000000000"


def upload(key: str) -> UploadEvent:
    return UploadEvent("ventas", key, "v1", "etag", 120)


@pytest.fixture
def run_id(app: Flask) -> str:
    """A run that was promoted, with everything that a run can have."""
    ledger = services_of(app).ledger
    run_id = ledger.intake.record([upload("ventas.csv")])[0].run_id
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    with ledger.database.write() as session:
        run = session.get_one(Run, run_id)
        run.status, run.finished_at, run.model_version = "promoted", now, 1
        run.progress_done, run.progress_total = 3, 12
        run.quality, run.verdict = {"rows_in": 365}, {"promoted": True, "kind": "first"}
        step = {"step": "etl", "attempt": 1, "worker": "w", "lease_token": "t", "started_at": now}
        session.add(StepAttempt(run_id=run_id, outcome="ok", ended_at=now, error=None, **step))
        session.add(
            Promotion(
                created_at=now, model_version=1, run_id=run_id, source="verdict", actor="w", reason="First."
            )
        )
    ledger.replay_work.ask(run_id, "Ana")
    return run_id


def paths(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, operations in document["paths"].items():
        for method in operations:
            yield path, method


def test_the_openapi_document_is_valid_and_lists_every_route(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    validate(document)
    assert set(paths(document)) == ROUTES
    body = document["paths"]["/predict"]["post"]["requestBody"]
    assert "DíaDeLaSemana" in body["content"]["application/json"]["schema"]["properties"]


def test_every_route_answers_with_and_without_its_slash(
    client: FlaskClient, run_id: str, catalogue: FakeCatalogue
) -> None:
    catalogue.known = [registered(1)]
    catalogue.files |= version_files(1)
    assert client.post("/predict", json=MONDAY).get_json()["id"] == 1
    for path, method in sorted(ROUTES - ADMIN - DOWNLOADS):
        concrete = (
            path.replace("{id}", run_id if "runs" in path else "1").replace("{version}", "1").rstrip("/")
        )
        for url in (concrete, concrete + "/"):
            answer = client.open(url, method=method.upper(), json=BODIES.get(path))
            assert answer.status_code == 200, url
            assert answer.mimetype == ("text/csv" if path.endswith(".csv") else "application/json")


def test_every_route_refuses_other_methods_as_a_problem(client: FlaskClient) -> None:
    for path, method in sorted(ROUTES):
        answer = client.delete(path.replace("{id}", "1").replace("{version}", "1"), json={})
        problem = assert_problem(answer, 405, says="possible: ")
        for told in (problem["detail"], answer.headers["Allow"]):
            assert method.upper() in told


def test_every_route_that_reads_the_ledger_names_it_when_it_is_away(app: Flask, client: FlaskClient) -> None:
    take_ledger_away(app)
    for path in ("/history/", "/history/1", "/runs", f"/runs/{NO_RUN}", "/events", "/models/promotions"):
        members = assert_problem(client.get(path), 503, says="database")
        assert "sqlite" not in str(members).lower()


def test_every_route_that_reads_the_registry_names_mlflow_when_it_is_away(
    client: FlaskClient, catalogue: FakeCatalogue
) -> None:
    catalogue.error = RegistryUnavailable("MLflow does not answer: refused")
    for path in ("/models", "/models/champion", "/models/1", "/models/1/card", "/models/1/predictions"):
        members = assert_problem(client.get(path), 503, says="(MLflow) does not answer")
        assert "refused" not in str(members)
        assert members["type"] == "urn:ventas:problem:registry-unavailable"


def test_a_bug_is_a_500_without_internals(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    catalogue.error = ZeroDivisionError("secret internals")  # type: ignore[assignment]
    members = assert_problem(client.get("/models"), 500)
    assert "secret" not in str(members)


@pytest.mark.parametrize(
    "path", ["/nothing", "/predict/x", "/history//1", "/docs/assets/none.js", "/runs/a/b"]
)
def test_an_unknown_path_is_404_as_a_problem(client: FlaskClient, path: str) -> None:
    assert_problem(client.get(path), 404)


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
@pytest.mark.parametrize("path", ["/predict", "/health", "/nothing"])
def test_no_origin_is_let_in(client: FlaskClient, path: str, method: str) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = client.open(path, method=method, headers=headers)
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


def test_the_docs_refer_to_no_other_host(client: FlaskClient) -> None:
    for page in ("/docs", "/docs/", "/"):
        answer = client.get(page)
        html = answer.get_data(as_text=True)
        assert answer.mimetype == "text/html"
        assert "//" not in html.replace("<!DOCTYPE html>", "")
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        for asset in re.findall(r'(?:src|href)="([^"]+)"', html):
            found = client.get(asset)
            assert found.status_code == 200
            assert found.get_data()
            found.close()
    started = client.get("/docs/start.js").get_data(as_text=True)
    assert '"/openapi.json"' in started
    assert "validatorUrl: null" in started


def test_health_tells_the_version_and_the_parts(client: FlaskClient) -> None:
    before = utc_now()
    away = eventually(lambda: _part(client, "notices") if _part(client, "notices")["reason"] else None)
    body = client.get("/health").get_json()
    assert (body["status"], body["model_version"]) == ("ok", 1)
    assert body["loaded_at"].endswith("Z")
    assert body["parts"].keys() == {"champion", "ledger", "registry", "notices", "history", "shadow"}
    assert body["compiled"] is False, "the fake is no pipeline"
    assert (away["status"], "Redis" in away["reason"]) == ("away", True)
    assert abs((datetime.fromisoformat(away["since"]) - before).total_seconds()) < 60
    assert _part(client, "ledger")["status"] == "ok"


def test_health_tells_since_when_a_part_is_away(client: FlaskClient, source: FakeSource) -> None:
    """However often it is missed again: what counts is when it was missed first."""
    eventually(lambda: _part(client, "registry")["status"] == "ok")
    source.registry_error = RegistryUnavailable("MLflow does not answer: refused")
    first = eventually(lambda: _part(client, "registry") if _part(client, "registry")["reason"] else None)
    rounds = source.reconciled
    source.registry_error = RegistryUnavailable("MLflow does not answer: timed out")
    eventually(lambda: source.reconciled > rounds + 5)
    later = _part(client, "registry")
    assert (later["since"], "timed out" in later["reason"]) == (first["since"], True)
    source.registry_error = None
    back = eventually(lambda: _part(client, "registry") if not _part(client, "registry")["reason"] else None)
    assert back["status"] == "ok"
    assert back["since"] > first["since"]


def _part(client: FlaskClient, name: str) -> dict[str, Any]:
    part: dict[str, Any] = client.get("/health").get_json()["parts"][name]
    return part


def test_health_is_503_with_the_reason_while_there_is_no_champion_and_live_is_not(
    source: FakeSource, start: Callable[..., Flask]
) -> None:
    source.champion = None
    client = start(wait=False).test_client()
    eventually(lambda: "promoted" in client.get("/health").get_json()["detail"])
    members = assert_problem(client.get("/health"), 503, says="No model has been promoted yet")
    assert members["type"] == "urn:ventas:problem:no-champion"
    assert members["parts"]["champion"]["reason"] == members["detail"]
    assert client.get("/health/live").get_json() == {"status": "alive"}
    assert_problem(client.get("/models/champion"), 503)


def test_models_say_which_one_is_served(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    worse = registered(2, aliases=("challenger",), stage="Rejected", metrics={"test_r2": float("nan")})
    catalogue.known = [worse, registered(1)]
    answer = client.get("/models")
    assert answer.headers["X-Total-Count"] == "2"
    second, first = answer.get_json()
    assert (second["version"], second["served"], second["metrics"]) == (2, False, {"test_r2": None})
    assert first == {
        "version": 1,
        "aliases": ["champion"],
        "stage": "Production",
        "metrics": {"test_rmse": 95.3},
        "params": {"max_depth": "10"},
        "run_id": "mlflow1",
        "pipeline_run_id": None,
        "created_at": "2026-11-01T00:00:00Z",
        "served": True,
        "files_deleted": False,
        "missing": None,
        "awaits_approval": False,
        "example": False,
        "verdict": None,
    }
    assert client.get("/models/champion").get_json() == first | {"promotion": None}
    assert [entry["version"] for entry in client.get("/models?skip=1&limit=1").get_json()] == [1]


@pytest.mark.usefixtures("run_id")
def test_what_is_gone_from_mlflow_is_told_and_hides_nothing(
    client: FlaskClient, catalogue: FakeCatalogue
) -> None:
    """Version 1 is served; it was deleted in MLflow, and so was the MLflow run of version 2."""
    catalogue.known = [registered(2, aliases=(), metrics={}, missing="run")]
    second, first = client.get("/models").get_json()
    assert (second["version"], second["missing"], second["metrics"]) == (2, "run", {})
    assert (first["version"], first["missing"], first["served"], first["aliases"]) == (1, "version", True, [])
    assert client.get("/models/champion").get_json()["missing"] == "version"
    assert client.get("/models/1").get_json()["version"] == 1
    then = client.get("/models/champion?at=2026-11-23T13:00:00Z").get_json()
    assert (then["version"], then["missing"]) == (1, "version")
    assert_problem(client.get("/models/3"), 404)


def test_promotions_are_listed(client: FlaskClient, run_id: str) -> None:
    (promotion,) = client.get("/models/promotions").get_json()
    assert promotion == {
        "id": 1,
        "created_at": "2026-11-23T12:00:00Z",
        "model_version": 1,
        "previous_version": None,
        "run_id": run_id,
        "source": "verdict",
        "actor": "w",
        "reason": "First.",
    }


def test_a_run_has_its_verdict_quality_and_steps(client: FlaskClient, run_id: str) -> None:
    run = client.get(f"/runs/{run_id.upper()}").get_json()
    assert run["id"] == run_id
    assert run["status"] == "promoted"
    assert run["progress"] == {"done": 3, "total": 12}
    assert run["verdict"] == {"promoted": True, "kind": "first"}
    assert run["quality"] == {"rows_in": 365}
    (step,) = run["steps"]
    assert (step["step"], step["attempt"], step["outcome"]) == ("etl", 1, "ok")
    (listed,) = client.get("/runs").get_json()
    same = {name: value for name, value in run.items() if name not in ("quality", "steps")}
    assert listed == same | {"rejection": None, "steps": None}
    (with_steps,) = client.get("/runs?steps=true").get_json()
    assert with_steps == same | {"rejection": None, "steps": [step]}


def test_runs_are_filtered_and_links_keep_the_filter(app: Flask, client: FlaskClient, run_id: str) -> None:
    record = services_of(app).ledger.intake.record
    other = record([upload("mayo ventas&1.csv")])[0].run_id
    assert [run["id"] for run in client.get("/runs").get_json()] == [other, run_id]
    assert [run["id"] for run in client.get("/runs?status=promoted").get_json()] == [run_id]
    answer = client.get("/runs", query_string={"key": "mayo ventas&1.csv", "version_id": "v1"})
    assert [run["id"] for run in answer.get_json()] == [other]
    assert "key=mayo+ventas%261.csv&version_id=v1&skip=0" in answer.headers["Link"]
    assert client.get("/runs?key=none").get_json() == []
    assert [run["id"] for run in client.get("/runs?name=MAYO").get_json()] == [other]
    assert client.get("/runs?name=ventas_csv").get_json() == [], "an underscore stands for itself"
    assert_problem(client.get("/runs?status=done"), 422, field="status", says="one of received, etl")
    assert_problem(client.get("/runs?key=%00"), 422, field="key")
    assert_problem(client.get("/runs?steps=maybe"), 422, field="steps", says="true or false")


@pytest.mark.parametrize("unknown", [NO_RUN, "7", "none", "%00"])
def test_an_unknown_run_is_404(client: FlaskClient, unknown: str) -> None:
    assert_problem(client.get(f"/runs/{unknown}"), 404)


def test_events_are_listed_newest_first(app: Flask, client: FlaskClient) -> None:
    record = services_of(app).ledger.intake.record
    record([upload("ventas.csv")])
    record([upload("ventas.csv")])
    newest, first = client.get("/events").get_json()
    assert (newest["outcome"], first["outcome"]) == ("duplicate", "recorded")
    assert newest["run_id"] == first["run_id"]
    assert newest.keys() == {column.name for column in Event.__table__.columns} - {"sequencer"}


def test_the_application_is_imported_without_mlflow_and_sklearn() -> None:
    script = "import sys, api.app; print(sorted({'mlflow', 'sklearn', 'celery'} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout == "[]\n"


def test_a_setting_that_cannot_work_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAMPION_POLL_SECONDS", "-1")
    with pytest.raises(SettingsError, match="CHAMPION_POLL_SECONDS"):
        create_app()


def test_settings_of_the_environment_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: FakeSource, catalogue: FakeCatalogue
) -> None:
    monkeypatch.setenv("VENTAS_HOME", str(tmp_path))
    monkeypatch.setenv("HISTORY_PAGE_MAX", "7")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    app = create_app(None, source, catalogue)
    try:
        assert_problem(app.test_client().get("/history/?limit=8"), 422, field="limit", says="1 to 7")
        assert services_of(app).settings.home == tmp_path
    finally:
        services_of(app).close()


def test_closing_ends_every_thread_and_health_still_answers(
    source: FakeSource, start: Callable[..., Flask]
) -> None:
    app = start()
    services_of(app).close()
    source.champion, source.models[2] = 2, model(2)
    assert app.test_client().get("/health").get_json()["model_version"] == 1
    source.ledger_error = LedgerUnavailable("away.")
    services_of(app).close()
