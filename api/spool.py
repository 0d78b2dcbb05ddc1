"""Predictions that the database could not take in time, in files until it can.

One file per process, one JSON line per row. A process holds a file lock (flock) on the file that it writes; a file
that nobody holds, sealed by its process or left by a dead one, may be emptied by whoever locks it. The lock dies
with the process, so no row waits for somebody who is gone.
"""

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import structlog
from uuid6 import uuid7

from ventas.ledger.predictions import NewPrediction
from ventas.times import iso_z

BATCH_ROWS = 500

log = structlog.get_logger()


class Spool:
    """The spool folder as one process sees it; safe to use from several threads."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._lock = Lock()
        self._fd: int | None = None

    def append(self, row: NewPrediction) -> None:
        """Keep one row; it survives this process when this returns. Raises OSError."""
        line = _encoded(row)
        with self._lock:
            if self._fd is None:
                self._fd = self._create()
            size = os.fstat(self._fd).st_size
            if os.write(self._fd, line) < len(line):
                os.ftruncate(self._fd, size)  # half a line would spoil the next one
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def waiting(self) -> bool:
        """Whether there is any file, be it in use or not."""
        return any(self._folder.glob("*.jsonl"))

    def waiting_bytes(self) -> int:
        """How large all files together are, those of other processes too."""
        size = 0
        for path in self._folder.glob("*.jsonl"):
            with suppress(FileNotFoundError):  # emptied meanwhile
                size += path.stat().st_size
        return size

    def drain(self, write: Callable[[Sequence[NewPrediction]], None]) -> int:
        """Give the rows of every file that is not in use to `write`, in order; returns how many.

        `write` stores a batch and returns once that is committed; a file is removed only when all its rows are. A
        crash in between leaves the file, so `write` must leave out rows that it stored before.
        """
        self.seal()
        rows = 0
        for path in sorted(self._folder.glob("*.jsonl")):
            with _claimed(path) as file:
                if file is None:
                    continue
                lines = self._readable(path, file)
                while batch := list(islice(lines, BATCH_ROWS)):
                    write(batch)
                    rows += len(batch)
                path.unlink()
        return rows

    def seal(self) -> None:
        """End the file of this process: the next row begins another, and this one may be emptied."""
        with self._lock:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None

    def _create(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            path = self._folder / f"{uuid7()}.jsonl"
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                return fd
            os.close(fd)  # another process took the new, empty file for a left-over and removed it

    def _readable(self, path: Path, file: BinaryIO) -> Iterator[NewPrediction]:
        for line in file:
            try:
                yield _decoded(line)
            except (ValueError, KeyError, TypeError):
                log.exception("spooled_row_unreadable", file=path.name)
                with path.with_suffix(".unreadable").open("ab") as aside:
                    aside.write(line.rstrip(b"\n") + b"\n")


@contextmanager
def _claimed(path: Path) -> Iterator[BinaryIO | None]:
    """The file, locked; None where another holds it or has removed it."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield file if os.fstat(file.fileno()).st_nlink else None


def _encoded(row: NewPrediction) -> bytes:
    members = vars(row) | {
        "created_at": iso_z(row.created_at),
        "date": row.date.isoformat() if row.date else None,
    }
    return json.dumps(members, ensure_ascii=False).encode() + b"\n"


def _decoded(line: bytes) -> NewPrediction:
    members = json.loads(line)
    return NewPrediction(
        created_at=datetime.fromisoformat(members["created_at"]),
        model_version=int(members["model_version"]),
        date=date.fromisoformat(members["date"]) if members["date"] else None,
        input_data=dict(members["input_data"]),
        prediction=float(members["prediction"]),
        # Lines of before these were kept may still wait.
        series=str(members.get("series", "")),
        low=_number(members.get("low")),
        high=_number(members.get("high")),
        coverage=_number(members.get("coverage")),
        date_assumed=bool(members.get("date_assumed", False)),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
