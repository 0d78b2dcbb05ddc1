"""The predictions of one turn of the event loop, written to the history in one transaction."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from api.history import History
from ventas.front.groups import Group, Waiting
from ventas.ledger.predictions import NewPrediction

Recording = Waiting[NewPrediction, int | None]


class GroupRecorder(Group[NewPrediction, int | None]):
    """Tells the id of a row, or None where it was spooled instead."""

    def __init__(self, history: History):
        super().__init__()
        self._history = history
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history-group")

    def close(self) -> None:
        """Start no more; what waits is lost with its callers."""
        self._thread.shutdown(wait=False)

    def _write_at_once(self, rows: Sequence[NewPrediction]) -> Sequence[int | None]:
        return self._history.record_at_once(rows)

    def _write_otherwise(self, loop: asyncio.AbstractEventLoop) -> None:
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
        self._done()

    async def _record(self, loop: asyncio.AbstractEventLoop, taken: Sequence[Recording]) -> None:
        rows = [row for row, _ in taken]
        ids = await loop.run_in_executor(self._thread, self._history.record_all, rows)
        self._tell(taken, ids or [None] * len(taken))


_TASKS: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    """Hold a task until it is done; the loop itself would not."""
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
