"""A Chromium for tests, and serving apps on free ports: what the fixtures and the tests share."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from stub_api import StubApi
from werkzeug.serving import BaseWSGIServer

from benchmarks.chromium import start_chromium


def chromium_or_skip(profile: Path) -> Chrome:
    """A fresh Chromium with its profile in `profile`; skips (fails under CI=true) where there is none."""
    try:
        return start_chromium(profile)
    except FileNotFoundError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@dataclass
class Site:
    """A running dashboard: its address, the data of the API behind it, and the API's own switch."""

    url: str
    data: StubApi
    api: BaseWSGIServer

    def stop_api(self) -> None:
        """Close the API's port, so that connections are refused."""
        self.api.shutdown()
        self.api.server_close()


def serve(server: BaseWSGIServer) -> BaseWSGIServer:
    """Answer requests in a thread until the server is shut down."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
