"""Replays that were asked for: one at a time for a run, leased to a worker as the steps of runs are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from ventas.contract import Kind
from ventas.errors import Conflict, LeaseLost, NotFound
from ventas.ledger.database import Database
from ventas.ledger.replays import REPLAYABLE
from ventas.ledger.tables import Replay, Run
from ventas.states import ReplayStatus
from ventas.times import utc_now

OPEN = (ReplayStatus.WAITING, ReplayStatus.RUNNING)


@dataclass(frozen=True)
class ReplayLease:
    """The right to work on one replay; `attempt` counts its starts, from 1."""

    replay_id: str
    run_id: str
    token: str
    attempt: int


class ReplayWork:
    """Takes down, leases and ends replays. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database, lease_seconds: int):
        self._database = database
        self._lease_for = timedelta(seconds=lease_seconds)

    def ask(self, run_id: str, actor: str) -> tuple[Replay, bool]:
        """The replay since `run_id` that is under way, or a new one; and whether it is new.

        Raises NotFound, and Conflict where the run was not judged.
        """
        with self._database.write() as session:
            # Locked, so that two who ask at once get one replay.
            run = session.get(Run, run_id, with_for_update=True)
            if run is None:
                raise NotFound(f"There is no run {run_id}.")
            if run.kind != Kind.SALES or run.status not in REPLAYABLE:
                raise Conflict(
                    f"Run {run.id} is {run.status}; only an upload of sales that was judged or rejected can be "
                    "judged anew."
                )
            under_way = session.scalars(_newest(run_id).where(Replay.status.in_(OPEN))).first()
            if under_way is not None:
                return under_way, False
            asked = Replay(
                id=str(uuid4()),
                run_id=run_id,
                status=ReplayStatus.WAITING.value,
                actor=actor,
                created_at=utc_now(),
                attempts=0,
            )
            session.add(asked)
            return asked, True

    def latest(self, run_id: str) -> Replay | None:
        """The newest replay since this run, or None where there was none."""
        with self._database.read() as session:
            return session.scalars(_newest(run_id)).first()

    def acquire(self, replay_id: str) -> ReplayLease | None:
        """Lease a replay, or None where it has ended or is leased to another."""
        now, token = utc_now(), str(uuid4())
        with self._database.write() as session:
            taken = session.execute(
                update(Replay)
                .where(
                    Replay.id == replay_id,
                    Replay.status.in_(OPEN),
                    or_(Replay.lease_token.is_(None), Replay.lease_expires_at < now),
                )
                .values(
                    status=ReplayStatus.RUNNING.value,
                    lease_token=token,
                    lease_expires_at=now + self._lease_for,
                    attempts=Replay.attempts + 1,
                    started_at=now,
                    progress_done=None,
                    progress_total=None,
                )
            )
            if taken.rowcount == 0:  # type: ignore[attr-defined]
                return None
            replay = session.get_one(Replay, replay_id)
            return ReplayLease(replay.id, replay.run_id, token, replay.attempts)

    def renew(self, lease: ReplayLease) -> None:
        """Extend the lease; raises LeaseLost where another worker holds the replay."""
        self._change(lease, lease_expires_at=utc_now() + self._lease_for)

    def progress(self, lease: ReplayLease, done: float, total: int) -> None:
        """Say how many runs are judged, with the part of the one at work; raises LeaseLost."""
        self._change(lease, progress_done=done, progress_total=total)

    def finish(self, lease: ReplayLease, result: list[dict[str, Any]]) -> None:
        """Keep what came of the replay; raises LeaseLost."""
        self._end(lease, ReplayStatus.DONE, result=result)

    def fail(self, lease: ReplayLease, reason: str) -> None:
        """Keep why the replay came to no end, in a sentence; raises LeaseLost."""
        self._end(lease, ReplayStatus.FAILED, reason=reason)

    def mark_enqueued(self, replay_id: str) -> None:
        """Note that its task has been sent."""
        self._set_enqueued([replay_id], utc_now())

    def unmark_enqueued(self, replay_ids: Sequence[str]) -> None:
        """Note that the tasks of these replays could not be sent after all."""
        self._set_enqueued(replay_ids, None)

    def take_due(self, requeue_after: timedelta, limit: int = 1000) -> list[str]:
        """The replays whose task must be sent now, oldest first; leases that have run out are taken away.

        Due is one whose task was never sent or was sent longer than `requeue_after` ago, and one whose worker
        has stopped renewing its lease.
        """
        now = utc_now()
        unsent = or_(Replay.enqueued_at.is_(None), Replay.enqueued_at < now - requeue_after)
        due = or_(
            and_(Replay.lease_token.is_(None), unsent),
            and_(Replay.lease_token.is_not(None), Replay.lease_expires_at < now),
        )
        with self._database.write() as session:
            found = session.scalars(
                select(Replay)
                .where(Replay.status.in_(OPEN), due)
                .order_by(Replay.created_at, Replay.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            for replay in found:
                replay.status = ReplayStatus.WAITING
                replay.lease_token, replay.lease_expires_at, replay.enqueued_at = None, None, now
            return [replay.id for replay in found]

    def _end(self, lease: ReplayLease, status: ReplayStatus, **columns: Any) -> None:
        ended = {"status": status.value, "lease_token": None, "lease_expires_at": None}
        self._change(lease, **ended, finished_at=utc_now(), **columns)

    def _change(self, lease: ReplayLease, **columns: Any) -> None:
        with self._database.write() as session:
            _change_leased(session, lease, columns)

    def _set_enqueued(self, replay_ids: Sequence[str], moment: datetime | None) -> None:
        with self._database.write() as session:
            session.execute(update(Replay).where(Replay.id.in_(replay_ids)).values(enqueued_at=moment))


def _newest(run_id: str) -> Any:
    return (
        select(Replay).where(Replay.run_id == run_id).order_by(Replay.created_at.desc(), Replay.id).limit(1)
    )


def _change_leased(session: Session, lease: ReplayLease, columns: dict[str, Any]) -> None:
    changed = session.execute(
        update(Replay)
        .where(Replay.id == lease.replay_id, Replay.lease_token == lease.token)
        .values(**columns)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        raise LeaseLost(f"Replay {lease.replay_id} is no longer leased to this worker.")
