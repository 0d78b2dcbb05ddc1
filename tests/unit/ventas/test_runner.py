"""Every step ends in exactly one way."""

import errno
import threading

import pytest

from ventas.errors import ModelUnusable, RejectedUpload, StoreUnavailable
from ventas.ledger import Ledger, UploadEvent
from ventas.ledger.runs import Runs
from ventas.pipeline.runner import Outcome, TryAgain, run_step
from ventas.states import RunStatus, Step


class Parts:
    """The two parts of a context that the runner uses."""

    def __init__(self, settings, ledger: Ledger):
        self.settings = settings.model_copy(update={"MAX_ATTEMPTS": 2, "LEASE_RENEW_SECONDS": 0.01})
        self.ledger = ledger


@pytest.fixture
def parts(settings, ledger: Ledger) -> Parts:
    return Parts(settings, ledger)


@pytest.fixture
def run_id(ledger: Ledger) -> str:
    return ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v1", "e", 1)])[0].run_id


def _raising(error: Exception):
    def work(context, lease):
        raise error

    return work


def test_an_effect_names_the_next_step(parts: Parts, run_id: str) -> None:
    done = []
    outcome = Outcome(RunStatus.RETRAIN, {"sha256": "x"}, after=lambda: done.append(True))
    assert run_step(parts, run_id, Step.ETL, lambda context, lease: outcome, "w") == Step.RETRAIN
    assert (parts.ledger.runs.get(run_id).sha256, done) == ("x", [True])


def test_a_file_at_fault_ends_as_rejected_with_its_sentence(parts: Parts, run_id: str) -> None:
    assert run_step(parts, run_id, Step.ETL, _raising(RejectedUpload("No column Fecha.")), "w") is None
    run = parts.ledger.runs.get(run_id)
    assert (run.status, run.reason) == ("rejected", "No column Fecha.")


def test_a_permanent_error_fails_at_once(parts: Parts, run_id: str) -> None:
    assert run_step(parts, run_id, Step.ETL, _raising(ModelUnusable("broken")), "w") is None
    run = parts.ledger.runs.get(run_id)
    assert (run.status, run.reason) == ("failed", "broken")


def test_an_outage_is_no_attempt_and_is_waited_out(parts: Parts, run_id: str) -> None:
    """Five uploads were once lost to `failed` while MLflow was away for 38 s."""
    away = _raising(StoreUnavailable("MinIO is away"))
    for _ in range(3 * parts.settings.MAX_ATTEMPTS):
        with pytest.raises(TryAgain):
            run_step(parts, run_id, Step.ETL, away, "w")
    run = parts.ledger.runs.get(run_id)
    assert (run.status, run.attempts) == ("etl", 0)
    assert "MinIO is away" in run.reason
    done = Outcome(RunStatus.RETRAIN)
    assert run_step(parts, run_id, Step.ETL, lambda context, lease: done, "w") == Step.RETRAIN


def test_an_outage_beyond_patience_is_failed_with_its_error(parts: Parts, run_id: str) -> None:
    parts.settings = parts.settings.model_copy(update={"OUTAGE_PATIENCE_SECONDS": 0})
    assert run_step(parts, run_id, Step.ETL, _raising(StoreUnavailable("MinIO is away")), "w") is None
    run = parts.ledger.runs.get(run_id)
    assert run.status == "failed"
    assert "MinIO is away" in run.reason


def test_a_full_disk_is_waited_out_as_an_outage_is(parts: Parts, run_id: str) -> None:
    for _ in range(3 * parts.settings.MAX_ATTEMPTS):
        with pytest.raises(TryAgain):
            run_step(parts, run_id, Step.ETL, _raising(OSError(errno.ENOSPC, "No space left on device")), "w")
    run = parts.ledger.runs.get(run_id)
    assert (run.status, run.attempts) == ("etl", 0)
    assert run.reason == f"The disk of {parts.settings.home / 'tmp'} is full: make room."


def test_a_bug_is_tried_again_and_then_failed_with_its_error(parts: Parts, run_id: str) -> None:
    error = ZeroDivisionError("a bug")
    with pytest.raises(TryAgain):
        run_step(parts, run_id, Step.ETL, _raising(error), "w")
    assert parts.ledger.runs.get(run_id).status == "etl"
    assert run_step(parts, run_id, Step.ETL, _raising(error), "w") is None
    run = parts.ledger.runs.get(run_id)
    assert run.status == "failed"
    assert str(error) in run.reason


def test_a_step_that_kills_its_workers_is_given_up_without_another_try(parts: Parts, run_id: str) -> None:
    dying = Runs(parts.ledger.database, lease_seconds=-1)
    for _ in range(2):
        assert dying.acquire(run_id, Step.ETL, "dead") is not None

    def poison(context, lease):
        pytest.fail("the poison must not be tried again")

    assert run_step(parts, run_id, Step.ETL, poison, "w") is None
    run = parts.ledger.runs.get(run_id)
    assert run.status == "failed"
    assert "started 2 times" in run.reason


def test_a_worker_that_lost_its_lease_changes_nothing(parts: Parts, run_id: str) -> None:
    def overtaken(context, lease):
        with context.ledger.database.write() as session:
            session.get(type(context.ledger.runs.get(run_id)), run_id).lease_token = "another's"
        return Outcome(RunStatus.REJECTED, {"reason": "late"})

    assert run_step(parts, run_id, Step.ETL, overtaken, "w") is None
    assert parts.ledger.runs.get(run_id).status == "etl"


def test_the_lease_is_renewed_while_the_step_works(parts: Parts, run_id: str) -> None:
    renewed = threading.Event()
    before = parts.ledger.runs.renew
    parts.ledger.runs.renew = lambda lease: (before(lease), renewed.set())

    def slow(context, lease):
        assert renewed.wait(10)
        return Outcome(RunStatus.RETRAIN)

    assert run_step(parts, run_id, Step.ETL, slow, "w") == Step.RETRAIN
