"""SQLite without waiting: for an event loop, which must neither sleep nor spend long on a row."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table

from ventas.errors import LedgerUnavailable
from ventas.ledger.database import Database

LONG_LOG_PAGES = 16_000  # 64 MB of the write-ahead log: readers look through all of it


class Busy(Exception):
    """Raised where another process writes at this moment."""


class QuickWriter:
    """Transactions over one connection of its own, for one thread at a time."""

    def __init__(self, database: Database):
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._engine: Any = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection that may write, committed at the end of the block.

        Raises Busy at once where the database is locked, and LedgerUnavailable.
        """
        try:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if _is_busy(error) and self._connection is not None and not self._connection.in_transaction:
                raise Busy from error
            self.close()
            raise LedgerUnavailable(f"The ledger's database does not answer: {error}") from error
        except Exception:
            self.close()  # a value that SQLite takes not, in the middle of a transaction
            raise

    def close(self) -> None:
        """Close the connection; what was not committed is rolled back."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _open(self) -> sqlite3.Connection:
        engine = self._database.engine
        if self._connection is None or engine is not self._engine:
            self.close()
            self._connection, self._engine = self._database.sqlite_connection(), engine
            self._connection.execute("PRAGMA busy_timeout=0")
            self._connection.execute("PRAGMA wal_autocheckpoint=0")  # see `checkpoint`
        return self._connection


class QuickInsert:
    """The statement that inserts rows into `table`, and their values as SQLAlchemy would store them.

    `names` are the columns that a row gives. `otherwise` is what follows the values, as ON CONFLICT.
    """

    def __init__(self, database: Database, table: Table, names: Sequence[str], otherwise: str = ""):
        columns, marks = ", ".join(names), ", ".join("?" * len(names))
        self.statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks}) {otherwise}"  # noqa: S608  # nosec B608
        self._bind = [(name, _bind_of(database, table, name)) for name in names]

    def values(self, row: Mapping[str, Any]) -> list[Any]:
        """The values of a row, in the statement's order."""
        return [row[name] if bind is None else bind(row[name]) for name, bind in self._bind]


def checkpoint(database: Database) -> None:
    """Bring what stands in the write-ahead log into the database, beside those who write.

    Whoever commits would do it else, every thousand pages, and its waiting for the disk would be the answer's.
    """
    connection = database.sqlite_connection()
    try:
        _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages > LONG_LOG_PAGES:
            connection.execute("PRAGMA wal_checkpoint(RESTART)")
    finally:
        connection.close()


def _bind_of(database: Database, table: Table, name: str) -> Callable[[Any], Any] | None:
    """What makes of a value what SQLAlchemy would store."""
    dialect = database.url.get_dialect()()
    bind: Callable[[Any], Any] | None = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
    return bind


def _is_busy(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_BUSY
