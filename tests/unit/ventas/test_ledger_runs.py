"""Leases: a step may be started twice, but takes effect once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from ledger_databases import ON_BOTH

from ventas.errors import ChampionChanged, LeaseLost
from ventas.ledger import Ledger, Promotion, UploadEvent
from ventas.ledger.runs import Runs
from ventas.states import RunStatus, Step
from ventas.times import utc_now

pytestmark = ON_BOTH
AT_ONCE = timedelta(0)
LATER = timedelta(minutes=5)


@pytest.fixture
def run_id(ledger: Ledger) -> str:
    (recorded,) = ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v1", "e", 1)])
    return recorded.run_id


@pytest.fixture
def dying(ledger: Ledger) -> Runs:
    """Runs whose leases have run out as soon as they are taken, as if their worker had died."""
    return Runs(ledger.database, lease_seconds=-1)


def promotion(version: int, previous: int | None) -> Promotion:
    return Promotion(
        created_at=utc_now(),
        model_version=version,
        previous_version=previous,
        source="verdict",
        actor="pipeline",
        reason="because",
    )


def test_a_step_is_leased_to_one_worker_only(ledger: Ledger, run_id: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda n: ledger.runs.acquire(run_id, Step.ETL, f"w{n}"), range(16)))
    assert sum(lease is not None for lease in leases) == 1


def test_a_step_that_is_not_due_is_not_leased(ledger: Ledger, run_id: str) -> None:
    assert ledger.runs.acquire(run_id, Step.RETRAIN, "w") is None
    assert ledger.runs.acquire("no-such-run", Step.ETL, "w") is None


def test_a_finished_step_makes_the_next_one_due(ledger: Ledger, run_id: str) -> None:
    lease = ledger.runs.acquire(run_id, Step.ETL, "w")
    ledger.runs.finish(lease, RunStatus.RETRAIN, quality={"rows_in": 3})
    run = ledger.runs.get(run_id)
    assert (run.status, run.quality, run.finished_at) == ("retrain", {"rows_in": 3}, None)
    assert ledger.runs.acquire(run_id, Step.ETL, "w") is None
    assert ledger.runs.acquire(run_id, Step.RETRAIN, "w").attempt == 1


def test_a_zombie_that_wakes_up_changes_nothing(ledger: Ledger, dying: Runs, run_id: str) -> None:
    zombie = dying.acquire(run_id, Step.ETL, "dead")
    lease = ledger.runs.acquire(run_id, Step.ETL, "alive")
    for late in (
        lambda: ledger.runs.finish(zombie, RunStatus.REJECTED, reason="late"),
        lambda: ledger.runs.renew(zombie),
        lambda: ledger.runs.progress(zombie, 1, 12),
        lambda: ledger.runs.release(zombie, "late"),
    ):
        with pytest.raises(LeaseLost):
            late()
    ledger.runs.finish(lease, RunStatus.RETRAIN)
    assert ledger.runs.get(run_id).status == "retrain"
    assert [(a.worker, a.outcome) for a in ledger.runs.attempts(run_id)] == [
        ("dead", "lost"),
        ("alive", "ok"),
    ]


def test_a_step_cannot_end_in_a_state_that_does_not_follow_it(ledger: Ledger, run_id: str) -> None:
    lease = ledger.runs.acquire(run_id, Step.ETL, "w")
    with pytest.raises(ValueError, match="cannot end as promoted"):
        ledger.runs.finish(lease, RunStatus.PROMOTED)


def test_a_run_whose_task_was_never_sent_is_due_once(ledger: Ledger, run_id: str) -> None:
    assert ledger.runs.take_due(LATER) == [(run_id, Step.ETL)]
    assert ledger.runs.take_due(LATER) == []
    assert ledger.runs.take_due(AT_ONCE) == [(run_id, Step.ETL)], "sent long ago and never begun"


def test_a_run_whose_task_was_sent_is_not_due(ledger: Ledger, run_id: str) -> None:
    ledger.runs.mark_enqueued(run_id)
    assert ledger.runs.take_due(LATER) == []
    ledger.runs.unmark_enqueued([run_id])
    assert ledger.runs.take_due(LATER) == [(run_id, Step.ETL)]


def test_a_working_step_is_not_due_and_an_expired_one_is(ledger: Ledger, dying: Runs, run_id: str) -> None:
    lease = ledger.runs.acquire(run_id, Step.ETL, "w")
    assert ledger.runs.take_due(AT_ONCE) == []
    ledger.runs.release(lease, "MinIO is away")
    dead = dying.acquire(run_id, Step.ETL, "dead")
    ledger.runs.mark_enqueued(run_id)
    assert ledger.runs.take_due(LATER) == [(run_id, Step.ETL)]
    with pytest.raises(LeaseLost):
        ledger.runs.renew(dead)


def test_a_released_step_keeps_its_error_and_counts_its_attempts(ledger: Ledger, run_id: str) -> None:
    ledger.runs.release(ledger.runs.acquire(run_id, Step.ETL, "w"), "MinIO is away")
    assert ledger.runs.acquire(run_id, Step.ETL, "w").attempt == 2
    first = ledger.runs.attempts(run_id)[0]
    assert (first.outcome, first.error) == ("retry", "MinIO is away")


def test_a_final_run_is_never_due(ledger: Ledger, run_id: str) -> None:
    ledger.runs.finish(ledger.runs.acquire(run_id, Step.ETL, "w"), RunStatus.REJECTED, reason="empty")
    run = ledger.runs.get(run_id)
    assert run.finished_at is not None
    assert ledger.runs.take_due(AT_ONCE) == []


def test_a_promotion_is_kept_only_against_the_champion_it_was_judged_by(ledger: Ledger, run_id: str) -> None:
    runs = ledger.runs
    runs.finish(runs.acquire(run_id, Step.ETL, "w"), RunStatus.RETRAIN)
    runs.finish(runs.acquire(run_id, Step.RETRAIN, "w"), RunStatus.PROMOTE, model_version=1)
    lease = runs.acquire(run_id, Step.PROMOTE, "w")
    with pytest.raises(ChampionChanged):
        runs.finish(lease, RunStatus.PROMOTED, promotion=promotion(1, previous=7))
    assert (runs.get(run_id).status, ledger.promotions.head()) == ("promote", None)
    runs.finish(lease, RunStatus.PROMOTED, promotion=promotion(1, previous=None))
    assert ledger.promotions.head().model_version == 1


def test_a_zombie_cannot_promote(ledger: Ledger, dying: Runs, run_id: str) -> None:
    runs = ledger.runs
    runs.finish(runs.acquire(run_id, Step.ETL, "w"), RunStatus.RETRAIN)
    runs.finish(runs.acquire(run_id, Step.RETRAIN, "w"), RunStatus.PROMOTE, model_version=1)
    zombie = dying.acquire(run_id, Step.PROMOTE, "dead")
    runs.take_due(LATER)
    with pytest.raises(LeaseLost):
        runs.finish(zombie, RunStatus.PROMOTED, promotion=promotion(1, previous=None))
    assert ledger.promotions.head() is None


def test_the_same_bytes_are_found_only_when_judged_with_the_same_recipe(ledger: Ledger, run_id: str) -> None:
    lease = ledger.runs.acquire(run_id, Step.ETL, "w")
    ledger.runs.note(lease, sha256="abc", recipe_digest="r1")
    assert ledger.runs.judged_before("abc", "r1", "other") is None, "not judged yet"
    ledger.runs.finish(lease, RunStatus.NOT_PROMOTED)
    assert ledger.runs.judged_before("abc", "r1", "other").id == run_id
    assert ledger.runs.judged_before("abc", "r2", "other") is None
    assert ledger.runs.judged_before("abc", "r1", run_id) is None
