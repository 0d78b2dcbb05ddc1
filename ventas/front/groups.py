"""What the requests of one turn of the event loop want written, written together."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import structlog

from ventas.ledger.quick import Busy

RETRY_SECONDS = 0.0002  # what another process's commit takes, about
PATIENCE_SECONDS = 0.02  # then the plain way waits for the database, and the loop goes on
log = structlog.get_logger()
Row = TypeVar("Row")
Told = TypeVar("Told")
Waiting = tuple[Row, asyncio.Future[Told]]


class Group(ABC, Generic[Row, Told]):
    """Records for one event loop; each caller waits for the commit of its own row and no longer."""

    def __init__(self) -> None:
        self._waiting: list[Waiting[Row, Told]] = []
        self._is_due = False
        self._give_up_at = 0.0

    async def record(self, row: Row) -> Told:
        """What is told of the row, committed when this returns."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Told] = loop.create_future()
        self._waiting.append((row, told))
        if self._begins(loop):
            loop.call_soon(self._write, loop)  # after the requests that are here already
        return await told

    def record_turn(self, rows: Sequence[Waiting[Row, Told]]) -> None:
        """Write what has been gathered of a turn already; the future of each is told once it is committed."""
        self._waiting += rows
        loop = asyncio.get_running_loop()
        if self._begins(loop):
            self._write(loop)

    def _begins(self, loop: asyncio.AbstractEventLoop) -> bool:
        if self._is_due:
            return False
        self._is_due = True
        self._give_up_at = loop.time() + PATIENCE_SECONDS
        return True

    @abstractmethod
    def _write_at_once(self, rows: Sequence[Row]) -> Sequence[Told]:
        """Commit the rows without waiting; raises Busy where that cannot be."""

    @abstractmethod
    def _write_otherwise(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to do in another way what could not be done at once; ends with a call of `_done`."""

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            told = self._write_at_once([row for row, _ in self._waiting])
        except Busy:
            if loop.time() < self._give_up_at:
                loop.call_later(RETRY_SECONDS, self._write, loop)
                return
        except Exception as error:  # noqa: BLE001 - the plain way meets the same, and tells each caller
            log.info("group_not_written", reason=str(error))
        else:
            self._tell(self._taken(), told)
            self._done()
            return
        self._write_otherwise(loop)

    def _done(self) -> None:
        """The next row begins a new turn."""
        self._is_due = False

    def _taken(self) -> list[Waiting[Row, Told]]:
        taken, self._waiting = self._waiting, []
        return taken

    @staticmethod
    def _tell(taken: Sequence[Waiting[Row, Told]], told: Sequence[Told]) -> None:
        for (_, waits), one in zip(taken, told, strict=True):
            with suppress(asyncio.InvalidStateError):  # a client that is gone has cancelled its request
                waits.set_result(one)
