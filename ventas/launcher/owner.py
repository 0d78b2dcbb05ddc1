"""A sign of life from the process that owns the system, which its supervisors see end even when it is killed.

The owner holds a FIFO open for writing and the supervisors for reading. The kernel closes it with the owner, so no
process number is polled, none can be mistaken for a later process, and honcho in between does not matter
(it starts each process from a helper process of its own that outlives a killed honcho).
"""

import contextlib
import os
from pathlib import Path

import psutil

VARIABLE = "VENTAS_OWNER_FIFO"


class Owner:
    """Held by the process whose end must end the system; `env` is what its supervisors inherit."""

    def __init__(self, home: Path):
        self.path = home / "run" / f"owner.{os.getpid()}.{id(self):x}"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        os.mkfifo(self.path, 0o600)
        # Both directions: opening for writing alone would wait for a reader.
        self._held = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    @property
    def env(self) -> dict[str, str]:
        """The variable by which a supervisor finds its owner."""
        return {VARIABLE: str(self.path)}

    def close(self) -> None:
        """Let go: every supervisor that is still there stops."""
        os.close(self._held)
        self.path.unlink(missing_ok=True)


class Guardians:
    """What a supervisor lives for: its parent process and, where there is one, the system's owner."""

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._honcho = _honcho() if "HONCHO_PROCESS_NAME" in os.environ else None
        self._fifo: int | None = None
        self._owner_missing = False
        if path := os.environ.get(VARIABLE):
            try:
                self._fifo = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            except FileNotFoundError:
                self._owner_missing = True

    def gone(self) -> bool:
        """Whether the parent or the owner has ended."""
        if self._owner_missing or os.getppid() != self._parent:
            return True
        if self._honcho is not None and not self._honcho.is_running():
            return True
        return self._fifo is not None and _ended(self._fifo)

    def close(self) -> None:
        """Let go of the owner's sign of life."""
        if self._fifo is not None:
            os.close(self._fifo)
            self._fifo = None


def _ended(fifo: int) -> bool:
    """Whether no writer is left; nothing is ever written, so a read that does not block means the end."""
    with contextlib.suppress(BlockingIOError):
        return os.read(fifo, 1) == b""
    return False


def _honcho() -> psutil.Process | None:
    """honcho's main process: the furthest of our ancestors that runs honcho; None if none can be seen."""
    with contextlib.suppress(psutil.Error):
        found = [one for one in psutil.Process().parents() if any("honcho" in word for word in one.cmdline())]
        return found[-1] if found else None
    return None
