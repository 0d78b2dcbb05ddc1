"""A restored ledger finds its uploads: a store gives every version that is put back a new id.

The ledger names an upload by bucket, key and version id. So what the restore learns is written into its rows before
anybody reads them. MLflow's tag `ventas.version_id` keeps the id that the upload came with; nothing looks it up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Column, MetaData, String, Table, and_, delete, insert, null, select, update
from sqlalchemy.orm import Session

from ventas.ledger.database import Database
from ventas.ledger.tables import AliasClaim, Event, Outcome, Promotion, Run, UtcDateTime

# A table of its own for a while: a ledger can have millions of events, and each is to be looked up in an index.
_MOVED = Table(
    "restored_versions",
    MetaData(),
    Column("bucket", String(255), primary_key=True),
    Column("key", String(1024), primary_key=True),
    Column("version_id", String(128), primary_key=True),
    Column("new_id", String(128), nullable=False),
    Column("uploaded_at", UtcDateTime(), nullable=False),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True)
class Moved:
    """An upload that was put back: its former version id and its new one; `uploaded_at` is when it first came."""

    bucket: str
    key: str
    version_id: str
    new_id: str
    uploaded_at: datetime


def adopt(database: Database, moved: Sequence[Moved]) -> None:
    """Let the rows of a restored ledger name the new versions, and its champion be mirrored once more.

    Raises LedgerUnavailable.
    """
    with database.write() as session:
        _MOVED.create(session.connection())
        if moved:
            session.execute(insert(_MOVED), [vars(one) for one in moved])
        for table in (Run, Event):
            _rename(session, table)
        of_run = select(Run.version_id).where(Run.id == Outcome.run_id).scalar_subquery()
        session.execute(update(Outcome).values(version_id=of_run), execution_options=_QUIET)
        # MLflow's database was taken a moment later and may name another champion already; the ledger decides.
        session.execute(update(Promotion).values(mirrored_at=null()), execution_options=_QUIET)
        session.execute(delete(AliasClaim))
        _MOVED.drop(session.connection())


_QUIET = {"synchronize_session": False}


def _rename(session: Session, table: type[Run] | type[Event]) -> None:
    same = and_(
        _MOVED.c.bucket == table.bucket,
        _MOVED.c.key == table.key,
        _MOVED.c.version_id == table.version_id,
    )
    there = select(_MOVED.c.new_id).where(same).exists()
    new_id = select(_MOVED.c.new_id).where(same).scalar_subquery()
    more: dict[str, Any] = {}
    if table is Run:
        more = {"uploaded_at": select(_MOVED.c.uploaded_at).where(same).scalar_subquery()}
    session.execute(
        update(cast(type[Run], table)).where(there).values(version_id=new_id, **more),
        execution_options=_QUIET,
    )
