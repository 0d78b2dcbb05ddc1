"""Work that goes on beside the requests, in daemon threads of the process that serves."""

import time
from collections.abc import Callable, Sequence
from threading import Event, Thread

import structlog

log = structlog.get_logger()


class Loop:
    """Calls `step` every `seconds`, and at once when woken.

    `step` handles the errors that it knows; any other is logged, once per row of failures, and the loop goes on.
    """

    def __init__(self, name: str, step: Callable[[], None], seconds: float):
        self._name = name
        self._step = step
        self._seconds = seconds
        self._wake = Event()
        self._stop = Event()
        self._failing = False
        self._thread = Thread(target=self._run, name=name, daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether a long step should end now."""
        return self._stop.is_set()

    def start(self) -> None:
        """Start the thread; the first step comes at once."""
        self._thread.start()

    def wake(self) -> None:
        """Let the next step come at once."""
        self._wake.set()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stop.set()
        self._wake.set()

    def join(self, timeout_seconds: float) -> None:
        """Wait until the thread has ended, though not for longer than `timeout_seconds`."""
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._guarded()
            self._wake.wait(self._seconds)
            self._wake.clear()

    def _guarded(self) -> None:
        try:
            self._step()
        except Exception:  # a thread that died silently would leave an old champion for ever
            if not self._failing:
                log.exception("background_step_failed", loop=self._name)
            self._failing = True
        else:
            self._failing = False


def stop_all(loops: Sequence[Loop], timeout_seconds: float = 1) -> None:
    """Ask all loops to end and wait for them, together no longer than `timeout_seconds`.

    One that hangs in a library's call is left behind: daemon threads end with the process.
    """
    end = time.monotonic() + timeout_seconds
    for loop in loops:
        loop.stop()
    for loop in loops:
        loop.join(max(0.0, end - time.monotonic()))
