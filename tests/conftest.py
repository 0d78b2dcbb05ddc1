"""Fixtures that every tier shares."""

import errno
import logging
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ventas.ledger import Ledger
from ventas.ledger.migrate import upgrade
from ventas.settings import Settings

# As the services have it, and before anything imports OpenMP: see ventas/launcher/services.py.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# Where Python is told to keep no bytecode, each process that tests start compiles all that it imports: that takes
# three times as long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


# Where a system of this machine listens unless told otherwise. No test may look at what runs there.
DEFAULT_PORTS = {5000, 5555, 6379, 8000, 8050, 8080, 9000, 9001}


def _refuse_default_ports(name: str, arguments: tuple[Any, ...]) -> None:
    """Let a connection to a default port of the loopback fail as if nothing listened there."""
    if name != "socket.connect" or not isinstance(arguments[1], tuple):
        return
    host, port = arguments[1][:2]
    if port in DEFAULT_PORTS and host in ("127.0.0.1", "::1", "localhost"):
        raise ConnectionRefusedError(errno.ECONNREFUSED, f"No test started what listens on port {port}.")


sys.addaudithook(_refuse_default_ports)


@event.listens_for(Engine, "checkout")
def _wait_for_no_disk(connection: Any, *_: Any) -> None:
    """What a test writes need not outlive a power cut."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(autouse=True)
def _no_address_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's client leaves the address that it was given in the environment, where the next settings look."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a system of its own, apart from this machine's environment and `.env`."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
    return Settings(_env_file=None, VENTAS_HOME=tmp_path / "home")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger on SQLite, migrated once, for every test to copy."""
    home = tmp_path_factory.mktemp("migrated")
    upgrade(Settings(_env_file=None, VENTAS_HOME=home, DATABASE_URL=""))
    return home / "ledger.db"


@pytest.fixture
def ledger(settings: Settings, migrated: Path) -> Iterator[Ledger]:
    """An empty ledger with all its tables; a database that the settings name has them already."""
    if not settings.DATABASE_URL:
        settings.home.mkdir(parents=True, exist_ok=True)
        shutil.copy(migrated, settings.home)
    ledger = Ledger(settings)
    yield ledger
    ledger.close()


@pytest.fixture(autouse=True)
def _no_log_handler_of_another_test() -> Iterator[None]:
    """An app that one test made sends log lines to stderr; the next test's stderr is its own."""
    _remove_our_handlers()
    yield
    _remove_our_handlers()


def _remove_our_handlers() -> None:
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if type(handler).__module__ == "ventas.logs":
            root.removeHandler(handler)
    root.setLevel(logging.WARNING)
