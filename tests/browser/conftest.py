"""A real Chromium, and the dashboard in front of a stub API, each on a free port of this machine."""

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from stub_api import StubApi
from stub_api import create_app as create_stub
from werkzeug.serving import BaseWSGIServer, make_server

from dashboard.app import create_app
from ventas.settings import Settings

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=es",
)


def start_chromium(profile: Path, width: int = 1440, height: int = 1000) -> Chrome:
    """A fresh headless Chromium with its profile in `profile`; skips (fails under CI=true) where there is none."""
    driver, program = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or program is None:
        told = "Chromium is missing: apt-get install chromium chromium-driver"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    options = ChromeOptions()
    options.binary_location = program
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Chrome(options=options, service=Service(driver))


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    """A Chromium of 1440 by 1000 pixels that nothing was opened in before."""
    chrome = start_chromium(tmp_path / "profile")
    yield chrome
    chrome.quit()


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


def _serve(server: BaseWSGIServer) -> BaseWSGIServer:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The dashboard in front of a stub API."""
    data = StubApi()
    api = _serve(make_server("127.0.0.1", 0, create_stub(data), threaded=True))
    settings = Settings(VENTAS_HOME=tmp_path / "home", API_URL=f"http://127.0.0.1:{api.server_port}")
    dashboard = _serve(make_server("127.0.0.1", 0, create_app(settings).server, threaded=True))
    yield Site(f"http://127.0.0.1:{dashboard.server_port}", data, api)
    dashboard.shutdown()
    dashboard.server_close()
    api.shutdown()
    api.server_close()
