"""The first tasks of new runs, sent beside the answers.

Nothing is lost here: a run whose task was not sent is not marked so in the ledger, and the sweep finds it.
"""

import sqlite3
from collections.abc import Callable, Sequence
from importlib import import_module
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Protocol, cast

import structlog

from ventas.errors import BrokerUnavailable, LedgerUnavailable
from ventas.ledger import Ledger
from ventas.states import Step

# A task takes as much of the processor as several events: in a burst a worker sends them, told by one message.
FEW = 4
PAUSE_SECONDS = 0.05  # between two sendings; a burst gathers meanwhile, a single upload has none before it
CHECKPOINT_SECONDS = 0.5
CLOSE_SECONDS = 1.5  # granian ends its process after 2
log = structlog.get_logger()
Due = tuple[Step, str]  # of a run's id


class Tasks(Protocol):
    """What sends tasks. Both raise BrokerUnavailable."""

    def enqueue(self, step: Step, run_id: str) -> None:
        """Send the task of one step."""
        ...

    def enqueue_due(self) -> None:
        """Let a worker send the tasks of all steps that the ledger knows to be due."""
        ...


def celery_tasks() -> Tasks:
    """By Celery, which takes a while to import."""
    return cast(Tasks, import_module("workers.app"))


class Sender:
    """A thread that sends what it is offered, at once where that is little.

    Parameters
    ----------
    ledger: where it notes what is sent.
    load: gives what sends tasks; called once, in the thread.
    """

    def __init__(self, ledger: Ledger, load: Callable[[], Tasks]):
        self._ledger = ledger
        self._load = load
        self._offered: SimpleQueue[Due | None] = SimpleQueue()
        self._closing = Event()
        self._checkpoint_at = 0.0
        self._thread = Thread(target=self._run, name="sender", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def offer(self, step: Step, run_id: str) -> None:
        """Have the task of a recorded run sent; does not wait."""
        self._offered.put((step, run_id))

    def close(self) -> None:
        """Send what was offered, and end."""
        self._closing.set()
        self._offered.put(None)
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        tasks = self._load()
        goes_on = True
        while goes_on:
            taken = self._taken()
            goes_on = None not in taken
            self._send(tasks, [one for one in taken if one is not None])
            self._closing.wait(PAUSE_SECONDS)

    def _taken(self) -> list[Due | None]:
        """All that was offered; waits for the first."""
        taken = [self._offered.get()]
        while True:
            try:
                taken.append(self._offered.get_nowait())
            except Empty:
                return taken

    def _send(self, tasks: Tasks, due: Sequence[Due]) -> None:
        try:
            if len(due) > FEW:
                tasks.enqueue_due()
                self._checkpoint()
            else:
                self._send_each(tasks, due)
        except (BrokerUnavailable, LedgerUnavailable, sqlite3.Error) as error:
            log.warning("left_to_the_sweep", run_ids=[run_id for _, run_id in due], reason=str(error))
        except Exception:  # a thread that died silently would leave every later task to the sweep
            log.exception("sending_failed")

    def _checkpoint(self) -> None:
        """Tasks that are noted one by one bring the write-ahead log into the database by themselves."""
        if (now := monotonic()) >= self._checkpoint_at:
            self._checkpoint_at = now + CHECKPOINT_SECONDS
            self._ledger.intake.checkpoint()

    def _send_each(self, tasks: Tasks, due: Sequence[Due]) -> None:
        """Send tasks up to the first that the broker does not take: the others would wait for the same time-out."""
        sent = []
        try:
            for step, run_id in due:
                tasks.enqueue(step, run_id)
                sent.append(run_id)
        finally:
            if sent:
                self._ledger.runs.mark_enqueued(*sent)
