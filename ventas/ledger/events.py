"""Intake: one row per upload, whatever is delivered how often in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ventas.ids import new_run_id
from ventas.ledger.database import Database
from ventas.ledger.tables import Event, Run
from ventas.states import RunStatus
from ventas.times import utc_now


@dataclass(frozen=True)
class UploadEvent:
    """One object version as a notification or a listing names it.

    `version_id` is "null" where the bucket is not versioned; `size` is in bytes. `ignored_because` is a
    sentence where the object is no sales upload, else None. `own_output` says that the pipeline itself wrote
    it: such an event starts no run, not even an ignored one.
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

    @property
    def etag_key(self) -> str:
        """What tells versions apart in an unversioned bucket."""
        return self.etag if self.version_id == "null" else ""


@dataclass(frozen=True)
class Recorded:
    """What became of one event: `outcome` is recorded, duplicate or ignored."""

    run_id: str | None
    outcome: str


class Intake:
    """Writes events and the runs that they start."""

    def __init__(self, database: Database):
        self._database = database

    def record(self, events: Sequence[UploadEvent]) -> list[Recorded]:
        """Record all events in one transaction; committed when this returns. Raises LedgerUnavailable."""
        try:
            return self._record_all(events)
        except IntegrityError:
            # PostgreSQL lets two deliveries of one upload insert at once; the loser now finds the row.
            return self._record_all(events)

    def known(self, bucket: str, keys: set[str]) -> set[tuple[str, str, str]]:
        """The uploads of `bucket` under `keys` that have a run: (key, version id, ETag where unversioned)."""
        with self._database.read() as session:
            rows = session.execute(
                select(Run.key, Run.version_id, Run.etag_key).where(Run.bucket == bucket, Run.key.in_(keys))
            )
            return {(key, version_id, etag_key) for key, version_id, etag_key in rows}

    def _record_all(self, events: Sequence[UploadEvent]) -> list[Recorded]:
        with self._database.write() as session:
            return [_record(session, event) for event in events]


def _record(session: Session, upload: UploadEvent) -> Recorded:
    run_id, outcome = _find_or_add(session, upload)
    session.add(
        Event(
            received_at=utc_now(),
            source=upload.source,
            event_name=upload.event_name,
            bucket=upload.bucket,
            key=upload.key,
            version_id=upload.version_id,
            sequencer=upload.sequencer,
            outcome=outcome,
            reason=upload.ignored_because,
            run_id=run_id,
        )
    )
    return Recorded(run_id, outcome)


def _find_or_add(session: Session, upload: UploadEvent) -> tuple[str | None, str]:
    if upload.own_output:
        return None, "ignored"
    known = _known_run(session, upload)
    if known is not None:
        return known, "duplicate"
    return _add_run(session, upload), "ignored" if upload.ignored_because else "recorded"


def _known_run(session: Session, upload: UploadEvent) -> str | None:
    return session.scalar(
        select(Run.id).where(
            Run.bucket == upload.bucket,
            Run.key == upload.key,
            Run.version_id == upload.version_id,
            Run.etag_key == upload.etag_key,
        )
    )


def _add_run(session: Session, upload: UploadEvent) -> str:
    now = utc_now()
    ignored = upload.ignored_because is not None
    run = Run(
        id=new_run_id(),
        bucket=upload.bucket,
        key=upload.key,
        version_id=upload.version_id,
        etag=upload.etag,
        etag_key=upload.etag_key,
        size=upload.size,
        uploaded_at=upload.uploaded_at,
        created_at=now,
        updated_at=now,
        finished_at=now if ignored else None,
        status=RunStatus.IGNORED if ignored else RunStatus.RECEIVED,
        reason=upload.ignored_because,
        attempts=0,
    )
    session.add(run)
    session.flush()  # events refer to it
    return run.id
