"""How one service is started, started again, and stopped."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LINGER_SECONDS = 2.2


@dataclass(frozen=True)
class Launch:
    """How to start one service: `env` is added to the supervisor's own.

    `stop_group`: SIGTERM goes to the whole process group; False for programs that must tell their own
    children (Celery: a pool process that gets SIGTERM dies in the middle of its task).
    `outlives`: services that are let go first, for up to LINGER_SECONDS, when all are stopped at once (Celery
    gives its unfinished tasks back to Redis).
    """

    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)
    stop_group: bool = True
    outlives: tuple[str, ...] = ()


@dataclass
class BackOff:
    """Waiting times between restarts: doubled each time, forgotten after a healthy while (all in seconds)."""

    first: float = 0.5
    longest: float = 30.0
    healthy: float = 30.0
    _next: float = 0.0

    def after(self, lived: float) -> float:
        """How long to wait now, after a child that lived `lived` seconds."""
        if lived >= self.healthy or not self._next:
            self._next = self.first
        wait, self._next = self._next, min(self._next * 2, self.longest)
        return wait


class Stop:
    """The stop of one child, step by step: let others go first, SIGTERM, SIGKILL."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        launch: Launch,
        seconds: float,
        others_run: Callable[[tuple[str, ...]], bool],
    ):
        self._child, self._launch, self._seconds, self._others_run = child, launch, seconds, others_run
        self._began: float | None = None
        self._asked = self._killed = False

    def goes_on(self) -> bool:
        """Take the step that is due; True when that was the killing."""
        if self._began is None:
            self._began = time.monotonic()
        passed = time.monotonic() - self._began
        if not self._asked and (passed > LINGER_SECONDS or not self._others_run(self._launch.outlives)):
            self._asked = True
            self._send(signal.SIGTERM, group=self._launch.stop_group)
        if passed > self._seconds and not self._killed:
            self._killed = True
            self._send(signal.SIGKILL, group=True)
            return True
        return False

    def _send(self, number: signal.Signals, *, group: bool) -> None:
        with contextlib.suppress(ProcessLookupError):
            if group:
                os.killpg(self._child.pid, number)
            else:
                self._child.send_signal(number)
