"""Runs and their leases: every change of state is a compare-and-set on the lease's token.

A worker that was thought dead and wakes up holds an old token: its writes match no row, and it learns so by
LeaseLost. So a step may be started twice, but takes effect once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from ventas.errors import ChampionChanged, LeaseLost
from ventas.ledger.database import Database
from ventas.ledger.promotions import locked_head
from ventas.ledger.tables import Promotion, Run, StepAttempt
from ventas.states import (
    FINAL_STATES,
    KIND_OF_STEP,
    STATES_OF_STEP,
    TRANSITIONS,
    USABLE_STATES,
    WORKING_STATES,
    RunStatus,
    Step,
    due_step,
)
from ventas.times import utc_now


@dataclass(frozen=True)
class Lease:
    """The right to work on one step of one run; `attempt` counts the starts of this step, from 1."""

    run_id: str
    step: Step
    token: str
    attempt: int


class Runs:
    """Reads and changes runs. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database, lease_seconds: int = 30):
        self._database = database
        self._lease_for = timedelta(seconds=lease_seconds)

    def acquire(self, run_id: str, step: Step, worker: str, task_id: str | None = None) -> Lease | None:
        """Lease `step` of a run to `worker`, or None where it is not due or leased to another.

        `task_id` is the id of the worker's task, kept for whoever looks it up in Flower.
        """
        now = utc_now()
        token = str(uuid4())
        with self._database.write() as session:
            taken = session.execute(
                update(Run)
                .where(
                    Run.id == run_id,
                    Run.kind == KIND_OF_STEP[step],
                    Run.status.in_(STATES_OF_STEP[step]),
                    _unleased(now),
                )
                .values(
                    status=step.value,
                    lease_token=token,
                    lease_expires_at=now + self._lease_for,
                    attempts=Run.attempts + 1,
                    updated_at=now,
                )
            )
            if taken.rowcount == 0:  # type: ignore[attr-defined]
                return None
            run = session.get_one(Run, run_id)
            _close_lost_attempts(session, run_id, now)
            session.add(
                StepAttempt(
                    run_id=run_id,
                    step=step,
                    attempt=run.attempts,
                    worker=worker,
                    lease_token=token,
                    started_at=now,
                    task_id=task_id,
                )
            )
            return Lease(run_id, step, token, run.attempts)

    def renew(self, lease: Lease) -> None:
        """Extend the lease; raises LeaseLost where another worker holds the run."""
        self._change(lease, lease_expires_at=utc_now() + self._lease_for)

    def progress(self, lease: Lease, done: int, total: int) -> None:
        """Say how many of the search's candidates are done; raises LeaseLost."""
        self._change(lease, progress_done=done, progress_total=total, updated_at=utc_now())

    def note(self, lease: Lease, **columns: Any) -> None:
        """Keep facts found by the step in columns of its run; raises LeaseLost."""
        self._change(lease, updated_at=utc_now(), **columns)

    def _change(self, lease: Lease, **columns: Any) -> None:
        with self._database.write() as session:
            _change_leased(session, lease, columns)

    def finish(
        self, lease: Lease, status: RunStatus, *, promotion: Promotion | None = None, **columns: Any
    ) -> None:
        """End the step: move the run to `status`, give the lease back, keep `columns`.

        A `promotion` is added in the same transaction, if the champion still is its `previous_version`. What
        this run had superseded is linked to the run that supersedes it, so that every link names the newest.
        Raises LeaseLost, and ChampionChanged where another promotion came first; then nothing has changed.
        """
        if status not in TRANSITIONS[lease.step]:
            raise ValueError(f"{lease.step} cannot end as {status}")
        now = utc_now()
        with self._database.write() as session:
            newest = _followed(session, columns.get("superseded_by"))
            if promotion is not None:
                _add_promotion(session, promotion)
            _change_leased(
                session,
                lease,
                columns
                | {
                    "status": status.value,
                    "lease_token": None,
                    "lease_expires_at": None,
                    "enqueued_at": None,
                    "attempts": 0,
                    "updated_at": now,
                    "finished_at": now if status in FINAL_STATES else None,
                    "superseded_by": newest,
                },
            )
            if newest is not None:
                _relink(session, lease.run_id, newest)
            _end_attempt(
                session, lease, now, "failed" if status == RunStatus.FAILED else "ok", columns.get("reason")
            )

    def release(self, lease: Lease, error: str, *, counted: bool = True) -> None:
        """Give the lease back after a transient error, so that the step can be started again.

        Its worker sends the task again after a pause, which the sweep must not cut short. A start that is not
        `counted` leaves the number of attempts as it was.
        """
        now = utc_now()
        with self._database.write() as session:
            _change_leased(
                session,
                lease,
                {
                    "lease_token": None,
                    "lease_expires_at": None,
                    "enqueued_at": now,
                    "updated_at": now,
                    "reason": error,
                    "attempts": Run.attempts if counted else Run.attempts - 1,
                },
            )
            _end_attempt(session, lease, now, "retry", error)

    def mark_enqueued(self, *run_ids: str) -> None:
        """Note that the tasks of the steps that are due have been sent."""
        with self._database.write() as session:
            session.execute(update(Run).where(Run.id.in_(run_ids)).values(enqueued_at=utc_now()))

    def unmark_enqueued(self, run_ids: Sequence[str]) -> None:
        """Note that the tasks of these runs could not be sent after all."""
        with self._database.write() as session:
            session.execute(update(Run).where(Run.id.in_(run_ids)).values(enqueued_at=None))

    def take_due(self, requeue_after: timedelta, limit: int = 1000) -> list[tuple[str, Step]]:
        """The steps whose task must be sent now, `limit` at most; expired leases are taken away, they come first.

        Then come those never sent, then those sent longest ago. Due is a step without a lease whose task was
        never sent, or was sent longer than `requeue_after` ago, and a step whose lease has run out.
        """
        now = utc_now()
        expired = and_(Run.lease_token.is_not(None), Run.lease_expires_at < now)
        never_sent = or_(Run.enqueued_at.is_(None), Run.enqueued_at < now - requeue_after)
        with self._database.write() as session:
            runs = session.scalars(
                select(Run)
                .where(
                    Run.status.in_(WORKING_STATES), or_(expired, and_(Run.lease_token.is_(None), never_sent))
                )
                .order_by(Run.lease_token.is_(None), Run.enqueued_at.asc().nulls_first(), Run.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            for run in runs:
                if run.lease_token is not None:
                    _close_lost_attempts(session, run.id, now)
                run.lease_token, run.lease_expires_at, run.enqueued_at = None, None, now
            return [(run.id, step) for run in runs if (step := due_step(run.status, run.kind))]

    def get(self, run_id: str) -> Run | None:
        """The run, or None."""
        with self._database.read() as session:
            return session.get(Run, run_id)

    def attempts(self, run_id: str) -> list[StepAttempt]:
        """All starts of all steps of a run, oldest first."""
        with self._database.read() as session:
            return list(
                session.scalars(
                    select(StepAttempt).where(StepAttempt.run_id == run_id).order_by(StepAttempt.id)
                )
            )

    def judged_before(self, sha256: str, recipe_digest: str, run_id: str) -> Run | None:
        """The first other run that judged the same bytes with the same settings by itself, or None."""
        with self._database.read() as session:
            return session.scalars(
                select(Run)
                .where(
                    Run.sha256 == sha256,
                    Run.recipe_digest == recipe_digest,
                    Run.id != run_id,
                    Run.status.in_((RunStatus.PROMOTED, RunStatus.NOT_PROMOTED)),
                    Run.same_as_run.is_(None),
                )
                .order_by(Run.id)
            ).first()

    def newer_usable(self, run: Run) -> Run | None:
        """The newest run of the same key that is newer than `run` and whose file was found usable, or None.

        Upload order is `uploaded_at`, then the version id. A run that ended as rejected or failed is not usable.
        """
        if run.uploaded_at is None:
            return None
        with self._database.read() as session:
            return session.scalars(
                select(Run)
                .where(
                    Run.bucket == run.bucket,
                    Run.key == run.key,
                    Run.status.in_(USABLE_STATES),
                    or_(
                        Run.uploaded_at > run.uploaded_at,
                        and_(Run.uploaded_at == run.uploaded_at, Run.version_id > run.version_id),
                    ),
                )
                .order_by(Run.uploaded_at.desc(), Run.version_id.desc())
                .limit(1)
            ).first()

    def latest_answer(self, bucket: str, keys: Sequence[str]) -> Run | None:
        """The run of the newest of these forecast files whose answer is complete (it names its model), or None."""
        with self._database.read() as session:
            return session.scalars(
                select(Run)
                .where(
                    Run.bucket == bucket,
                    Run.key.in_(keys),
                    Run.model_version.is_not(None),
                    Run.status.in_((RunStatus.FORECAST, RunStatus.COMPLETED)),
                )
                .order_by(Run.uploaded_at.desc().nulls_last(), Run.version_id.desc())
                .limit(1)
            ).first()

    def latest_dataset(self) -> Run | None:
        """The run of the newest upload, whatever its key, whose dataset is complete; or None."""
        with self._database.read() as session:
            return session.scalars(
                select(Run)
                .where(Run.dataset_at.is_not(None), Run.uploaded_at.is_not(None))
                .order_by(Run.uploaded_at.desc(), Run.version_id.desc())
                .limit(1)
            ).first()


def _unleased(now: datetime) -> Any:
    return or_(Run.lease_token.is_(None), Run.lease_expires_at < now)


def _change_leased(session: Session, lease: Lease, columns: dict[str, Any]) -> None:
    changed = session.execute(
        update(Run).where(Run.id == lease.run_id, Run.lease_token == lease.token).values(**columns)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        raise LeaseLost(f"Run {lease.run_id} is no longer leased to this worker for {lease.step}.")


def _end_attempt(session: Session, lease: Lease, now: datetime, outcome: str, error: str | None) -> None:
    session.execute(
        update(StepAttempt)
        .where(StepAttempt.lease_token == lease.token)
        .values(ended_at=now, outcome=outcome, error=error if outcome != "ok" else None)
    )


def _close_lost_attempts(session: Session, run_id: str, now: datetime) -> None:
    session.execute(
        update(StepAttempt)
        .where(StepAttempt.run_id == run_id, StepAttempt.ended_at.is_(None))
        .values(ended_at=now, outcome="lost", error="The worker stopped renewing its lease.")
    )


def _followed(session: Session, run_id: str | None) -> str | None:
    """The newest run at the end of the links from `run_id`, which may have been superseded meanwhile."""
    while run_id is not None:
        # Locked, so that a run that is superseded just now cannot miss the one that links to it.
        newer = session.scalar(select(Run.superseded_by).where(Run.id == run_id).with_for_update())
        if newer is None:
            return run_id
        run_id = newer
    return None


def _relink(session: Session, superseded: str, newest: str) -> None:
    session.execute(update(Run).where(Run.superseded_by == superseded).values(superseded_by=newest))


def _add_promotion(session: Session, promotion: Promotion) -> None:
    """Add a promotion if the champion is still the one it was decided against; else ChampionChanged."""
    head = locked_head(session)
    champion = head.model_version if head else None
    if champion != promotion.previous_version:
        raise ChampionChanged(
            f"Version {champion} became champion while version {promotion.model_version} was judged."
        )
    session.add(promotion)
