"""Totals of the tables that only ever grow, each row read once: what a scrape of metrics asks for every few seconds.

Nothing is counted anew: of `steps` and `events` only what came since the last reading is read, and of the history
the highest id, which is what `count(*)` of all that was ever recorded would say.
"""

import time
from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import Result, Row, func, or_, select
from sqlalchemy.orm import Session

from ventas.ledger.database import Database
from ventas.ledger.tables import Event, Prediction, StepAttempt

# PostgreSQL gives ids before a transaction ends; none of ours stays open for this long.
SETTLED_SECONDS = 60.0
READ_ROWS = 10_000
STEP_SECONDS = (
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
)  # upper bounds; last: any


@dataclass
class Durations:
    """How many attempts took how long: one count for each of STEP_SECONDS, one for what is above; their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(STEP_SECONDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one attempt."""
        self.counts[bisect_left(STEP_SECONDS, seconds)] += 1
        self.seconds += seconds


@dataclass
class StepTotals:
    """Ended attempts by step and outcome (ok, retry, failed, lost), and by step the seconds of those that were ok."""

    attempts: Counter[tuple[str, str]] = field(default_factory=Counter)
    durations: dict[str, Durations] = field(default_factory=dict)

    def add(self, row: Row[Any]) -> None:
        """Count one attempt that has ended."""
        self.attempts[row.step, row.outcome or "ok"] += 1
        if row.outcome == "ok":
            seconds = (row.ended_at - row.started_at).total_seconds()
            self.durations.setdefault(row.step, Durations()).add(max(0.0, seconds))

    def copy(self) -> "StepTotals":
        """The same, to be added to."""
        durations = {step: Durations([*one.counts], one.seconds) for step, one in self.durations.items()}
        return StepTotals(Counter(self.attempts), durations)


class _Settled:
    """The id up to which no new row can appear: the highest one of SETTLED_SECONDS ago."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()
        self.id = 0  # up to which the rows are in the totals

    def reachable(self, newest: int) -> int:
        """The id that may be reached, where `newest` is the highest now."""
        now, reachable = time.monotonic(), self.id
        self._seen.append((now, newest))
        while self._seen and now - self._seen[0][0] >= SETTLED_SECONDS:
            reachable = self._seen.popleft()[1]
        return reachable


class Totals:
    """Totals as one process has read them. Safe to use from several threads; all methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database
        self._lock = Lock()
        self._steps, self._steps_settled = StepTotals(), _Settled()
        self._open: set[int] = set()  # attempts among the settled ones that had not ended
        self._events: Counter[tuple[str, str]] = Counter()
        self._events_settled = _Settled()

    def steps(self) -> StepTotals:
        """All attempts that have ended."""
        with self._lock, self._database.read() as session:
            settled = self._steps_settled.reachable(_newest(session, StepAttempt.id))
            known, later, still_open = self._steps.copy(), StepTotals(), set()
            for row in self._unread_steps(session):
                if row.ended_at is not None:
                    (known if row.id <= settled else later).add(row)
                elif row.id <= settled:
                    still_open.add(row.id)
            # Only now: a reading that breaks off has counted nothing.
            self._steps, self._open, self._steps_settled.id = known, still_open, settled
            return _sum(known, later)

    def _unread_steps(self, session: Session) -> Result[Any]:
        new = StepAttempt.id > self._steps_settled.id
        wanted = select(
            *(StepAttempt.id, StepAttempt.step, StepAttempt.outcome),
            *(StepAttempt.started_at, StepAttempt.ended_at),
        ).where(or_(new, StepAttempt.id.in_(self._open)) if self._open else new)
        return session.execute(wanted, execution_options={"yield_per": READ_ROWS})

    def events(self) -> Counter[tuple[str, str]]:
        """All deliveries and finds, by source (minio, sweep) and outcome (recorded, duplicate, ignored)."""
        with self._lock, self._database.read() as session:
            settled = self._events_settled.reachable(_newest(session, Event.id))
            known = self._events + _events(session, self._events_settled.id, settled)
            later = _events(session, settled, None)
            self._events, self._events_settled.id = known, settled
            return known + later

    def newest_prediction(self) -> int:
        """The highest id of the history."""
        with self._database.read() as session:
            return _newest(session, Prediction.id)


def _sum(one: StepTotals, other: StepTotals) -> StepTotals:
    both = one.copy()
    both.attempts += other.attempts
    for step, more in other.durations.items():
        known = both.durations.setdefault(step, Durations())
        known.counts = [a + b for a, b in zip(known.counts, more.counts, strict=True)]
        known.seconds += more.seconds
    return both


def _events(session: Session, above: int, up_to: int | None) -> Counter[tuple[str, str]]:
    wanted = select(Event.source, Event.outcome, func.count()).where(Event.id > above)
    if up_to is not None:
        wanted = wanted.where(Event.id <= up_to)
    found = session.execute(wanted.group_by(Event.source, Event.outcome))
    return Counter({(source, outcome): count for source, outcome, count in found})


def _newest(session: Session, column: Any) -> int:
    return session.scalar(select(func.max(column))) or 0
