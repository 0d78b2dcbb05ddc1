"""How MLflow's server uses SQLite, where its database is a file: with a write-ahead log, as the ledger does.

By default each commit waits for the disk three times, and one run of ours is some fifty commits; with the log it
waits once, and readers wait for nobody. A server that makes its tables has nothing to lose yet, and hardly waits for
the disk: its dozens of migrations took seconds.
"""

import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, event


def make_tables_quickly() -> None:
    """From now on in this process: a write-ahead log, whose commits do not wait for the disk."""
    event.listen(Engine, "connect", _log_ahead)


def keep_every_commit() -> None:
    """From now on in this process: a commit is on disk when it returns, on connections that are open already too."""
    event.listen(Engine, "checkout", _wait_for_the_disk)


def _log_ahead(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        with suppress(sqlite3.OperationalError):  # another process reads it, say a backup: then the next time
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")


def _wait_for_the_disk(connection: Any, *_: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=FULL")
