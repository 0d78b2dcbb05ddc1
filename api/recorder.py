"""The predictions of one turn of the event loop, written to the history in one transaction."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog

from api.history import History
from ventas.ledger.predictions import NewPrediction
from ventas.ledger.quick import Busy

RETRY_SECONDS = 0.0002  # what another process's commit takes, about
PATIENCE_SECONDS = 0.02  # then a thread waits for the database, and the loop goes on
log = structlog.get_logger()
Waiting = tuple[NewPrediction, "asyncio.Future[int | None]"]


class GroupRecorder:
    """Records for one event loop."""

    def __init__(self, history: History):
        self._history = history
        self._waiting: list[Waiting] = []
        self._is_due = False
        self._give_up_at = 0.0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history-group")

    def close(self) -> None:
        """Start no more; what waits is lost with its callers."""
        self._thread.shutdown(wait=False)

    def record(self, rows: Sequence[Waiting]) -> None:
        """Write rows in one transaction; the future of each gets its id once that is committed, or None where it was
        spooled instead."""
        self._waiting += rows
        if not self._is_due:
            loop = asyncio.get_running_loop()
            self._is_due = True
            self._give_up_at = loop.time() + PATIENCE_SECONDS
            self._write(loop)

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        rows = [row for row, _ in self._waiting]
        try:
            ids: list[int] | None = self._history.record_at_once(rows)
        except Busy:
            if loop.time() < self._give_up_at:
                loop.call_later(RETRY_SECONDS, self._write, loop)
                return
        except Exception as error:  # noqa: BLE001 - the plain way meets the same, and tells each caller
            log.info("history_group_not_written", reason=str(error))
        else:
            self._is_due = False
            self._tell(self._taken(), ids)
            return
        _keep(loop.create_task(self._write_in_thread(loop)))

    async def _write_in_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        """One transaction after the other, each of what came during the one before."""
        while self._waiting:
            taken = self._taken()
            try:
                await self._record(loop, taken)
            except Exception:  # noqa: BLE001 - one of them is at fault, and only that one is to hear of it
                for one in taken:
                    try:
                        await self._record(loop, [one])
                    except Exception as error:  # noqa: BLE001 - its own request answers it
                        with suppress(asyncio.InvalidStateError):
                            one[1].set_exception(error)
        self._is_due = False

    async def _record(self, loop: asyncio.AbstractEventLoop, taken: Sequence[Waiting]) -> None:
        rows = [row for row, _ in taken]
        self._tell(taken, await loop.run_in_executor(self._thread, self._history.record_all, rows))

    def _taken(self) -> list[Waiting]:
        taken, self._waiting = self._waiting, []
        return taken

    @staticmethod
    def _tell(taken: Sequence[Waiting], ids: list[int] | None) -> None:
        for at, (_, recorded) in enumerate(taken):
            with suppress(asyncio.InvalidStateError):  # a client that is gone has cancelled its request
                recorded.set_result(ids[at] if ids else None)


_TASKS: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    """Hold a task until it is done; the loop itself would not."""
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
