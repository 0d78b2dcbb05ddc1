"""Keeps one service running: starts it, carries its output, restarts it with back-off, stops it in time.

A supervisor outlives whatever it cannot do for a while: write its state or its log on a full disk, fork, open a file.
It says so where it can, and tries again; its end would leave the service away for good.

One thread only: between fork and exec the child sets its death signal, and that is safe only while no other thread
can hold a lock. (`subprocess` warns of the same.)
"""

import contextlib
import ctypes
import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType

from ventas.errors import PermanentError
from ventas.launcher.launch import BackOff, Launch, Stop
from ventas.launcher.leftovers import end_leftovers, marks
from ventas.launcher.owner import Guardians
from ventas.launcher.places import log_file, make_home, state_file, try_lock
from ventas.times import iso_z, utc_now

STOP_SECONDS = 3.5
LOG_BYTES = 5_000_000
LOG_COPIES = 2
READ_BYTES = 65_536
PR_SET_PDEATHSIG = 1


class Supervisor:
    """Runs `launch()` until told to stop by a signal, or until its parent or the system's owner ends."""

    def __init__(
        self,
        name: str,
        launch: Callable[[], Launch],
        home: Path,
        *,
        echo: bool = True,
        back_off: BackOff | None = None,
        stop_seconds: float = STOP_SECONDS,
    ):
        self._name, self._launch, self._home = name, launch, home
        self._echo, self._back_off, self._stop_seconds = echo, back_off or BackOff(), stop_seconds
        self._stopping = False
        self._restarts = 0
        self._last_exit: int | None = None
        self._state: dict[str, object] = {}
        self._state_is_written = True

    def run(self) -> None:
        """Supervise until stopped; raises PermanentError when the service is supervised already."""
        make_home(self._home)
        lock = try_lock(self._home / "run" / f"{self._name}.lock")
        if lock is None:
            raise PermanentError(
                f"{self._name} is running already on {self._home}: stop that one first, or give this one its own "
                "VENTAS_HOME."
            )
        with lock, _woken_by_signals(self._on_signal) as wake:
            for pid in end_leftovers(self._name, self._home):
                self._say(f"ended process {pid}, left over from an earlier start")
            self._guardians = Guardians()
            try:
                self._keep_running(wake)
            finally:
                self._guardians.close()
                with contextlib.suppress(OSError):
                    state_file(self._home, self._name).unlink(missing_ok=True)

    def _keep_running(self, wake: int) -> None:
        while not self._should_stop():
            started = time.monotonic()
            try:
                self._last_exit = self._run_child(wake)
                ended = f"ended with {_exit_words(self._last_exit)}"
            except OSError as error:  # no room for its pipe, no process number left, its program is gone
                self._last_exit, ended = None, f"could not be started ({error})"
            if self._should_stop():
                return
            wait = self._back_off.after(time.monotonic() - started)
            self._restarts += 1
            self._say(f"{ended}; restart {self._restarts} in {wait:g} s")
            self._write_state(None)
            self._pause(wait, wake)

    def _run_child(self, wake: int) -> int:
        """Start the service once, and return its exit code when it and its group have ended."""
        launch = self._launch()
        child = subprocess.Popen(
            launch.argv,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **marks(self._name, self._home), **launch.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        self._write_state(child.pid)
        try:
            return self._watch(child, launch, wake)
        finally:
            # Whatever the service left in its group (workers, helpers) goes with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def _watch(self, child: subprocess.Popen[bytes], launch: Launch, wake: int) -> int:
        assert child.stdout is not None
        output = child.stdout.fileno()
        os.set_blocking(output, False)
        stop = Stop(child, launch, self._stop_seconds, self._others_run)
        with selectors.DefaultSelector() as selector, child.stdout:
            selector.register(output, selectors.EVENT_READ)
            selector.register(wake, selectors.EVENT_READ)
            while child.poll() is None:
                self._retry_state()
                for key, _ in selector.select(timeout=0.2):
                    if key.fd == wake:
                        _drain(wake)
                    elif not self._carry(output):
                        selector.unregister(output)
                if self._should_stop() and stop.goes_on():
                    self._say(f"did not stop within {self._stop_seconds:g} s, so it was killed")
            while self._carry(output):
                pass
        return child.returncode

    def _others_run(self, names: tuple[str, ...]) -> bool:
        return any(state_file(self._home, name).exists() for name in names)

    def _carry(self, output: int) -> bool:
        """Pass on what the child has written; False when there is nothing more now."""
        try:
            read = os.read(output, READ_BYTES)
        except BlockingIOError:
            return False
        if read:
            self._write(read)
        return bool(read)

    def _write(self, text: bytes) -> None:
        self._log.info("%s", text.decode("utf-8", errors="replace"))
        if self._echo:
            try:
                sys.stdout.buffer.write(text)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                # Nobody reads any more; the log file goes on, and the guardians decide about stopping.
                self._echo = False
            except OSError:
                pass  # a file on a full disk: the next words may find room

    def _say(self, text: str) -> None:
        self._write(f"[{iso_z(utc_now())}] supervisor of {self._name}: {text}\n".encode())

    @cached_property
    def _log(self) -> logging.Logger:
        handler = _Log(
            log_file(self._home, self._name),
            maxBytes=LOG_BYTES,
            backupCount=LOG_COPIES,
            encoding="utf-8",
            delay=True,
        )
        handler.terminator = ""
        logger = logging.Logger(f"ventas.run.{self._name}", logging.INFO)
        logger.addHandler(handler)
        return logger

    def _pause(self, seconds: float, wake: int) -> None:
        """Wait, but not past a signal or the end of who we live for."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(wake, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0 and not self._should_stop():
                self._retry_state()
                if selector.select(timeout=min(left, 0.2)):
                    _drain(wake)

    def _should_stop(self) -> bool:
        return self._stopping or self._guardians.gone()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _write_state(self, child: int | None) -> None:
        self._state = {
            "name": self._name,
            "pid": os.getpid(),
            "child_pid": child,
            "restarts": self._restarts,
            "last_exit": self._last_exit,
            "started_at": iso_z(utc_now()),
        }
        self._state_is_written = False
        self._retry_state()

    def _retry_state(self) -> None:
        """Write the state file, unless it is written; where there is no room, the next look tries again."""
        if self._state_is_written:
            return
        path = state_file(self._home, self._name)
        fresh = path.with_suffix(".tmp")
        try:
            fresh.write_text(json.dumps(self._state), encoding="utf-8")
            fresh.replace(path)
        except OSError:
            return
        self._state_is_written = True


class _Log(RotatingFileHandler):
    """A log whose full disk is no error: what cannot be kept is dropped, and the next line tries anew."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop the line; a traceback on stderr for each one would only fill another file."""


@contextlib.contextmanager
def _woken_by_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[int]:
    """Call `handler` on SIGTERM, SIGINT and SIGHUP; gives a descriptor that becomes readable with each."""
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    before = {number: signal.signal(number, handler) for number in _STOP_SIGNALS}
    old_wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(old_wakeup)
        for number, old in before.items():
            signal.signal(number, old)
        os.close(reader)
        os.close(writer)


_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def _exit_words(code: int | None) -> str:
    """An exit code in words: `exit code 3`, or `SIGKILL`."""
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Between fork and exec: ask the kernel for SIGTERM when the supervisor dies, however it dies."""
    assert _LIBC is not None
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
