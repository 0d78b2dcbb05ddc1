"""How the parts are that the API leans on, and since when: logged once per outage, shown by `/health`."""

from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Literal

import structlog

from ventas.times import utc_now

LONGEST_SENTENCE = 300  # libraries write whole paragraphs; the log has them in full

log = structlog.get_logger()


@dataclass(frozen=True)
class PartState:
    """`since` (UTC) is when the part came into this status; `reason` says what is wrong, None where nothing is."""

    status: Literal["ok", "away", "unknown"]
    since: datetime
    reason: str | None = None


class Parts:
    """Remembers how each part is; "unknown" until it was asked. Safe to use from several threads."""

    def __init__(self, *names: str):
        self._lock = Lock()
        self._state = dict.fromkeys(names, PartState("unknown", utc_now()))

    def away(self, part: str, sentence: str) -> None:
        """Note that `part` does not do its work; logged where it did before."""
        reason = sentence[:LONGEST_SENTENCE]
        with self._lock:
            before = self._state[part]
            went = before.status != "away"
            self._state[part] = (
                PartState("away", utc_now(), reason) if went else replace(before, reason=reason)
            )
        if went:
            log.warning("part_away", part=part, reason=sentence)

    def back(self, part: str) -> None:
        """Note that `part` works; logged where it did not before."""
        with self._lock:
            before = self._state[part]
            if before.status == "ok":
                return
            self._state[part] = PartState("ok", utc_now())
        if before.status == "away":
            seconds = (utc_now() - before.since).total_seconds()
            log.info("part_back", part=part, away_seconds=round(seconds, 1))

    def away_because(self, part: str) -> str | None:
        """Why `part` is away; None where it is not known to be."""
        with self._lock:
            return self._state[part].reason

    def snapshot(self) -> dict[str, PartState]:
        """How each part is."""
        with self._lock:
            return dict(self._state)
