"""Servers that are measured: what they write is kept from the terminal, but where they do not come up."""

import sys

import click
import pytest

from benchmarks.load import served
from ventas.launcher.addresses import free_ports


def test_a_server_that_ends_at_once_is_told_with_its_last_words() -> None:
    words = [sys.executable, "-c", "import sys; sys.exit('the model is missing')"]
    with (
        pytest.raises(click.ClickException, match=r"ended with 1:\n.*the model is missing"),
        served(words, free_ports(1)[0], "/", {}),
    ):
        pass


def test_a_line_for_each_request_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    port = free_ports(1)[0]
    words = [sys.executable, "-u", "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with served(words, port, "/", {}) as server:
        assert server.url.endswith(str(port))
    shown = capfd.readouterr()
    assert "GET / HTTP" not in shown.out + shown.err
