"""`GET /metrics`: what Prometheus reads of the ledger, the queues and the parts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_helpers import MONDAY, eventually, take_ledger_away
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from test_api_reality import fill

from api.app import services_of
from ventas.front.tally import SharedTally
from ventas.ledger import Ledger, Promotion, Run, StepAttempt, UploadEvent
from ventas.ledger.tables import Sweep
from ventas.settings import Settings

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Scrape:
    """One answer of `/metrics`, looked up by name and labels."""

    def __init__(self, client: FlaskClient):
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert answer.mimetype == "text/plain"
        families = text_string_to_metric_families(answer.get_data(as_text=True))
        self.samples: Samples = {
            (one.name, frozenset(one.labels.items())): one.value
            for family in families
            for one in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, frozenset(labels.items())))


def promote(app: Flask, version: int, run_id: str | None = None) -> None:
    told: dict[str, Any] = {"source": "verdict", "actor": "w", "reason": "First."}
    with services_of(app).ledger.database.write() as session:
        session.add(Promotion(created_at=NOON, model_version=version, run_id=run_id, **told))


def test_uploads_steps_and_sweep_are_told_as_the_ledger_has_them(app: Flask, client: FlaskClient) -> None:
    ledger = services_of(app).ledger
    events = [
        UploadEvent("ventas", key, "v1", "e", 1, source=source)
        for key, source in (("a/ventas.csv", "minio"), ("b/ventas.csv", "sweep"))
    ]
    ids = [str(one.run_id) for one in ledger.intake.record(events)]
    step = {"run_id": ids[0], "step": "etl", "worker": "w", "lease_token": "t", "started_at": NOON}
    with ledger.database.write() as session:
        session.get_one(Run, ids[1]).status = "rejected"
        session.add(StepAttempt(attempt=1, outcome="lost", ended_at=NOON + timedelta(hours=1), **step))
        session.add(StepAttempt(attempt=2, outcome="ok", ended_at=NOON + timedelta(seconds=3), **step))
        session.add(Sweep(name="bucket", started_at=NOON, finished_at=NOON, listed=7, found=1))
    told = Scrape(client)
    assert (told("ventas_runs", state="received"), told("ventas_runs", state="rejected")) == (1, 1)
    assert told("ventas_runs", state="failed") == 0, (
        "what never happened is 0, or its first time would go unseen"
    )
    assert told("ventas_step_attempts_total", step="etl", outcome="lost") == 1
    assert told("ventas_step_attempts_total", step="promote", outcome="lost") == 0
    assert told("ventas_step_duration_seconds_sum", step="etl") == 3
    assert told("ventas_step_duration_seconds_bucket", step="etl", le="2.5") == 0
    assert told("ventas_step_duration_seconds_bucket", step="etl", le="5.0") == 1
    assert told("ventas_step_duration_seconds_count", step="etl") == 1
    assert told("ventas_events_total", source="sweep", outcome="recorded") == 1
    assert told("ventas_sweep_started_timestamp_seconds") == NOON.timestamp()
    assert (told("ventas_sweep_listed"), told("ventas_sweep_found")) == (7, 1)
    assert told("ventas_oldest_working_run_timestamp_seconds") is not None


def test_the_champion_its_error_in_reality_and_its_alerts_are_told(app: Flask, client: FlaskClient) -> None:
    ledger = services_of(app).ledger
    run_id = fill(ledger)
    with ledger.database.write() as session:
        run = session.get_one(Run, run_id)
        run.model_version, run.test_rmse = 1, 8.0
    promote(app, 1, run_id)
    told = Scrape(client)
    assert (told("ventas_champion_version"), told("ventas_api_champion_version")) == (1, 1)
    assert told("ventas_champion_since_timestamp_seconds") == NOON.timestamp()
    assert told("ventas_live_error_rows") == 14
    assert told("ventas_live_error_rmse") == pytest.approx((100 * 13 / 14) ** 0.5)
    assert told("ventas_live_error_limit_rmse") == 12
    assert (told("ventas_alerts", kind="drift"), told("ventas_alerts", kind="live_error")) == (2, 0)
    assert told("ventas_alerts_due") == 0


def test_predictions_are_counted_without_reading_the_history(app: Flask, client: FlaskClient) -> None:
    for _ in range(3):
        assert client.post("/predict", json=MONDAY).status_code == 200
    assert Scrape(client)("ventas_predictions_recorded_total") == 3


def test_parts_that_are_away_have_no_numbers_and_say_so(app: Flask, client: FlaskClient) -> None:
    promote(app, 1)
    eventually(
        lambda: services_of(app).parts.snapshot()["champion"].status == "ok"
    )  # noted after it is served
    take_ledger_away(app)
    told = Scrape(client)
    assert told("ventas_part_up", part="ledger") == told("ventas_part_up", part="redis") == 0
    assert told("ventas_part_up", part="champion") == 1
    assert told("ventas_queue_waiting", queue="control") is None
    assert told("ventas_runs", state="failed") is None
    assert told("ventas_champion_version") is None
    assert told("ventas_api_champion_version") == 1
    (free,) = [value for (name, _), value in told.samples.items() if name == "ventas_disk_free_bytes"]
    assert free > 0


def test_before_anything_happened_the_rest_is_told(client: FlaskClient) -> None:
    told = Scrape(client)
    assert told("ventas_predictions_recorded_total") == 0
    assert told("ventas_spool_bytes") == 0
    assert (told("ventas_live_error_rows"), told("ventas_live_error_rmse")) == (0, None)
    assert told("ventas_sweep_started_timestamp_seconds") is None


def test_prometheus_gets_the_format_that_it_asks_for(client: FlaskClient) -> None:
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.mimetype == "application/openmetrics-text"
    assert answer.get_data(as_text=True).endswith("# EOF\n")


def test_what_became_of_predictions_is_told_and_what_waits_in_files(
    app: Flask, client: FlaskClient, settings: Settings
) -> None:
    client.post("/predict", json=MONDAY)
    other = Ledger(settings)
    with other.database.write() as session:
        session.connection()
        assert client.post("/predict", json=MONDAY).get_json()["recorded"] is False
        told = Scrape(client)
    other.close()
    assert (
        told("ventas_predictions_total", outcome="recorded"),
        told("ventas_predictions_total", outcome="spooled"),
    ) == (1, 1)
    assert told("ventas_predictions_total", outcome="lost") == 0
    assert (
        told("ventas_spool_bytes")
        == sum(one.stat().st_size for one in (settings.home / "spool").iterdir())
        > 0
    )


def test_requests_of_all_processes_are_told_together(app: Flask, client: FlaskClient) -> None:
    services = services_of(app)
    services.tally.observe("POST", "/predict", 200, 0.002)
    sibling = SharedTally(services.settings.home / "run" / "api-counts")
    sibling._file = sibling._file.with_name(f"{sibling._start}-0.json")
    sibling.observe("POST", "/predict", 200, 0.3)
    sibling.share()
    told = Scrape(client)
    labels = {"method": "POST", "route": "/predict", "status": "200"}
    assert told("ventas_api_request_duration_seconds_count", **labels) == 2
    assert told("ventas_api_request_duration_seconds_sum", **labels) == pytest.approx(0.302)
    assert told("ventas_api_request_duration_seconds_bucket", le="0.0025", **labels) == 1
