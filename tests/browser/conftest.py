"""A real Chromium, and the dashboard in front of a stub API, each on a free port of this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_site import Site, chromium_or_skip, serve
from selenium.webdriver import Chrome
from stub_api import StubApi
from stub_api import create_app as create_stub
from werkzeug.serving import make_server

from dashboard.app import create_app
from ventas.settings import Settings


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A Chromium of 1440 by 1000 pixels; starting one takes seconds."""
    chrome = chromium_or_skip(tmp_path_factory.mktemp("chromium") / "profile")
    yield chrome
    chrome.quit()


@pytest.fixture
def browser(chromium: Chrome) -> Iterator[Chrome]:
    """A tab of its own. What pages store is each test's own too: every `site` has an origin of its own."""
    first = chromium.current_window_handle
    chromium.switch_to.new_window("tab")
    chromium.get_log("browser")  # empties it
    yield chromium
    chromium.delete_all_cookies()  # no port of its own keeps a cookie apart
    chromium.close()
    chromium.switch_to.window(first)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The dashboard in front of a stub API."""
    data = StubApi()
    api = serve(make_server("127.0.0.1", 0, create_stub(data), threaded=True))
    settings = Settings(VENTAS_HOME=tmp_path / "home", API_URL=f"http://127.0.0.1:{api.server_port}")
    dashboard = serve(make_server("127.0.0.1", 0, create_app(settings).server, threaded=True))
    yield Site(f"http://127.0.0.1:{dashboard.server_port}", data, api)
    dashboard.shutdown()
    dashboard.server_close()
    api.shutdown()
    api.server_close()
