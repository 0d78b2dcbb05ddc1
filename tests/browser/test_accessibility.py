"""What axe-core finds on the pages: nothing serious, in either scheme, on a desk and on a phone."""

from pathlib import Path

import pytest
from actions import has_settled, until
from browser_site import Site
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from test_pages import PAGES

pytestmark = pytest.mark.browser

# https://github.com/dequelabs/axe-core, version 4.14.1, as npm ships it
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
SERIOUS = ("serious", "critical")
_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(found => done(found.violations), error => done(String(error)));
"""
_SCHEME = "localStorage.setItem('mantine-color-scheme-value', arguments[0])"
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


def faults(browser: Chrome) -> list[str]:
    """The serious faults of the page that is open, each with the elements that have it."""
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.execute_async_script(_RUN)
    assert isinstance(found, list), found
    return [
        f"{fault['id']}: {fault['help']}: "
        + "; ".join(
            " ".join((node["html"][:160], node["failureSummary"].splitlines()[1].strip()))
            for node in fault["nodes"]
        )
        for fault in found
        if fault["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_no_page_has_a_serious_fault(browser: Chrome, site: Site, scheme: str, phone: bool) -> None:
    browser.get(site.url)
    browser.execute_script(_SCHEME, scheme)
    if phone:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    found = {}
    for path in PAGES:
        browser.get(site.url + path)
        until(browser, lambda b: b.find_elements(By.TAG_NAME, "h1"))
        until(browser, has_settled)
        found[path] = faults(browser)
    assert {path: told for path, told in found.items() if told} == {}
