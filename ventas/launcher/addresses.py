"""Hosts and ports of the local services, read from the settings."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
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
