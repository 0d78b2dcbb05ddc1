"""The history of predictions, written before the answer leaves, or spooled where the database is too slow."""

import sqlite3
from collections.abc import Sequence
from threading import Event

import structlog
from sqlalchemy import insert, select
from sqlalchemy.exc import SQLAlchemyError

from api.background import Loop
from api.parts import Parts
from api.spool import Spool
from ventas.errors import LedgerUnavailable
from ventas.front.tally import Tally
from ventas.ledger import Ledger, Prediction
from ventas.ledger.predictions import NewPrediction
from ventas.ledger.quick import Busy

HISTORY = "history"
# What becomes of a prediction's row; a spooled one is written later, a lost one is in the log alone.
RECORDED, SPOOLED, LOST = OUTCOMES = ("recorded", "spooled", "lost")
REPLAY_SECONDS = 1.0
FOLD_SECONDS = 0.5

log = structlog.get_logger()


class History:
    """Records predictions.

    Parameters
    ----------
    ledger: its lock timeout bounds how long one write may take.
    spool: where rows wait that could not be written.
    tally: counts what became of the rows.

    After one write that took too long, rows go straight to the spool until the background has seen the database
    take a write again: only the first request of an outage waits.
    """

    def __init__(self, ledger: Ledger, spool: Spool, parts: Parts, tally: Tally):
        self._ledger = ledger
        self._spool = spool
        self._parts = parts
        self._tally = tally
        self._away = Event()
        self._unfolded = Event()
        self._loop = Loop("history-replay", self.replay, REPLAY_SECONDS)
        self.loops = (self._loop, Loop("history-fold", self.fold, FOLD_SECONDS))

    def close(self) -> None:
        """Leave the rows that this process spooled to whoever comes next."""
        self._spool.seal()

    def record_at_once(self, rows: Sequence[NewPrediction]) -> list[int]:
        """As `record_all`, but without waiting. Raises Busy where that takes longer, and LedgerUnavailable."""
        if self._away.is_set():
            raise Busy
        ids = self._ledger.predictions.add_at_once(rows)
        self._unfolded.set()
        self._tally.count(RECORDED, len(rows))
        return ids

    def fold(self) -> None:
        """Let the database take in what `record_at_once` has written since the last time."""
        if not self._unfolded.is_set():
            return
        self._unfolded.clear()
        try:
            self._ledger.predictions.checkpoint()
        except (LedgerUnavailable, sqlite3.Error) as error:
            self._unfolded.set()
            log.info("history_not_folded", reason=str(error))

    def record(self, row: NewPrediction) -> int | None:
        """The id of the row, committed when this returns; None where it was spooled instead."""
        ids = self.record_all([row])
        return ids[0] if ids else None

    def record_all(self, rows: Sequence[NewPrediction]) -> list[int] | None:
        """The ids of the rows, in order, committed together; None where they were spooled instead.

        The spool tells rows apart by their `created_at`, so that must differ where predictions may be equal.
        """
        if not self._away.is_set():
            try:
                ids = self._ledger.predictions.add(rows)
            except (LedgerUnavailable, SQLAlchemyError) as error:
                self._mark_away(error)
            else:
                self._tally.count(RECORDED, len(rows))
                return ids
        for row in rows:
            self._put_aside(row)
        self._loop.wake()
        return None

    def _put_aside(self, row: NewPrediction) -> None:
        try:
            self._spool.append(row)
        except OSError:
            # The prediction is good all the same; the log is the last place that can keep it.
            log.exception("prediction_not_recorded", row=vars(row))
            self._tally.count(LOST)
        else:
            self._tally.count(SPOOLED)

    def replay(self) -> None:
        """Write what waits in the spool, if the database takes writes; each row once."""
        if not (self._away.is_set() or self._spool.waiting()):
            self._parts.back(HISTORY)
            return
        try:
            self._probe()
            rows = self._spool.drain(self._write_missing)
        except (LedgerUnavailable, SQLAlchemyError) as error:
            self._mark_away(error)
            return
        if rows:
            log.info("history_replayed", rows=rows)
        self._away.clear()
        self._parts.back(HISTORY)

    def _mark_away(self, error: Exception) -> None:
        self._away.set()
        self._parts.away(HISTORY, f"Predictions wait in the spool, for the database takes no writes: {error}")

    def _probe(self) -> None:
        """Take the write lock and give it back. Raises LedgerUnavailable."""
        with self._ledger.database.write() as session:
            session.connection()

    def _write_missing(self, rows: Sequence[NewPrediction]) -> None:
        """Store the rows that are not there yet: a crash may have come between a commit and the file's end."""
        moments = {row.created_at for row in rows}
        with self._ledger.database.write() as session:
            stored = {
                tuple(found)
                for found in session.execute(
                    select(Prediction.created_at, Prediction.model_version, Prediction.prediction).where(
                        Prediction.created_at.in_(moments)
                    )
                )
            }
            missing = [
                vars(row) for row in rows if (row.created_at, row.model_version, row.prediction) not in stored
            ]
            if missing:
                session.execute(insert(Prediction), missing)
