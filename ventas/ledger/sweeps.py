"""Who lists the bucket now, and how the last listing ended: one row."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ventas.ledger.database import Database
from ventas.ledger.tables import Sweep
from ventas.times import utc_now

BUCKET = "bucket"
SWEEPS_MISSED = 3  # a sweep may wait behind others, and a listing takes a while


@dataclass(frozen=True)
class LastSweep:
    """When the bucket was last seen whole, and what was found; None as long as it never was.

    `problem` says why the last attempt did not come to its end, None where it did.
    """

    started_at: datetime | None
    finished_at: datetime | None
    listed: int
    found: int
    problem: str | None


def longest_silence(interval_seconds: float) -> timedelta:
    """How long no sweep may begin where one is due every `interval_seconds`; after that, something is wrong."""
    return timedelta(seconds=60 + SWEEPS_MISSED * interval_seconds)


class Sweeps:
    """One sweep lists at a time, by a lease that it renews. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database, lease_seconds: int):
        self._database = database
        self._lease_for = timedelta(seconds=lease_seconds)

    def begin(self) -> str | None:
        """The right to list, as a token; None where another sweep is at it."""
        now, token = utc_now(), str(uuid4())
        with self._database.write() as session:
            dialect = session.get_bind().dialect.name
            first = (postgresql if dialect == "postgresql" else sqlite).insert(Sweep)
            session.execute(first.values(name=BUCKET, listed=0, found=0).on_conflict_do_nothing())
            taken = session.execute(
                update(Sweep)
                .where(Sweep.name == BUCKET, or_(Sweep.token.is_(None), Sweep.expires_at < now))
                .values(token=token, expires_at=now + self._lease_for, started_at=now)
            )
            return token if taken.rowcount else None  # type: ignore[attr-defined]

    def renew(self, token: str) -> bool:
        """Whether the right is still ours; if so, for another while."""
        return self._change(token, expires_at=utc_now() + self._lease_for)

    def finish(self, token: str, listed: int, found: int) -> None:
        """Note that the whole bucket has been seen: `listed` versions, `found` of them without a run."""
        self._change(
            token,
            token=None,
            expires_at=None,
            finished_at=utc_now(),
            listed=listed,
            found=found,
            problem=None,
        )

    def break_off(self, token: str, problem: str) -> None:
        """Note why the listing did not come to its end."""
        self._change(token, token=None, expires_at=None, problem=problem)

    def last(self) -> LastSweep | None:
        """How the sweep is, or None where none was ever begun."""
        with self._database.read() as session:
            row = session.scalars(select(Sweep).where(Sweep.name == BUCKET)).first()
            if row is None:
                return None
            return LastSweep(row.started_at, row.finished_at, row.listed, row.found, row.problem)

    def _change(self, held: str, **columns: Any) -> bool:
        with self._database.write() as session:
            changed = session.execute(update(Sweep).where(Sweep.token == held).values(**columns))
            return bool(changed.rowcount)  # type: ignore[attr-defined]
