"""Hosts and ports of the local services, read from the settings."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from ventas.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ANY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  # nosec B104 - to recognise, not to bind
DEFAULT_PORTS = {"http": 80, "https": 443, "redis": 6379, "rediss": 6379}


@dataclass(frozen=True)
class Address:
    """Where a service listens; `setting` is the environment's name that moves it."""

    host: str
    port: int
    setting: str

    @property
    def is_local(self) -> bool:
        """Whether the address is this machine's loopback, so that the launcher starts the service itself."""
        return self.host in LOOPBACK

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def address(value: str, setting: str) -> Address:
    """The address in `value`, which is `host:port` or a URL; a URL without port has its scheme's own."""
    parts = urlsplit(value if "://" in value else f"//{value}")
    return Address(parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORTS.get(parts.scheme, 80), setting)


def open_dashboard(settings: Settings) -> str | None:
    """What is wrong where other machines reach a dashboard that asks nobody who they are; or None.

    It is refused, not warned of: whoever sees the dashboard may upload what models learn from, and a warning in a
    log is read after the fact.
    """
    where = address(settings.DASHBOARD_BIND, "DASHBOARD_BIND")
    if where.is_local or settings.DASHBOARD_AUTH != "off":
        return None
    return (
        f"DASHBOARD_BIND is {where}, which other machines may reach, and DASHBOARD_AUTH is off: anybody could see "
        "and upload. Set DASHBOARD_AUTH=token (a login) or DASHBOARD_AUTH=header (a proxy that knows its users), or "
        "bind it to 127.0.0.1."
    )


def dashboard_origins(settings: Settings) -> list[str]:
    """Origins of the dashboard's pages, as browsers send them; on the loopback by both of its names."""
    parts = urlsplit(settings.DASHBOARD_PUBLIC_URL or f"http://{settings.DASHBOARD_BIND}")
    host = parts.hostname or ""
    names = ["127.0.0.1", "localhost"] if host in LOOPBACK | ANY_ADDRESS else []
    if host not in ANY_ADDRESS:  # of all addresses no page is called
        names.append(f"[{host}]" if ":" in host else host)
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return [f"{parts.scheme}://{name}{port}" for name in dict.fromkeys(names)]


def free_ports(count: int) -> list[int]:
    """`count` different ports of the loopback on which nothing listens now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for opened in sockets:
            opened.bind(("127.0.0.1", 0))
        return [opened.getsockname()[1] for opened in sockets]
    finally:
        for opened in sockets:
            opened.close()


def is_free(where: Address) -> bool:
    """Whether something could listen at `where` now (a port in TIME_WAIT counts as free)."""
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((where.host, where.port))
            probe.listen(1)
        except OSError:
            return False
    return True
