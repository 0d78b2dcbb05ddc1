"""A real Chromium, and the dashboard in front of a stub API, each on a free port of this machine."""

from collections.abc import Iterator

import pytest
from browser_site import Site, chromium_or_skip, dashboard_site
from selenium.webdriver import Chrome

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
def site(settings: Settings) -> Iterator[Site]:
    """The dashboard in front of a stub API."""
    with dashboard_site(settings) as site:
        yield site
