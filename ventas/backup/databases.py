"""Databases taken while others write to them, and put back: SQLite by its online backup, PostgreSQL by its tools."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import URL, Connection, create_engine, func, inspect, make_url, select, text
from sqlalchemy import table as table_named
from sqlalchemy.exc import OperationalError

from ventas.backup.archive import CHUNK_BYTES
from ventas.errors import LedgerUnavailable, NotFound, PermanentError

SQLITE, POSTGRESQL = "sqlite", "postgresql"
TOOLS = (
    "Install PostgreSQL's client tools (Debian: sudo apt-get install postgresql-client), of the server's version "
    "or newer"
)


class ToolFailed(PermanentError):
    """Raised when pg_dump or psql is missing or gives up; the message has its own words."""


@dataclass(frozen=True)
class SavedAs:
    """A database that is in a file now; `revision` is its schema's, `kind` sqlite or postgresql."""

    kind: str
    revision: str
    path: Path


def kind_of(url: str) -> str:
    """What kind of database this is. Raises PermanentError for one that is neither."""
    kind = make_url(url).get_backend_name()
    if kind not in {SQLITE, POSTGRESQL}:
        raise PermanentError(
            f"{kind} cannot be backed up by ventas, only SQLite and PostgreSQL; use its own tools."
        )
    return kind


def dump(url: str, what: str, target: Path) -> SavedAs:
    """Take a database as it is at one moment, while others write. `what` names it in sentences.

    Raises NotFound, LedgerUnavailable, ToolFailed, OSError.
    """
    kind = kind_of(url)
    if kind == SQLITE:
        _dump_sqlite(url, what, target)
    else:
        _dump_postgresql(url, target)
    return SavedAs(kind, revision_of(url, what), target)


def revision_of(url: str, what: str) -> str:
    """The schema's revision, "" where there are no tables. Raises LedgerUnavailable."""
    with _connected(url, what) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def rows_in(url: str, what: str, tables: tuple[str, ...]) -> int:
    """How many rows these tables have together; none where database or tables are not there yet.

    Raises LedgerUnavailable.
    """
    if kind_of(url) == SQLITE and not sqlite_file(url).exists():
        return 0
    with _connected(url, what) as connection:
        there = set(inspect(connection).get_table_names())
        counts = (
            connection.execute(select(func.count()).select_from(table_named(table))).scalar_one()
            for table in tables
            if table in there
        )
        return int(sum(counts))


def load_sqlite(file: IO[bytes], target: Path) -> None:
    """Write a saved database to `target`, which is on disk when this returns."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as written:
        shutil.copyfileobj(file, written, CHUNK_BYTES)
        written.flush()
        os.fsync(written.fileno())


def replace_sqlite(fresh: Path, url: str) -> None:
    """Let a whole database take the place of the present one, whose users must have gone."""
    target = sqlite_file(url)
    for suffix in ("-wal", "-shm", "-journal"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    fresh.replace(target)


def load_postgresql(file: IO[bytes], url: str) -> None:
    """Replace all tables by those of a dump, in one transaction. Raises ToolFailed, LedgerUnavailable."""
    anew = b"DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n"
    words = [_tool("psql"), *_words(url), "--no-psqlrc", "--quiet", "--single-transaction"]
    words += ["--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environment(url)
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            process.stdin.write(anew)
            shutil.copyfileobj(file, process.stdin, CHUNK_BYTES)
            process.stdin.close()
        except BrokenPipeError:
            pass  # its own words say why
        told = process.stderr.read()
    if process.returncode:
        raise ToolFailed(f"psql could not restore {_shown(url)}: {_words_of(told)}")


def require_tools(url: str, *names: str) -> None:
    """Raise ToolFailed where a database of PostgreSQL would be met without its tools."""
    if kind_of(url) == POSTGRESQL:
        for name in names:
            _tool(name)


def sqlite_file(url: str) -> Path:
    """The file of a database of SQLite."""
    return Path(make_url(url).database or "")


def chunks_of(path: Path) -> Iterator[bytes]:
    """A file piece by piece."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


@contextmanager
def _connected(url: str, what: str) -> Iterator[Connection]:
    """A connection for one question. Raises LedgerUnavailable."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        raise LedgerUnavailable(f"The database of {what} does not answer: {error.orig}") from error
    finally:
        engine.dispose()


def _dump_sqlite(url: str, what: str, target: Path) -> None:
    path = sqlite_file(url)
    if not path.exists():
        raise NotFound(
            f"There is no {path}, the database of {what}: nothing was ever started here, or VENTAS_HOME is wrong."
        )
    try:
        # In one step: a copy step by step begins anew whenever another process writes.
        with closing(sqlite3.connect(path, timeout=30)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, no -wal beside it
            faults = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise LedgerUnavailable(f"The database of {what} cannot be read: {error}") from error
    if faults != "ok":
        raise PermanentError(
            f"{path} is damaged ({faults}): restore an earlier backup, this one was not taken."
        )


def _dump_postgresql(url: str, target: Path) -> None:
    words = [_tool("pg_dump"), *_words(url), "--no-owner", "--no-privileges", f"--file={target}"]
    done = subprocess.run(words, env=_environment(url), capture_output=True, check=False)
    if done.returncode:
        raise ToolFailed(f"pg_dump could not read {_shown(url)}: {_words_of(done.stderr)}. {TOOLS}.")


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ToolFailed(f"{name} is not on this machine. {TOOLS}, or run ventas where they are.")
    return found


def _words(url: str) -> list[str]:
    """Where the database is, for the tools; its password goes another way, for all users see these words."""
    found: URL = make_url(url)
    plain = found.set(drivername=POSTGRESQL)._replace(password=None)
    return ["--no-password", f"--dbname={plain.render_as_string()}"]


def _environment(url: str) -> dict[str, str]:
    password = make_url(url).password
    return {**os.environ, **({"PGPASSWORD": str(password)} if password is not None else {})}


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


def _words_of(stderr: bytes) -> str:
    return " ".join(stderr.decode(errors="replace").split())[:500].rstrip(".")
