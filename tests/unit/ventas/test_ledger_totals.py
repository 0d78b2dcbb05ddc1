"""Totals for metrics: every row counted once, however often it is asked and whatever has settled meanwhile."""

from datetime import UTC, date, datetime, timedelta

import pytest
from ledger_databases import ON_BOTH

from ventas.ledger import Ledger, StepAttempt, UploadEvent, totals
from ventas.ledger.predictions import NewPrediction

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
PLAIN = NewPrediction(NOON, 2, date(2026, 11, 30), {}, 10.0)


@pytest.fixture(params=[60.0, 0.0], ids=["all is fresh", "all has settled"])
def settled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "SETTLED_SECONDS", request.param)


def begin(ledger: Ledger, run_id: str, step: str) -> int:
    with ledger.database.write() as session:
        attempt = StepAttempt(
            run_id=run_id, step=step, attempt=1, worker="w", lease_token="t", started_at=NOON
        )
        session.add(attempt)
        session.flush()
        return attempt.id


def end(ledger: Ledger, number: int, outcome: str, seconds: float) -> None:
    with ledger.database.write() as session:
        attempt = session.get_one(StepAttempt, number)
        attempt.outcome, attempt.ended_at = outcome, NOON + timedelta(seconds=seconds)


def upload(key: str, source: str = "minio") -> UploadEvent:
    return UploadEvent("ventas", key, "v1", "e", 1, source=source)


@ON_BOTH
@pytest.mark.usefixtures("settled")
def test_attempts_are_counted_once_they_end_and_only_once(ledger: Ledger) -> None:
    run_id = str(ledger.intake.record([upload("ventas.csv")])[0].run_id)
    slow, lost, quick = (begin(ledger, run_id, step) for step in ("etl", "retrain", "etl"))
    end(ledger, quick, "ok", 0.2)
    for _ in range(3):
        assert ledger.totals.steps().attempts == {("etl", "ok"): 1}
    end(ledger, slow, "ok", 7)
    end(ledger, lost, "lost", 5000)
    for _ in range(3):
        told = ledger.totals.steps()
        assert told.attempts == {("etl", "ok"): 2, ("retrain", "lost"): 1}
        assert told.durations["etl"].seconds == pytest.approx(7.2)
        assert sum(told.durations["etl"].counts) == 2
        assert "retrain" not in told.durations, "how long a dead worker held its lease is no time of the step"
    assert [
        bound
        for bound, count in zip(totals.STEP_SECONDS, told.durations["etl"].counts, strict=False)
        if count
    ] == [0.25, 10]


@ON_BOTH
@pytest.mark.usefixtures("settled")
def test_events_are_counted_by_source_and_outcome(ledger: Ledger) -> None:
    assert not ledger.totals.events()
    ledger.intake.record([upload("ventas.csv"), upload("ventas.csv")])
    for _ in range(3):
        assert ledger.totals.events() == {("minio", "recorded"): 1, ("minio", "duplicate"): 1}
    ledger.intake.record([upload("b/ventas.csv", source="sweep")])
    for _ in range(3):
        assert ledger.totals.events()["sweep", "recorded"] == 1


@ON_BOTH
def test_what_was_recorded_is_the_highest_id_whatever_is_deleted(ledger: Ledger) -> None:
    assert ledger.totals.newest_prediction() == 0
    ids = ledger.predictions.add([PLAIN] * 5)
    with ledger.database.write() as session:
        session.connection().exec_driver_sql(f"DELETE FROM predictions WHERE id < {ids[3]}")
    assert ledger.totals.newest_prediction() == 5
