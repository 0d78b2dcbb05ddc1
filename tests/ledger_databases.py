"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a free port of 127.0.0.1."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

ON_BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
INSTALL = "PostgreSQL is not installed. Run: sudo apt-get install postgresql"


def find_program(name: str) -> Path | None:
    """A server program of PostgreSQL; Debian keeps them off the PATH, one folder for each version."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3])
    )
    if versions:
        return versions[-1]
    found = shutil.which(name)
    return Path(found) if found else None


class Postgres:
    """A running server; `url(name)` is a database of it."""

    def __init__(self, port: int):
        self.port = port

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://ventas@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str) -> None:
        """Run one statement, outside any transaction."""
        with psycopg.connect(
            f"host=127.0.0.1 port={self.port} user=ventas dbname=postgres connect_timeout=2", autocommit=True
        ) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A fresh server, ended with the block; what a laptop has not got is a skip, in CI a failure."""
    initdb, server = find_program("initdb"), find_program("postgres")
    if initdb is None or server is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(INSTALL)
    user = _unprivileged()
    # pytest's own temporary folders let nobody else in.
    with tempfile.TemporaryDirectory(prefix="ventas-postgres-", ignore_cleanup_errors=True) as folder:
        if user:
            shutil.chown(folder, user["user"], user["group"])
        data, port = Path(folder, "data"), _free_port()
        subprocess.run(
            [
                *(initdb, "--pgdata", data, "--username=ventas", "--auth=trust"),
                *("--encoding=UTF8", "--no-locale", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            **user,
        )
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(server, "-D", data, "-p", str(port)),
                    *(
                        "-c",
                        "listen_addresses=127.0.0.1",
                        "-c",
                        "unix_socket_directories=",
                        "-c",
                        "fsync=off",
                    ),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                **user,
            )
        try:
            yield _answering(Postgres(port), process, Path(folder, "log"))
        finally:
            process.terminate()
            process.wait(20)


def _answering(postgres: Postgres, process: subprocess.Popen[bytes], log: Path) -> Postgres:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            postgres.execute("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return postgres
    raise AssertionError(f"PostgreSQL did not start: {log.read_text(errors='replace')}")


def _unprivileged() -> dict[str, Any]:
    """Arguments of Popen; neither initdb nor the server works for root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    name = "postgres" if "postgres" in names else "nobody"
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
