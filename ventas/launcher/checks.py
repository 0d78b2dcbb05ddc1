"""Checks before anything is started; what stands in the way is told in one line that says what to do."""

import shutil
from pathlib import Path

import psutil

from ventas.errors import PermanentError
from ventas.launcher.addresses import Address, free_ports, is_free
from ventas.launcher.services import redis_address, service
from ventas.settings import Settings

NEEDED_BYTES = 1024**3


class CannotStart(PermanentError):
    """Raised when the system cannot be started as things are; the message says what to do."""


def check_ports(settings: Settings, names: list[str]) -> None:
    """Raise CannotStart if a port is taken, with a line for each: which service, who holds it, what moves it."""
    taken = [
        port_trouble(name, where)
        for name in names
        for where in service(name).where(settings)
        if not is_free(where)
    ]
    if taken:
        raise CannotStart("\n".join(taken))


def ledger_apart(settings: Settings) -> str | None:
    """What is wrong where tasks come from another machine's Redis and the ledger is a file of this one; or None."""
    broker = redis_address(settings)
    if broker.is_local or not settings.database_url.startswith("sqlite"):
        return None
    return (
        f"Tasks come from {broker}, but the ledger is a SQLite file of this machine, which no other can share: "
        "runs recorded elsewhere are not found here. If event receiver, API or other workers are on another machine, "
        "set DATABASE_URL to the PostgreSQL of them all."
    )


def port_trouble(name: str, where: Address) -> str:
    """The line about one taken port."""
    port = free_ports(1)[0]
    return (
        f"Port {where.port} is taken{_by_whom(where.port)}, and {name} needs it. Stop that program, or move "
        f"{name}: {moved(where, port)} (in the environment or .env)"
    )


def moved(where: Address, port: int) -> str:
    """The settings, all of them, that move a service to another port."""
    new = f"{where.host}:{port}"
    values = {
        "REDIS_URL": [f"REDIS_URL=redis://{new}/0"],
        "MLFLOW_TRACKING_URI": [f"MLFLOW_TRACKING_URI=http://{new}"],
        "MINIO_CONSOLE_PORT": [f"MINIO_CONSOLE_PORT={port}"],
        "API_BIND": [f"API_BIND={new}", f"API_URL=http://{new}"],
        "WEBHOOKS_BIND": [f"WEBHOOKS_BIND={new}", f"WEBHOOKS_URL=http://{new}"],
    }
    return " ".join(values.get(where.setting, [f"{where.setting}={new}"]))


def _by_whom(port: int) -> str:
    """Who listens on the port, as far as this user may know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.AccessDenied, PermissionError):
        return ""  # macOS tells root alone
    for found in connections:
        if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port and found.pid:
            return f" by {_process_name(found.pid)} (process {found.pid})"
    return ""


def _process_name(pid: int) -> str:
    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:
        return "a program"


def check_disk(home: Path, needed: int = NEEDED_BYTES) -> None:
    """Raise CannotStart when the disk of the state folder is nearly full."""
    free = shutil.disk_usage(home).free
    if free < needed:
        raise CannotStart(
            f"The disk of {home} has {free / 1e9:.1f} GB left, the system wants {needed / 1e9:.0f} GB: free some, "
            "or set VENTAS_HOME to a folder on another disk."
        )
