"""What code and which packages made a model: kept with it, so that it can be made again."""

import hashlib
import subprocess
from functools import cache
from importlib.metadata import distributions, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = "requirements.lock"


@cache
def provenance() -> dict[str, str]:
    """Tags of a training: the version of this package, its commit where it runs from a checkout, the lock file's
    SHA-256 where there is one, and that of the packages that are really installed."""
    found = {
        "ventas.code_version": version("ventas"),
        "ventas.code_commit": _commit(),
        "ventas.lock_sha256": _lock_digest(ROOT / LOCK),
        "ventas.packages_sha256": _packages_digest(),
    }
    return {name: value for name, value in found.items() if value}


def _lock_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _packages_digest() -> str:
    names = sorted(f"{one.metadata['Name']}=={one.version}" for one in distributions())
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _commit() -> str:
    """The checkout's commit, with `-dirty` where files differ from it; empty without git or a checkout."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    if not (ROOT / ".git").exists():
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
