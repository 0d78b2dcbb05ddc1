"""The history on SQLite without waiting: for an event loop, which must neither sleep nor spend long on a row."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy.engine import Dialect

from ventas.errors import LedgerUnavailable
from ventas.ledger.database import Database
from ventas.ledger.tables import Prediction

LONG_LOG_PAGES = 16_000  # 64 MB of the write-ahead log: readers look through all of it


class Busy(Exception):
    """Raised where another process writes at this moment."""


class QuickInsert:
    """Writes rows of `Prediction` over one connection of its own, from one thread at a time."""

    def __init__(self, database: Database, row: type):
        self._database = database
        self._names = [field.name for field in fields(row)]
        self._connection: sqlite3.Connection | None = None
        self._engine: Any = None
        self._bind: list[tuple[str, Callable[[Any], Any] | None]] = []
        columns, marks = ", ".join(self._names), ", ".join("?" * len(self._names))
        self._insert = f"INSERT INTO {Prediction.__tablename__} ({columns}) VALUES ({marks})"  # noqa: S608  # nosec B608

    def add(self, rows: Sequence[Any]) -> list[int]:
        """Store rows in one transaction, committed when this returns their ids, in order.

        Raises Busy at once where the database is locked, and LedgerUnavailable.
        """
        try:
            connection = self._open()
            values = [self._values(row) for row in rows]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(self._insert, values)
            (last,) = connection.execute("SELECT last_insert_rowid()").fetchone()
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if _is_busy(error) and self._connection is not None and not self._connection.in_transaction:
                raise Busy from error
            self.close()
            raise LedgerUnavailable(f"The ledger's database does not answer: {error}") from error
        except Exception:
            self.close()  # a value that SQLite takes not, in the middle of a transaction
            raise
        # Nobody else writes meanwhile, so they have one number after the other.
        return list(range(last - len(rows) + 1, last + 1))

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
            self._bind = [(name, _bind_of(name, engine.dialect)) for name in self._names]
        return self._connection

    def _values(self, row: Any) -> list[Any]:
        members = vars(row)
        return [members[name] if bind is None else bind(members[name]) for name, bind in self._bind]


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


def _bind_of(name: str, dialect: Dialect) -> Callable[[Any], Any] | None:
    """What makes of a value what SQLAlchemy would store."""
    bind: Callable[[Any], Any] | None = (
        Prediction.__table__.c[name].type.dialect_impl(dialect).bind_processor(dialect)
    )
    return bind


def _is_busy(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_BUSY
