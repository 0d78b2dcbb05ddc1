"""A real Chromium, and the dashboard in front of a stub API, each on a free port of this machine."""

from collections.abc import Iterator

import pytest
from browser_site import Site, chromium_or_skip, dashboard_site, serving
from selenium.webdriver import Chrome
from werkzeug.exceptions import NotFound
from werkzeug.serving import BaseWSGIServer

from ventas.settings import Settings


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A Chromium of 1440 by 1000 pixels; starting one takes seconds."""
    chrome = chromium_or_skip(tmp_path_factory.mktemp("chromium") / "profile")
    yield chrome
    chrome.quit()


@pytest.fixture
def browser(chromium: Chrome, door: BaseWSGIServer) -> Iterator[Chrome]:
    """A tab of its own; what pages stored for the test before is gone, but not the scripts that Chromium keeps."""
    first = chromium.current_window_handle
    chromium.switch_to.new_window("tab")
    chromium.get_log("browser")  # empties it
    yield chromium
    stored = {"origin": f"http://127.0.0.1:{door.server_port}", "storageTypes": "cookies,local_storage"}
    chromium.execute_cdp_cmd("Storage.clearDataForOrigin", stored)
    chromium.close()
    chromium.switch_to.window(first)


@pytest.fixture(scope="session")
def door() -> Iterator[BaseWSGIServer]:
    """The one address of every test's dashboard: Chromium keeps compiled scripts by the page's origin.

    Plotly and the like compiled anew for each test would be half of what these tests cost.
    """
    with serving(NotFound()) as server:
        yield server


@pytest.fixture
def site(settings: Settings, door: BaseWSGIServer) -> Iterator[Site]:
    """The dashboard in front of a stub API."""
    with dashboard_site(settings, door) as site:
        yield site
