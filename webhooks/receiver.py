"""What the route and the lane share: who may post, what follows a record, and how it is answered."""

import hmac
import json
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog

from ventas import tracing
from ventas.front.tally import Tally
from ventas.ledger import Ledger, UploadEvent
from ventas.ledger.events import Identity, Recorded
from ventas.settings import Settings
from ventas.states import STEPS_OF_KIND
from webhooks.sender import Sender, Tasks

# MinIO waits for the answer, and sends its events in sequence.
LEDGER_SECONDS = 2.0
MOST_EARLY = 1000  # events that MinIO is still to send; of more it would be told that they come twice
OUTCOMES = ("recorded", "duplicate", "ignored")
UNUSABLE = "unusable"
log = structlog.get_logger()


class Receiver:
    """The ledger and the sender of one process; `load_tasks` gives what sends tasks."""

    def __init__(self, settings: Settings, load_tasks: Callable[[], Tasks]):
        self.settings = settings
        self.ledger = Ledger(settings, lock_timeout_seconds=LEDGER_SECONDS)
        self.tally = Tally((*OUTCOMES, UNUSABLE))
        self._sender = Sender(self.ledger, load_tasks)
        self._authorization = f"Bearer {settings.webhook_token}".encode()
        self._tracing = tracing.of(settings, tracing.RECEIVER)
        self._early: OrderedDict[Identity, Recorded] = OrderedDict()

    def start(self) -> None:
        """Start to send tasks."""
        self._sender.start()

    def close(self) -> None:
        """Send what waits, and close the ledger."""
        self._sender.close()
        tracing.close()
        self.ledger.close()

    def authorises(self, authorization: str) -> bool:
        """Whether a header `Authorization` holds the token."""
        return hmac.compare_digest(authorization.encode(), self._authorization)

    def receive(self, events: Sequence[UploadEvent]) -> list[Recorded]:
        """What became of the events of a notification, committed when this returns. Raises LedgerUnavailable."""
        early = [self._early.pop(event.identity, None) for event in events]
        fresh = [event for event, told in zip(events, early, strict=True) if told is None]
        recorded = self.ledger.intake.record(fresh)
        self.follow(fresh, recorded)
        rest = iter(recorded)
        return [told or next(rest) for told in early]

    def receive_early(self, events: Sequence[UploadEvent]) -> None:
        """Record events that MinIO will send too, and then is told of as of the same delivery."""
        recorded = self.receive(events)
        self._early.update((event.identity, one) for event, one in zip(events, recorded, strict=True))
        while len(self._early) > MOST_EARLY:
            self._early.popitem(last=False)

    def follow(self, events: Sequence[UploadEvent], recorded: Sequence[Recorded]) -> None:
        """Have the tasks of the runs sent that these events started."""
        for event, one in zip(events, recorded, strict=True):
            if one.outcome == "recorded" and one.run_id:
                self._sender.offer(STEPS_OF_KIND[event.kind][0], one.run_id)
                self._tracing.uploaded(event, one.run_id)
            self.tally.count(one.outcome)
            log.info("event_recorded", **vars(one))


def answer_of(recorded: Sequence[Recorded]) -> bytes:
    """The JSON that tells what became of the events, in their order."""
    started = sum(one.outcome == "recorded" for one in recorded)
    answer = {"events": [vars(one) for one in recorded], "recorded": started}
    return json.dumps(answer, sort_keys=True, separators=(",", ":")).encode() + b"\n"
