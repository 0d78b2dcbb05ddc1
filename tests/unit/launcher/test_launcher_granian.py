"""Clients that stop in the middle of a request keep nobody out."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path

import httpx
import pytest

from ventas.front.bodies import READ_SECONDS
from ventas.launcher.environment import own_ports, settings_of, without_settings
from ventas.launcher.services import SERVICES
from ventas.settings import Settings

CLIENTS = 24  # three for each of the receiver's threads
# What is sent, and how the answer begins (nothing: the connection is closed).
HALF_REQUESTS = {
    "line": (b"GET / HT", b""),
    "headers": (b"GET / HTTP/1.1\r\nHost: x\r\n", b""),
    "body": (
        b"POST /events/minio HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nAuthorization: Bearer t\r\n\r\nhalf",
        b"HTTP/1.1 408 ",
    ),
}


@pytest.fixture
def receiver(tmp_path: Path, until: Callable[..., None]) -> Iterator[Settings]:
    """The event receiver as it is started, with no other part there."""
    home = tmp_path / "home"
    home.mkdir()
    env = {**without_settings(os.environ), **own_ports(home), "WEBHOOK_TOKEN": "t"}
    settings = settings_of(env)
    launch = SERVICES["webhooks"].launch(settings)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            launch.argv, cwd=tmp_path, env={**env, **launch.env}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: _is_alive(settings), "the receiver to answer", 30)
        yield settings
    finally:
        process.terminate()
        process.wait(10)


def _is_alive(settings: Settings) -> bool:
    try:
        return httpx.get(f"{settings.WEBHOOKS_URL}/health/live", timeout=20, trust_env=False).is_success
    except httpx.ConnectError:
        return False


def test_half_requests_keep_nobody_out_and_are_given_up(receiver: Settings, tmp_path: Path) -> None:
    host, port = receiver.WEBHOOKS_BIND.split(":")
    kinds = list(islice(cycle(HALF_REQUESTS), CLIENTS))
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection((host, int(port)), timeout=20)) for _ in kinds
        ]
        for client, kind in zip(clients, kinds, strict=True):
            client.sendall(HALF_REQUESTS[kind][0])
        asked = time.monotonic()
        assert _is_alive(receiver)
        assert time.monotonic() - asked < READ_SECONDS / 2, "no thread waits for such clients"
        for client, kind in zip(clients, kinds, strict=True):
            told = HALF_REQUESTS[kind][1]
            assert client.recv(len(told) or 1) == told, kind
