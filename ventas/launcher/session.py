"""One `ventas up` from start to Ctrl-C, told on the terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console

from ventas.errors import TransientError
from ventas.launcher.addresses import open_dashboard
from ventas.launcher.checks import CannotStart, check_ports
from ventas.launcher.first_sample import upload_first_sample
from ventas.launcher.overview import overview
from ventas.launcher.parts_watch import PartsWatch
from ventas.launcher.places import log_file, make_home, state_file, try_lock
from ventas.launcher.readiness import NotReady, http_client, wait_ready
from ventas.launcher.system import STOP_SECONDS, System
from ventas.launcher.telling import Telling

POLL_SECONDS = 1.0


class Session:
    """Starts the Procfile through honcho, shows one table, and stops all when told."""

    def __init__(self, root: Path, *, show_logs: bool, seconds: float):
        self._root, self._show_logs, self._seconds = root, show_logs, seconds
        self._console = Console(highlight=False, soft_wrap=True)
        self._system = System({})

    def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP; raises CannotStart, NotReady and what preparing raises."""
        make_home(self._system.home)
        lock = try_lock(self._system.home / "run" / "up.lock")
        if lock is None:
            raise CannotStart(
                f"The system runs already on {self._system.home}: see {self._system.urls['dashboard']}"
            )
        with lock, suppress(KeyboardInterrupt), _interrupted_by(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._prepare()
            honcho = self._start_honcho()
            try:
                self._accompany(honcho)
            finally:
                self._stop(honcho)

    def _prepare(self) -> None:
        telling = Telling(lambda line: self._console.print(line, markup=False))
        with self._console.status("looking for MinIO") as status:

            def progress(line: str) -> None:
                status.update(f"MinIO: {line}")
                if not self._console.is_terminal:
                    telling(f"MinIO: {line}")

            store = self._system.choose_store(progress)
        if store.is_stand_in:
            self._console.print(f"{store.name}: {store.note}", markup=False)
        if trouble := open_dashboard(self._system.settings):
            raise CannotStart(trouble)
        check_ports(self._system.settings, self._system.names)
        self._system.prepare()

    def _start_honcho(self) -> subprocess.Popen[bytes]:
        """honcho in a session of its own, so that Ctrl-C reaches us alone and the stop has one path."""
        env = {**self._system.env, **self._system.owner.env}
        env["VENTAS_RUN_ECHO"] = "on" if self._show_logs else "off"
        # honcho would put the file's values over the environment's; the services read .env themselves.
        command = [
            sys.executable,
            "-m",
            "honcho",
            "-e",
            os.devnull,
            "-f",
            str(self._root / "Procfile"),
            "start",
        ]
        with log_file(self._system.home, "honcho").open("wb") as log:
            return subprocess.Popen(
                [*command, *self._system.names],
                cwd=self._root,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=None if self._show_logs else log,
                stderr=None if self._show_logs else subprocess.STDOUT,
                start_new_session=True,
            )

    def _accompany(self, honcho: subprocess.Popen[bytes]) -> None:
        self._wait(honcho)
        sample = upload_first_sample(self._system.settings)
        self._console.print(overview(self._system))
        if sample:
            self._console.print(
                f"First start: the bundled sample was uploaded as {sample}; training its model."
            )
        champion = ""
        watch = PartsWatch(self._system.home, self._system.names)
        while honcho.poll() is None:
            for line in watch.changes():
                self._tell(line)
            if not champion and (champion := self._champion()):
                self._tell(f"The champion is live: {champion}")
            time.sleep(POLL_SECONDS)
        raise NotReady(f"A supervisor ended, so all was stopped. See {log_file(self._system.home, 'honcho')}")

    def _tell(self, line: str) -> None:
        """Print a line; output that goes to a full disk must not end the system."""
        with suppress(OSError):
            self._console.print(line, markup=False)

    def _wait(self, honcho: subprocess.Popen[bytes]) -> None:
        with self._console.status("starting") as status:

            def show(missing: list[str]) -> None:
                status.update(f"waiting for {', '.join(missing)}")
                if not self._console.is_terminal:
                    self._console.print(f"waiting for {', '.join(missing)}" if missing else "all answer")

            wait_ready(
                self._system.settings,
                self._system.names,
                seconds=self._seconds,
                alive=lambda: honcho.poll() is None,
                on_change=show,
            )

    def _champion(self) -> str:
        """What the API says of the champion it serves; empty while there is none."""
        try:
            answer = http_client().get(f"{self._system.urls['api']}/health")
            return f"version {answer.json()['model_version']}" if answer.is_success else ""
        except (httpx.HTTPError, json.JSONDecodeError, KeyError, TypeError):
            return ""

    def _stop(self, honcho: subprocess.Popen[bytes]) -> None:
        """Stop all within 5 s, whatever else is pressed meanwhile."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self._console.print("Stopping ...")
        honcho.terminate()
        self._system.owner.close()  # on a busy machine the supervisors hear this before honcho reaches them
        with suppress(subprocess.TimeoutExpired):
            honcho.wait(STOP_SECONDS - 0.5)
        if honcho.poll() is None:
            os.killpg(honcho.pid, signal.SIGKILL)
            honcho.wait()
        self._await_supervisors()

    def _await_supervisors(self) -> None:
        """Those that honcho did not wait for see their owner gone and end by themselves."""
        deadline = time.monotonic() + STOP_SECONDS
        while left := [name for name in self._system.names if state_file(self._system.home, name).exists()]:
            if time.monotonic() > deadline:
                raise StillRunning(f"Still running: {', '.join(left)}; see {self._system.home / 'run'}")
            time.sleep(0.05)
        self._console.print("Stopped.")


class StillRunning(TransientError):
    """Raised when a service outlives the stop; the message names it."""


@contextmanager
def _interrupted_by(*numbers: signal.Signals) -> Iterator[None]:
    """Let these signals do what Ctrl-C does, also where the caller's shell had SIGINT ignored."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
