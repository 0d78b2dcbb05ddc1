"""Intake: one row per upload, whatever is delivered how often in which order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import compress
from typing import Any
from typing import cast as cast_type

from sqlalchemy import JSON, Select, String, Table, bindparam, cast, column, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ventas.contract import Kind, kind_of
from ventas.ids import new_run_id
from ventas.ledger.database import Database
from ventas.ledger.quick import Busy, QuickInsert, QuickWriter, checkpoint
from ventas.ledger.tables import Event, Run
from ventas.states import RunStatus
from ventas.times import utc_now

# Tables, not classes: SQLAlchemy's bulk inserts of objects take twice as long.
RUNS, EVENTS = cast_type(Table, Run.__table__), cast_type(Table, Event.__table__)
_RUN_COLUMNS = (
    *("id", "bucket", "key", "kind", "version_id", "etag", "etag_key", "size", "uploaded_at"),
    *("created_at", "updated_at", "finished_at", "status", "reason", "attempts"),
)
_EVENT_COLUMNS = (
    *("received_at", "source", "event_name", "bucket", "key", "version_id", "sequencer"),
    *("outcome", "reason", "run_id"),
)
_WANTED = "wanted"
Identity = tuple[str, str, str, str]  # bucket, key, version id, and the ETag where that is "null"


@dataclass(frozen=True)
class UploadEvent:
    """One object version as a notification or a listing names it.

    `version_id` is "null" where the bucket is not versioned; `size` is in bytes. `ignored_because` is a
    sentence where the object is no sales upload, else None. `own_output` says that the pipeline itself wrote
    it: such an event starts no run, not even an ignored one. `traceparent` is what the object's metadata holds under
    that name, unchecked: the trace of whoever uploaded it.
    """

    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    source: str = "minio"
    event_name: str = "s3:ObjectCreated:Put"
    sequencer: str | None = None
    uploaded_at: datetime | None = None
    ignored_because: str | None = None
    own_output: bool = False
    traceparent: str | None = None

    @property
    def kind(self) -> Kind:
        """What the upload asks for."""
        return kind_of(self.key)

    @property
    def etag_key(self) -> str:
        """What tells versions apart in an unversioned bucket."""
        return self.etag if self.version_id == "null" else ""

    @property
    def identity(self) -> Identity:
        """What makes it one upload and no other, as the database keeps it (see `tables.Text`)."""
        bucket, key, version_id, etag = (
            part.replace("\0", "\ufffd") for part in (self.bucket, self.key, self.version_id, self.etag_key)
        )
        return bucket, key, version_id, etag


@dataclass(frozen=True)
class Recorded:
    """What became of one event: `outcome` is recorded, duplicate or ignored."""

    run_id: str | None
    outcome: str


class Intake:
    """Writes events and the runs that they start."""

    def __init__(self, database: Database):
        self._database = database
        self._writer = QuickWriter(database) if database.is_sqlite else None
        self._insert_run = QuickInsert(database, RUNS, _RUN_COLUMNS, "ON CONFLICT DO NOTHING")
        self._insert_event = QuickInsert(database, EVENTS, _EVENT_COLUMNS)

    def record(self, events: Sequence[UploadEvent]) -> list[Recorded]:
        """Record all events in one transaction; committed when this returns. Raises LedgerUnavailable."""
        if not events:
            return []
        with self._database.write() as session:
            recorded = _record(session, events)
            session.execute(
                insert(EVENTS), [_event_row(*pair) for pair in zip(events, recorded, strict=True)]
            )
            return recorded

    def record_at_once(self, events: Sequence[UploadEvent]) -> list[Recorded | None]:
        """The same without waiting, for one thread at a time; of events whose upload is not to be ignored.

        None stands for an event whose upload has a run already: nothing is kept of it, `record` must see it. Raises
        Busy where another writes, or it must be waited for the database anyway, and LedgerUnavailable.
        """
        if self._writer is None:
            raise Busy
        recorded = [Recorded(new_run_id(), "recorded") for _ in events]
        pairs = list(zip(events, recorded, strict=True))
        runs = [self._insert_run.values(_run_row(event, str(one.run_id))) for event, one in pairs]
        rows = [self._insert_event.values(_event_row(event, one)) for event, one in pairs]
        with self._writer.transaction() as connection:
            is_new = [connection.execute(self._insert_run.statement, run).rowcount == 1 for run in runs]
            connection.executemany(self._insert_event.statement, compress(rows, is_new))
        return [one if new else None for one, new in zip(recorded, is_new, strict=True)]

    def checkpoint(self) -> None:
        """What `record_at_once` leaves to be done once in a while."""
        if self._writer is not None:
            checkpoint(self._database)

    def close(self) -> None:
        """Close the connection of `record_at_once`."""
        if self._writer is not None:
            self._writer.close()

    def known(self, identities: Sequence[Identity]) -> set[Identity]:
        """Those of the uploads that have a run: one look-up in the index for each, all in one statement."""
        with self._database.read() as session:
            return set(_run_ids(session, identities))


def _record(session: Session, events: Sequence[UploadEvent]) -> list[Recorded]:
    wanted = {event.identity: event for event in events if not event.own_output}
    before = _run_ids(session, list(wanted))
    new = {
        identity: _run_row(event, new_run_id())
        for identity, event in wanted.items()
        if identity not in before
    }
    if new:
        # In one order, lest two deliveries of the same uploads wait for each other on PostgreSQL.
        _add_unless_there(session, [new[identity] for identity in sorted(new)])
    runs = _run_ids(session, list(wanted)) if new else before
    return [_outcome(event, runs, new) for event in events]


def _outcome(event: UploadEvent, runs: dict[Identity, str], new: dict[Identity, dict[str, Any]]) -> Recorded:
    """Recorded for the first event of a run that is ours; `new` loses what has been told of."""
    if event.own_output:
        return Recorded(None, "ignored")
    run_id = runs[event.identity]
    ours = new.pop(event.identity, None)
    if ours is None or ours["id"] != run_id:
        return Recorded(run_id, "duplicate")
    return Recorded(run_id, "ignored" if event.ignored_because else "recorded")


def _add_unless_there(session: Session, rows: list[dict[str, Any]]) -> None:
    """Insert runs but for those that another process inserts at the same moment: it is waited for."""
    if _is_postgresql(session):
        session.execute(postgresql.insert(RUNS).on_conflict_do_nothing(), rows)
    else:
        session.execute(sqlite.insert(RUNS).on_conflict_do_nothing(), rows)


def _run_ids(session: Session, identities: Sequence[Identity]) -> dict[Identity, str]:
    """The ids of the runs of those uploads that have one."""
    if not identities:
        return {}
    postgres = _is_postgresql(session)
    wanted = identities if postgres else json.dumps(identities)
    found = session.execute(_look_up(postgres=postgres), {_WANTED: wanted}).scalars()
    # The rows come in the order of the list, one for each.
    return {
        identity: run_id for identity, run_id in zip(identities, found, strict=True) if run_id is not None
    }


@cache
def _look_up(*, postgres: bool) -> Select[Any]:
    """For each identity of parameter _WANTED its run's id or null; made once, for that takes longer than the search.

    The list goes as one JSON parameter: a list of pairs in `IN` would make SQLite read the whole bucket's rows.
    """
    if postgres:
        rows = func.json_array_elements(cast(bindparam(_WANTED, type_=JSON), JSON)).table_valued(
            column("value", JSON), with_ordinality="at", name="wanted"
        )
        rows = rows.render_derived()
        parts = [rows.c.value[index].as_string() for index in range(4)]
        order = rows.c.at
    else:
        rows = func.json_each(bindparam(_WANTED, type_=String)).table_valued("key", "value", name="wanted")
        parts = [func.json_extract(rows.c.value, f"$[{index}]") for index in range(4)]
        order = rows.c.key
    identity = (Run.bucket, Run.key, Run.version_id, Run.etag_key)
    run_id = select(Run.id).where(*(mine == part for mine, part in zip(identity, parts, strict=True)))
    return select(run_id.correlate(rows).scalar_subquery()).select_from(rows).order_by(order)


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _run_row(upload: UploadEvent, run_id: str) -> dict[str, Any]:
    now = utc_now()
    ignored = upload.ignored_because is not None
    return {
        "id": run_id,
        "bucket": upload.bucket,
        "key": upload.key,
        "kind": upload.kind.value,
        "version_id": upload.version_id,
        "etag": upload.etag,
        "etag_key": upload.etag_key,
        "size": upload.size,
        "uploaded_at": upload.uploaded_at,
        "created_at": now,
        "updated_at": now,
        "finished_at": now if ignored else None,
        "status": (RunStatus.IGNORED if ignored else RunStatus.RECEIVED).value,
        "reason": upload.ignored_because,
        "attempts": 0,
    }


def _event_row(upload: UploadEvent, recorded: Recorded) -> dict[str, Any]:
    return {
        "received_at": utc_now(),
        "source": upload.source,
        "event_name": upload.event_name,
        "bucket": upload.bucket,
        "key": upload.key,
        "version_id": upload.version_id,
        "sequencer": upload.sequencer,
        "outcome": recorded.outcome,
        "reason": upload.ignored_because,
        "run_id": recorded.run_id,
    }
