"""Promotions that wait for a person (APPROVAL=human), and their approval."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ventas.errors import Conflict
from ventas.ledger.database import Database
from ventas.ledger.promotions import head_of, locked_head
from ventas.ledger.tables import Promotion, Run
from ventas.states import RunStatus
from ventas.times import iso_z, utc_now


class Approvals:
    """Finds held promotions and lets them happen. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database

    def waiting(self) -> frozenset[int]:
        """The versions that can be approved now: held, and judged against the present champion."""
        with self._database.read() as session:
            head = head_of(session)
            judged = Run.verdict["champion_version"].as_integer()
            against = judged.is_(None) if head is None else judged == head.model_version
            held = session.scalars(_held().where(against)).all()
            return frozenset(
                run.model_version for run in held if run.model_version and _obstacle(run, head) is None
            )

    def require(self, version: int) -> None:
        """Raise Conflict where `version` cannot be approved now, with what to do instead."""
        with self._database.read() as session:
            _approvable(session, version, head_of(session))

    def approve(self, version: int, actor: str, reason: str) -> Promotion:
        """Promote a held version, and let its run say so, in one transaction.

        Raises Conflict where it is not held, or its verdict no longer holds; then nothing has changed.
        """
        now = utc_now()
        with self._database.write() as session:
            head = locked_head(session)
            run = _approvable(session, version, head)
            promotion = Promotion(
                created_at=now,
                model_version=version,
                previous_version=head.model_version if head else None,
                run_id=run.id,
                uploaded_at=run.uploaded_at,
                source="approved",
                actor=actor,
                reason=reason,
            )
            session.add(promotion)
            _note(run, now, actor, reason)
            return promotion


def _held() -> Select[Run]:
    return select(Run).where(
        Run.status == RunStatus.NOT_PROMOTED.value, Run.verdict["held"].as_boolean().is_(True)
    )


def _approvable(session: Session, version: int, head: Promotion | None) -> Run:
    """The run of a version that can be approved now; raises Conflict."""
    run = session.scalars(_held().where(Run.model_version == version)).first()
    if run is None:
        raise Conflict(
            f"Version {version} does not wait for approval; `ventas models` shows which versions do."
        )
    if obstacle := _obstacle(run, head):
        raise Conflict(f"{obstacle} {_instead(version)}")
    return run


def _obstacle(run: Run, head: Promotion | None) -> str | None:
    """Why a held run's verdict no longer holds, as a sentence, or None."""
    champion, judged = head.model_version if head else None, (run.verdict or {}).get("champion_version")
    if champion != judged:
        return f"Version {run.model_version} was judged against {_named(judged)}; now there is {_named(champion)}."
    if head and run.uploaded_at and head.uploaded_at and run.uploaded_at < head.uploaded_at:
        return f"Version {run.model_version} comes from an upload older than that of champion version {champion}."
    return None


def _named(champion: int | None) -> str:
    return f"champion version {champion}" if champion else "no champion"


def _instead(version: int) -> str:
    return (
        "Upload a newer file, which is judged against the present champion, or decide by hand with "
        f"`ventas rollback {version} --reason ...`."
    )


def _note(run: Run, now: datetime, actor: str, reason: str) -> None:
    """The run has promoted its model after all; its verdict keeps who let it, when and why."""
    run.status, run.updated_at = RunStatus.PROMOTED.value, now
    run.verdict = (run.verdict or {}) | {
        "promoted": True,
        "held": False,
        "approved": {"actor": actor, "at": iso_z(now), "reason": reason},
        "reason": f"{run.reason} Approved by {actor}: {reason}",
    }
    run.reason = run.verdict["reason"]
