"""Whether the service that answers on this machine is this state folder's, for who would copy or delete.

Systems with state folders of their own share the usual ports as long as nobody moves them. So what answers on
127.0.0.1:9000 may be another system's, which a restore with `--replace` would empty.

A service that a setting places on another host (Compose, a cluster) was placed there by whoever runs it, and is
used. On the loopback the launcher starts the service itself, so what answers there must be

- a process with this state folder's marks, or one whose lock this state folder holds; or
- nobody's that we know, with its setting given: an operator's own server, which the marks cannot tell.

A process with another state folder's marks is refused whatever the settings say.
"""

from pathlib import Path

import psutil

from ventas.errors import Conflict
from ventas.launcher.addresses import Address, free_ports, is_free
from ventas.launcher.checks import moved
from ventas.launcher.leftovers import VARIABLE
from ventas.launcher.places import services_that_run
from ventas.launcher.services import service
from ventas.settings import Settings

_TITLES = {"minio": "MinIO", "mlflow": "MLflow", "redis": "Redis"}


def refuse_strangers(settings: Settings, *names: str) -> None:
    """Raise Conflict where one of the services `names` answers and is another system's, or nobody's we know."""
    for name in names:
        where = service(name).where(settings)[0]
        if where.is_local and not is_free(where) and (trouble := _trouble(settings, name, where)):
            raise Conflict(f"{trouble} Nothing was touched.")


def _trouble(settings: Settings, name: str, where: Address) -> str | None:
    title, elsewhere = _TITLES[name], _elsewhere(settings, name)
    holders = _holders(name, where.port)
    if strangers := {pid: home for pid, home in holders.items() if home != settings.home}:
        pid, home = next(iter(strangers.items()))
        return (
            f"The {title} on {where} is another system's (process {pid}, state folder {home}), not that of "
            f"{settings.home}: stop it first, or set {elsewhere}."
        )
    if holders or name in services_that_run(settings.home) or where.setting in settings.model_fields_set:
        return None
    return (
        f"What answers on {where} was not started for {settings.home}: stop it first, or set {elsewhere}. If it is "
        f"the {title} of this system all the same, say so: set {where.setting} to {_given(settings, where)}."
    )


def _given(settings: Settings, where: Address) -> str:
    return str(getattr(settings, where.setting))


def _elsewhere(settings: Settings, name: str) -> str:
    """All settings that give the service ports of its own."""
    places = service(name).where(settings)
    new = free_ports(len(places))
    values = " ".join(moved(place, port) for place, port in zip(places, new, strict=True))
    return f"{values} in the environment or .env"


def _holders(name: str, port: int) -> dict[int, Path]:
    """Processes of any system's service `name` that listen on the port, and their state folders.

    Only processes with marks are asked: macOS tells the connections of all to root alone.
    """
    found = {}
    for process in psutil.process_iter():
        try:
            marks = process.environ()
            if marks.get(VARIABLE) == name and "VENTAS_HOME" in marks and _listens(process, port):
                found[process.pid] = Path(marks["VENTAS_HOME"]).resolve()
        except (psutil.Error, OSError):
            continue  # another user's, or gone meanwhile
    return found


def _listens(process: psutil.Process, port: int) -> bool:
    return any(
        one.status == psutil.CONN_LISTEN and one.laddr.port == port
        for one in process.net_connections(kind="tcp")
    )
