"""`POST /events/minio` on the event loop: a new upload, recorded with all others of the same turn.

What it cannot record at once (an upload that has a run already, an object to be ignored, a notification that is odd
in any way) is left to the route, which knows how to say it; so both answer alike.
"""

import asyncio
from collections.abc import Sequence
from itertools import compress

from ventas.errors import InvalidRequest
from ventas.front import Headers
from ventas.front.groups import Group
from ventas.ledger import UploadEvent
from ventas.ledger.events import Recorded
from webhooks.events import upload_events
from webhooks.receiver import Receiver, answer_of

PATHS = ("/events/minio", "/events/minio/")


class EventLane:
    """A lane of `ventas.front` for one process, whose ledger is on SQLite."""

    def __init__(self, receiver: Receiver):
        self._receiver = receiver
        self._group = _EventGroup(receiver)

    async def __call__(self, data: bytes, headers: Headers) -> bytes | None:
        """The answer as JSON, event and run committed; None where the route is to answer."""
        if not self._receiver.authorises(headers.get("authorization", "")):
            return None
        event = self._plain_event(data)
        recorded = await self._group.record(event) if event else None
        return answer_of([recorded]) if recorded else None

    def _plain_event(self, data: bytes) -> UploadEvent | None:
        settings = self._receiver.settings
        if len(data) > settings.MAX_EVENT_BYTES:
            return None
        try:
            events = upload_events(data, settings)
        except InvalidRequest:
            return None
        return events[0] if len(events) == 1 and events[0].ignored_because is None else None


class _EventGroup(Group[UploadEvent, Recorded | None]):
    """Tells what became of an event, or None where the route is to record it."""

    def __init__(self, receiver: Receiver):
        super().__init__()
        self._receiver = receiver

    def _write_at_once(self, rows: Sequence[UploadEvent]) -> Sequence[Recorded | None]:
        recorded = self._receiver.ledger.intake.record_at_once(rows)
        started = [one for one in recorded if one]
        self._receiver.follow(list(compress(rows, recorded)), started)
        return recorded

    def _write_otherwise(self, _loop: asyncio.AbstractEventLoop) -> None:
        taken = self._taken()
        self._tell(taken, [None] * len(taken))
        self._done()
