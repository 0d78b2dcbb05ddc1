"""Starting a Chromium, and serving apps on free ports: what the fixtures and the tests share."""

import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from stub_api import StubApi
from werkzeug.serving import BaseWSGIServer

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
    "--accept-lang=es",
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
