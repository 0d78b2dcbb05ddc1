"""How MLflow's server waits for the disk, where its database is a file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text

from ventas.launcher import mlflow_sqlite

NORMAL, FULL = 1, 2


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine as the server makes it, its connection kept open between uses."""
    mlflow_sqlite.make_tables_quickly()
    engine = create_engine(f"sqlite:///{tmp_path / 'mlflow.db'}", connect_args={"timeout": 0})
    yield engine
    engine.dispose()
    for name, listener in (
        ("connect", mlflow_sqlite._log_ahead),
        ("checkout", mlflow_sqlite._wait_for_the_disk),
    ):
        if event.contains(Engine, name, listener):
            event.remove(Engine, name, listener)


def asked(engine: Engine, pragma: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(f"PRAGMA {pragma}")).scalar()


def test_the_database_has_a_write_ahead_log(engine: Engine) -> None:
    assert asked(engine, "journal_mode") == "wal"


def test_tables_are_made_without_waiting_for_the_disk_at_each_commit(tmp_path: Path) -> None:
    # Straight from the driver: the tests' own connections never wait.
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        mlflow_sqlite._log_ahead(connection, None)
        assert connection.execute("PRAGMA synchronous").fetchone() == (NORMAL,)


def test_a_server_that_serves_waits_for_the_disk_at_each_commit(engine: Engine) -> None:
    assert asked(engine, "synchronous") != FULL
    mlflow_sqlite.keep_every_commit()
    assert asked(engine, "synchronous") == FULL, "the connection that is open already"


def test_a_database_that_is_read_meanwhile_is_opened_all_the_same(engine: Engine, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as reader:
        reader.execute("CREATE TABLE kept (n INTEGER)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM kept").fetchall()
        assert asked(engine, "journal_mode") == "delete"
    engine.dispose()
    assert asked(engine, "journal_mode") == "wal", "the next connection has it"
