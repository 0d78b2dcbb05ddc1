"""The sweep: whatever an event, a broker or a worker lost is found here.

Events may be lost, uploads may not: the bucket is listed and compared with the ledger, and what is due is sent
again. So the system is right after a sweep whatever happened before it.

What is due goes first, since it needs no bucket and must not wait for a long listing. The listing itself is read
page by page, without any object's bytes, by one sweep at a time: an overlong one never takes all workers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import structlog

from ventas import tracing
from ventas.contract import is_own_output, is_upload_key
from ventas.errors import BrokerUnavailable, VentasError
from ventas.ledger import UploadEvent
from ventas.ledger.events import Recorded
from ventas.pipeline.context import Context
from ventas.settings import UPLOADS_BUCKET
from ventas.states import REPLAY
from ventas.store import ObjectVersion

log = structlog.get_logger()
BATCH = 1000  # object versions in a page of a listing
Enqueue = Callable[[str, str], None]  # a task by its name, and the id that it is given


@dataclass(frozen=True)
class Swept:
    """What a sweep saw: object versions, those of them without a run, and how many tasks it sent.

    `listed` is None where another sweep was listing the bucket, or took over from this one.
    """

    listed: int | None
    found: int
    enqueued: int


def sweep(context: Context, enqueue: Enqueue) -> Swept:
    """Send the task of every step and replay that is due, and record uploads that no event told of.

    Raises StoreUnavailable and LedgerUnavailable.
    """
    enqueued = send_due(context, enqueue)
    token = context.ledger.sweeps.begin()
    if token is None:
        log.info("sweep_is_listing_already")
        return Swept(None, 0, enqueued)
    listing = _Listing(context, enqueue, token)
    try:
        finished = listing.run()
    except VentasError as error:
        context.ledger.sweeps.break_off(token, str(error))
        raise
    enqueued += listing.enqueued
    if listing.found or enqueued:
        log.info("swept", listed=listing.listed, found=listing.found, enqueued=enqueued)
    return Swept(listing.listed if finished else None, listing.found, enqueued)


def send_due(context: Context, enqueue: Enqueue) -> int:
    """Send the task of every step and replay that is due, and say how many were sent."""
    patience = timedelta(seconds=context.settings.REQUEUE_AFTER_SECONDS)
    runs, replays = context.ledger.runs, context.ledger.replay_work
    sent = _sent(runs.take_due(patience), enqueue, runs.unmark_enqueued)
    asked_for = [(replay_id, REPLAY) for replay_id in replays.take_due(patience)]
    return sent + _sent(asked_for, enqueue, replays.unmark_enqueued)


def _sent(due: Sequence[tuple[str, str]], enqueue: Enqueue, unmark: Callable[[Sequence[str]], None]) -> int:
    """Send what is due; stops at the first that the broker does not take."""
    for sent, (subject, task) in enumerate(due):
        try:
            enqueue(task, subject)
        except BrokerUnavailable as error:
            unmark([unsent for unsent, _ in due[sent:]])
            log.warning("broker_unavailable", unsent=len(due) - sent, reason=str(error))
            return sent
    return len(due)


class _Listing:
    """One look at the whole bucket, and what it came to so far."""

    def __init__(self, context: Context, enqueue: Enqueue, token: str):
        self._context, self._enqueue, self._token = context, enqueue, token
        self.listed = self.found = self.enqueued = 0

    def run(self) -> bool:
        """Look at all versions; False where another sweep took over, for this one stood still too long."""
        sweeps = self._context.ledger.sweeps
        for batch in _batches(self._context.store.versions(UPLOADS_BUCKET)):
            if not sweeps.renew(self._token):
                log.warning("sweep_overtaken", listed=self.listed)
                return False
            self._record(batch)
        sweeps.finish(self._token, self.listed, self.found)
        return True

    def _record(self, batch: list[ObjectVersion]) -> None:
        """Record the unknown ones, and send their tasks now rather than at the end of the bucket."""
        self.listed += len(batch)
        events = [_event(version) for version in batch if not is_own_output(version.key)]
        known = self._context.ledger.intake.known([event.identity for event in events])
        unknown = [event for event in events if event.identity not in known]
        if unknown:
            self._trace(unknown, self._context.ledger.intake.record(unknown))
            self.found += len(unknown)
            self.enqueued += send_due(self._context, self._enqueue)

    def _trace(self, events: Sequence[UploadEvent], recorded: Sequence[Recorded]) -> None:
        """Begin the traces of the new runs; a listing knows nothing of their uploaders' own."""
        traces = tracing.of(self._context.settings, tracing.WORKER)
        for event, one in zip(events, recorded, strict=True):
            if one.outcome == "recorded" and one.run_id:
                traces.uploaded(event, one.run_id)


def _batches(versions: Iterable[ObjectVersion]) -> Iterator[list[ObjectVersion]]:
    rest = iter(versions)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _event(version: ObjectVersion) -> UploadEvent:
    wanted, reason = is_upload_key(version.key)
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
