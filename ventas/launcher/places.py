"""Files of the launcher: those in the state folder, and the cache outside the tree."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ventas.errors import PermanentError

SUBFOLDERS = ("run", "logs", "minio", "minio-events", "redis", "mlflow/artifacts", "beat", "flower")


def make_home(home: Path) -> None:
    """Make the state folder with all its rooms, readable by its owner only."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in SUBFOLDERS:
        (home / name).mkdir(parents=True, exist_ok=True)


def state_file(home: Path, name: str) -> Path:
    """Where the supervisor of `name` says what it runs."""
    return home / "run" / f"{name}.json"


def log_file(home: Path, name: str) -> Path:
    """Where the output of `name` is kept (rotated)."""
    return home / "logs" / f"{name}.log"


def last_lines(path: Path, count: int) -> list[str]:
    """The last `count` lines of a log; none when it does not exist yet."""
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]


def cache_folder() -> Path:
    """The cache outside the tree: VENTAS_CACHE, else `ventas` in the user's XDG cache folder."""
    if given := os.environ.get("VENTAS_CACHE"):
        return Path(given).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "ventas"


def try_lock(path: Path) -> BinaryIO | None:
    """The open file that holds the lock `path`, or None when another process holds it; it ends with its holder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    opened = path.open("ab")
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        opened.close()
        return None
    return opened


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path`, waiting for whoever holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def empty_home(home: Path) -> None:
    """Remove all that the state folder holds.

    Raises PermanentError while a service runs, or if `home` is no state folder.
    """
    if any(home.iterdir()) and not (home / "run").is_dir():
        raise PermanentError(
            f"{home} does not look like a state folder (it has no run/): nothing was removed."
        )
    if running := services_that_run(home):
        raise PermanentError(f"Stop the system first (Ctrl-C where it runs): {', '.join(running)} still run.")
    for entry in home.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def services_that_run(home: Path) -> list[str]:
    """Names of what runs now on a state folder: services, and `up` for all of them."""
    return sorted(lock.stem for lock in (home / "run").glob("*.lock") if not _is_held_by_nobody(lock))


def _is_held_by_nobody(lock: Path) -> bool:
    held = try_lock(lock)
    if held is None:
        return False
    held.close()
    return True
