"""The change to WAL waits for whoever holds the database, as every statement does."""

import sqlite3
import threading
from pathlib import Path

from sqlalchemy import text

from ventas.ledger import Database


def test_a_fresh_database_that_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.5, lambda: holder.execute("COMMIT")).start()
    database = Database(f"sqlite:///{path}")
    with database.write() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
    database.close()
    holder.close()
