"""A whole system as one object: start, wait, kill a part, stop. `ventas up` and the pipeline tests use it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from ventas.errors import LedgerUnavailable
from ventas.launcher.addresses import address
from ventas.launcher.checks import check_disk, check_ports
from ventas.launcher.environment import around_proxies, own_ports, settings_of, without_settings
from ventas.launcher.go_tool import Progress
from ventas.launcher.object_store import ObjectStore, choose_store
from ventas.launcher.owner import Owner
from ventas.launcher.places import last_lines, log_file, make_home
from ventas.launcher.readiness import Health, state_of, wait_ready
from ventas.launcher.services import minio_address, wanted
from ventas.settings import Settings

_VENTAS = str(Path(sys.executable).with_name("ventas"))
STOP_SECONDS = 5.0  # the supervisors' 3.5 s and some


def _silent(_line: str) -> None:
    """Progress that nobody watches."""


class System:
    """The services of one state folder.

    Parameters
    ----------
    settings_env: settings by their environment names; they win over what this process has in its own.
    base: the rest of the environment; this process's own if not given.
    cwd: where the services run, and so whose `.env` they read.

    As a context manager it is prepared on entry and stopped on exit:

        with System.on_free_ports(tmp_path / "home", CV_FOLDS="2") as system:
            system.start()
            system.wait_ready()
    """

    def __init__(
        self,
        settings_env: Mapping[str, str],
        *,
        base: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ):
        self.env: dict[str, str] = around_proxies({**(os.environ if base is None else base), **settings_env})
        self.cwd = cwd
        self._read_settings()
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @classmethod
    def on_free_ports(cls, home: Path, **settings: str) -> Self:
        """A system of its own on free ports, with `home` as state folder, blind to the user's settings."""
        home.mkdir(parents=True, exist_ok=True)
        return cls({**own_ports(home), **settings}, base=without_settings(os.environ), cwd=home)

    def _read_settings(self) -> None:
        if self.cwd is None:
            self.settings: Settings = settings_of(self.env)
        else:
            before = Path.cwd()
            os.chdir(self.cwd)
            try:
                self.settings = settings_of(self.env)
            finally:
                os.chdir(before)
        self.env["VENTAS_HOME"] = str(self.settings.home)

    @property
    def home(self) -> Path:
        """The state folder."""
        return self.settings.home

    @property
    def names(self) -> list[str]:
        """All services that this machine starts."""
        return wanted(self.settings)

    @property
    def urls(self) -> dict[str, str]:
        """Where people and programs reach the services that listen."""
        found = self.settings
        return {
            "minio": f"{'https' if found.MINIO_SECURE else 'http'}://{minio_address(found)}",
            "console": f"http://{minio_address(found).host}:{found.MINIO_CONSOLE_PORT}",
            "redis": found.REDIS_URL,
            "mlflow": found.MLFLOW_TRACKING_URI,
            "webhooks": found.WEBHOOKS_URL,
            "api": found.API_URL,
            "dashboard": f"http://{address(found.DASHBOARD_BIND, 'DASHBOARD_BIND')}",
            "flower": f"http://{address(found.FLOWER_BIND, 'FLOWER_BIND')}",
        }

    def choose_store(self, progress: Progress = _silent) -> ObjectStore:
        """Decide between MinIO and the stand-in, getting MinIO if need be (minutes). Raises NoMinio under CI."""
        self.store = choose_store(self.env, progress)
        self.env.update(self.store.env)
        self._read_settings()
        return self.store

    @cached_property
    def store(self) -> ObjectStore:
        """What serves S3 here, decided on first use."""
        return self.choose_store()

    def prepare(self) -> None:
        """Make the state folder and its tokens, and bring the ledger's tables up to date.

        Raises CannotStart, LedgerUnavailable.
        """
        make_home(self.home)
        check_disk(self.home)
        made = self.settings  # its tokens now, before several look for them
        _ = (
            made.minio_secret_key,
            made.flower_basic_auth,
            made.webhook_token,
            made.admin_token,
            made.upload_token,
        )
        _ = made.dashboard_token, made.dashboard_session_key
        self._migrate()

    def _migrate(self) -> None:
        """As a command of its own, for Alembic and SQLAlchemy would stay in this process, which lives as long."""
        done = subprocess.run(
            [_VENTAS, "migrate"], env=self.env, cwd=self.cwd, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise LedgerUnavailable(done.stderr.strip().removeprefix("ventas: "))

    def start(self, names: list[str] | None = None) -> None:
        """Start the supervisors of `names` (all if None) directly; raises CannotStart if a port is taken."""
        _ = self.store
        starting = [name for name in names or self.names if not self.is_supervised(name)]
        check_ports(self.settings, starting)
        for name in starting:
            with log_file(self.home, name).open("ab") as log:
                self._running[name] = subprocess.Popen(
                    [_VENTAS, "run", name],
                    env={**self.env, **self.owner.env, "VENTAS_RUN_ECHO": "off"},
                    cwd=self.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    start_new_session=True,
                )

    @cached_property
    def owner(self) -> Owner:
        """This process's sign of life for the supervisors."""
        return Owner(self.home)

    def wait_ready(self, names: list[str] | None = None, timeout: float = 120) -> None:
        """Return when `names` (those started, if None) answer; raises NotReady with their last log lines."""
        waited = list(self._running) if names is None else names
        wait_ready(self.settings, waited, seconds=timeout, alive=lambda: self._alive(waited))

    def _alive(self, names: list[str]) -> bool:
        return all(self.is_supervised(name) for name in names if name in self._running)

    def is_supervised(self, name: str) -> bool:
        """Whether the supervisor that this object started for `name` still runs."""
        return name in self._running and self._running[name].poll() is None

    def is_ready(self, name: str) -> bool:
        """Whether the service answers now."""
        return Health(self.settings).answers(name)

    def pid(self, name: str) -> int | None:
        """Process number of the service itself (not of its supervisor); None while it is down."""
        found = state_of(self.home, name).get("child_pid")
        return found if isinstance(found, int) else None

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL, *, group: bool = True) -> int:
        """Send a signal to a service (with all its own processes, or its main one alone); returns its number.

        The supervisor starts it again. Raises ProcessLookupError if it does not run.
        """
        pid = self.pid(name)
        if pid is None:
            raise ProcessLookupError(f"{name} does not run")
        (os.killpg if group else os.kill)(pid, number)
        return pid

    def stop(self, names: list[str] | None = None) -> None:
        """Stop `names` (all if None) and return when they have ended, within 5 s."""
        stopping = {
            name: self._running.pop(name) for name in names or list(self._running) if name in self._running
        }
        for process in stopping.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in stopping.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self, name: str, lines: int = 50) -> str:
        """The last lines that a service wrote."""
        return "\n".join(last_lines(log_file(self.home, name), lines))

    def __enter__(self) -> Self:
        self.choose_store()
        self.prepare()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if "owner" in self.__dict__:
            self.owner.close()
