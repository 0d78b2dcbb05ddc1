"""What an operator asks of past runs: to start one again, and which ones to judge anew."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, select, update

from ventas.contract import Kind
from ventas.errors import Conflict, NotFound
from ventas.ledger.database import Database
from ventas.ledger.tables import Run, StepAttempt
from ventas.states import WORKING_STATES, RunStatus
from ventas.times import utc_now

RETRIABLE = (RunStatus.FAILED, RunStatus.REJECTED, RunStatus.SUPERSEDED)
REPLAYABLE = (RunStatus.PROMOTED, RunStatus.NOT_PROMOTED, RunStatus.REJECTED)
RETRY = "retry"  # the step under which the history keeps who started a run again, and how it had ended

_AS_NEW = {
    "status": RunStatus.RECEIVED.value,
    "attempts": 0,
    "lease_token": None,
    "lease_expires_at": None,
    "enqueued_at": None,
    "finished_at": None,
    "reason": None,
    "progress_done": None,
    "progress_total": None,
    "same_as_run": None,
    "superseded_by": None,
    "quality": None,
    "mlflow_run_id": None,
    "model_version": None,
    "verdict": None,
    "dataset_deleted_at": None,  # etl makes it anew
}


class Replays:
    """Starts runs again, and finds past ones. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database

    def retry(self, run_id: str, actor: str) -> Run:
        """Let a run that failed, was rejected or superseded start again at its first step.

        How it had ended stays in the history of its steps. Raises NotFound, and Conflict where the run is in
        another state.
        """
        now = utc_now()
        with self._database.write() as session:
            run = session.get(Run, run_id, with_for_update=True)
            if run is None:
                raise NotFound(f"There is no run {run_id}.")
            if run.status not in RETRIABLE:
                raise Conflict(_why_not(run))
            if run.upload_deleted_at is not None:
                raise Conflict(
                    f"The upload of run {run.id} went by retention (KEEP_REJECTED_DAYS) and cannot be read again; "
                    "upload the file anew."
                )
            ended = RunStatus(run.status)
            why = f"It had ended as {ended}: {run.reason or 'no reason was kept'}"
            session.execute(
                update(Run)
                .where(Run.id == run_id, Run.status == run.status)
                .values(_AS_NEW | {"updated_at": now})
            )
            session.add(_asked_for(run_id, actor, why, ended))
            session.flush()
            session.refresh(run)
            return run

    def insist(self, run_id: str, actor: str, reason: str) -> None:
        """Let a run that is at work come to its verdict even if a newer version of its key has arrived."""
        with self._database.write() as session:
            session.add(_asked_for(run_id, actor, reason, "ok"))

    def judged(self, since: datetime, until: datetime | None = None) -> list[Run]:
        """Runs of sales that were judged or rejected, of uploads from `since` to `until`, in upload order."""
        uploaded = func.coalesce(Run.uploaded_at, Run.created_at)
        with self._database.read() as session:
            wanted = select(Run).where(Run.kind == Kind.SALES, Run.status.in_(REPLAYABLE), uploaded >= since)
            if until is not None:
                wanted = wanted.where(uploaded <= until)
            return list(session.scalars(wanted.order_by(uploaded, Run.version_id, Run.id)))

    def starting_with(self, prefix: str, limit: int = 2) -> list[Run]:
        """Up to `limit` runs whose id starts with `prefix`, newest first."""
        with self._database.read() as session:
            found = select(Run).where(Run.id.startswith(prefix, autoescape=True))
            return list(session.scalars(found.order_by(Run.id.desc()).limit(limit)))


def _asked_for(run_id: str, actor: str, why: str, outcome: str) -> StepAttempt:
    """`outcome` is the state in which the run had ended, or "ok" where it had not."""
    now = utc_now()
    return StepAttempt(
        run_id=run_id,
        step=RETRY,
        attempt=1,
        worker=actor,
        lease_token=str(uuid4()),
        started_at=now,
        ended_at=now,
        outcome=outcome,
        error=why,
    )


def _why_not(run: Run) -> str:
    status = RunStatus(run.status)
    if status in WORKING_STATES:
        return f"Run {run.id} is at work ({status}); only a run that has ended can be started again."
    if status == RunStatus.IGNORED:
        return (
            f"Run {run.id} was ignored, for its upload is no sales file by its name; there is nothing to do."
        )
    if status == RunStatus.COMPLETED:
        return f"Run {run.id} is completed; upload the file again for an answer by the champion of now."
    return f"Run {run.id} has been judged already ({status}); `ventas replay` judges anew without promoting."
