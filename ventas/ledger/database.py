"""Connections to the ledger's database, opened in the process that uses them.

SQLite (https://sqlite.org/wal.html): WAL so that readers never wait, `synchronous=NORMAL` so that a commit
survives SIGKILL of every process, `BEGIN IMMEDIATE` for writes so that a compare-and-set never fails halfway.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from ventas.errors import LedgerUnavailable

IDLE_SECONDS = 30  # PostgreSQL ends a transaction whose process does nothing for this long
_BEGIN = "ventas_begin"
_UNDEFINED_TABLE = "42P01"  # SQLite calls it an OperationalError


class Database:
    """Sessions on the ledger's database.

    Parameters
    ----------
    url: an SQLAlchemy URL, `sqlite:///…` or `postgresql+psycopg://…`.
    lock_timeout_seconds: how long a statement waits for another process's lock.
    """

    def __init__(self, url: str, *, lock_timeout_seconds: float = 10):
        self.url = make_url(url)
        self.lock_timeout_seconds = lock_timeout_seconds
        self._engine: Engine | None = None
        self._pid = 0

    @property
    def engine(self) -> Engine:
        """The engine of this process; a forked child gets its own, for connections do not survive a fork."""
        if self._engine is None or self._pid != os.getpid():
            if self._engine is not None:
                self._engine.dispose(close=False)
            self._engine = self._open()
            self._pid = os.getpid()
        return self._engine

    def _open(self) -> Engine:
        if self.is_sqlite:
            Path(self.url.database or "").parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(self.url, connect_args={"timeout": self.lock_timeout_seconds})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        # psycopg's names; a server that hangs must not hang us, nor a process of ours that hangs the others.
        options = {
            "lock_timeout": int(self.lock_timeout_seconds * 1000),
            "idle_in_transaction_session_timeout": IDLE_SECONDS * 1000,
        }
        limits = {
            "connect_timeout": 2,
            "tcp_user_timeout": 5000,
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        }
        return create_engine(self.url, pool_pre_ping=True, connect_args=limits)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads. Raises LedgerUnavailable."""
        with self._session("DEFERRED") as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose transaction is committed at the end of the block. Raises LedgerUnavailable."""
        with self._session("IMMEDIATE") as session:
            yield session

    @contextmanager
    def _session(self, begin: str) -> Iterator[Session]:
        bind = self.engine.execution_options(**{_BEGIN: begin})
        try:
            with Session(bind, expire_on_commit=False) as session, session.begin():
                yield session
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise LedgerUnavailable(f"The ledger's database does not answer: {_root(error)}") from error
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) != _UNDEFINED_TABLE:
                raise
            raise LedgerUnavailable(f"The ledger's tables are not made yet: {_root(error)}") from error

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.get_backend_name() == "sqlite"

    def sqlite_connection(self) -> sqlite3.Connection:
        """A connection that whoever asks closes. Raises LedgerUnavailable."""
        try:
            pooled = self.engine.raw_connection()
        except (OperationalError, PoolTimeout) as error:
            raise LedgerUnavailable(f"The ledger's database does not answer: {_root(error)}") from error
        connection = pooled.driver_connection
        pooled.detach()
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def close(self) -> None:
        """Close the connections of this process."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None


def _root(error: Exception) -> str:
    return str(error.orig) if isinstance(error, DBAPIError) else str(error)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _use_wal(connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


# The change to WAL, once in a database's life, does not wait for another process's lock as statements do.
@retry(
    retry=retry_if_exception_type(sqlite3.OperationalError),
    wait=wait_fixed(0.02),
    stop=stop_after_delay(5),
    reraise=True,
)
def _use_wal(connection: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get(_BEGIN, 'DEFERRED')}")
