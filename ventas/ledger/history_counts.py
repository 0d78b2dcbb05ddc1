"""How many predictions fit a filter: always exact, and counted only once.

Predictions are added with growing ids, and never change. So what was counted up to an id stays right, and the next
request counts only what came after it. Where the oldest were deleted, all is counted anew.
"""

import time
from collections import OrderedDict, deque
from dataclasses import replace
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from ventas.ledger.history_filter import HistoryFilter, ids
from ventas.ledger.tables import Prediction

KEPT_FILTERS = 256
# PostgreSQL gives ids before a transaction ends; none of ours can stay open for this long (see `Database`).
SETTLED_SECONDS = 60
SAMPLE_SECONDS = 5
KEPT_SECONDS = 600  # an operator may have deleted rows by hand


class _Counted(NamedTuple):
    last_id: int
    rows: int
    at: float


class Counts:
    """Counts of one process. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._oldest = 0
        self._known: OrderedDict[HistoryFilter, _Counted] = OrderedDict()
        self._newest: deque[tuple[float, int]] = deque(maxlen=SETTLED_SECONDS // SAMPLE_SECONDS + 2)

    def count(self, session: Session, wanted: HistoryFilter, newest: int, oldest: int = 1) -> int:
        """How many predictions fit, where `newest` is the highest id and `oldest` the lowest."""
        with self._lock:
            if oldest != self._oldest:
                self._oldest = oldest
                self._known.clear()
        if wanted.has_actual is not None:
            judged = _rows(session, ids(replace(wanted, has_actual=True)))
            every = replace(wanted, has_actual=None)
            return judged if wanted.has_actual else self.count(session, every, newest, oldest) - judged
        known, settled = self._known_of(wanted, newest), self._settled(session, newest)
        found = ids(wanted)
        if known.last_id:  # else SQLite would walk all rows by their id, not the index
            found = found.where(Prediction.id > known.last_id)
        later = found.subquery()
        to_settled = func.sum(case((later.c.id <= settled, 1), else_=0))
        more, rest = session.execute(select(to_settled, func.count()).select_from(later)).one()
        if settled >= known.last_id:
            self._keep(wanted, _Counted(settled, known.rows + int(more or 0), known.at))
        return known.rows + int(rest)

    def _known_of(self, wanted: HistoryFilter, newest: int) -> _Counted:
        now = time.monotonic()
        with self._lock:
            known = self._known.get(wanted)
        if known is None or known.last_id > newest or now - known.at > KEPT_SECONDS:
            return _Counted(0, 0, now)
        return known

    def _keep(self, wanted: HistoryFilter, counted: _Counted) -> None:
        with self._lock:
            self._known[wanted] = counted
            self._known.move_to_end(wanted)
            if len(self._known) > KEPT_FILTERS:
                self._known.popitem(last=False)

    def _settled(self, session: Session, newest: int) -> int:
        """The id up to which no row can come any more."""
        if session.get_bind().dialect.name == "sqlite":
            return newest  # one writer at a time
        now = time.monotonic()
        with self._lock:
            if not self._newest or now - self._newest[-1][0] >= SAMPLE_SECONDS:
                self._newest.append((now, newest))
            old = [number for seen, number in self._newest if now - seen >= SETTLED_SECONDS]
        return min(old[-1], newest) if old else 0


def _rows(session: Session, found: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0
