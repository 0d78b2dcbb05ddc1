"""The sweep: whatever an event, a broker or a worker lost is found here.

Events may be lost, uploads may not: the bucket is listed and compared with the ledger, and what is due is sent
again. So the system is right after a sweep whatever happened before it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import structlog

from ventas.contract import OWN_PREFIXES, is_sales_key
from ventas.errors import BrokerUnavailable
from ventas.ledger import Ledger, UploadEvent
from ventas.pipeline.context import Context
from ventas.settings import UPLOADS_BUCKET
from ventas.states import Step
from ventas.store import ObjectVersion

log = structlog.get_logger()
BATCH = 500
Enqueue = Callable[[Step, str], None]


@dataclass(frozen=True)
class Swept:
    """What a sweep found: uploads without a run, and how many tasks it sent."""

    found: int
    enqueued: int


def sweep(context: Context, enqueue: Enqueue) -> Swept:
    """Record uploads that no event told of, then send the task of every step that is due.

    Raises StoreUnavailable and LedgerUnavailable.
    """
    found = _record_unknown(context.ledger, context.store.versions(UPLOADS_BUCKET))
    enqueued = send_due(context, enqueue)
    if found or enqueued:
        log.info("swept", found=found, enqueued=enqueued)
    return Swept(found, enqueued)


def send_due(context: Context, enqueue: Enqueue) -> int:
    """Send the task of every step that is due; stops at the first that the broker does not take."""
    due = context.ledger.runs.take_due(timedelta(seconds=context.settings.REQUEUE_AFTER_SECONDS))
    for sent, (run_id, step) in enumerate(due):
        try:
            enqueue(step, run_id)
        except BrokerUnavailable as error:
            context.ledger.runs.unmark_enqueued([unsent for unsent, _ in due[sent:]])
            log.warning("broker_unavailable", unsent=len(due) - sent, reason=str(error))
            return sent
    return len(due)


def _record_unknown(ledger: Ledger, versions: Iterable[ObjectVersion]) -> int:
    uploads = (version for version in versions if not version.key.startswith(OWN_PREFIXES))
    return sum(_record_batch(ledger, batch) for batch in _batches(uploads))


def _batches(versions: Iterable[ObjectVersion]) -> Iterator[list[ObjectVersion]]:
    rest = iter(versions)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _record_batch(ledger: Ledger, batch: list[ObjectVersion]) -> int:
    known = ledger.intake.known(UPLOADS_BUCKET, {version.key for version in batch})
    unknown = [version for version in batch if _identity(version) not in known]
    ledger.intake.record([_event(version) for version in unknown])
    return len(unknown)


def _identity(version: ObjectVersion) -> tuple[str, str, str]:
    return version.key, version.version_id, version.etag if version.version_id == "null" else ""


def _event(version: ObjectVersion) -> UploadEvent:
    wanted, reason = is_sales_key(version.key)
    return UploadEvent(
        bucket=version.bucket,
        key=version.key,
        version_id=version.version_id,
        etag=version.etag,
        size=version.size,
        source="sweep",
        event_name="sweep",
        uploaded_at=version.last_modified,
        ignored_because=None if wanted else reason,
    )
