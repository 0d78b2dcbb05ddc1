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
# What moves for good, such as a sign of work that goes on, is not waited for.
_MOVES = """return document.getAnimations().some(
  one => one.playState === "running" && one.effect.getComputedTiming().endTime !== Infinity)"""
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


def _lies_still(browser: Chrome) -> bool:
    """Whether nothing is on its way in: a colour that is half there has no contrast yet."""
    return has_settled(browser) and not browser.execute_script(_MOVES)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault(browser: Chrome, site: Site, scheme: str) -> None:
    """Each is looked at on a desk, and again when it has become as narrow as a phone: loading is what takes long."""
    browser.get(site.url)
    browser.execute_script(_SCHEME, scheme)
    found = {}
    for path in PAGES:
        browser.get(site.url + path)
        until(browser, lambda b: b.find_elements(By.TAG_NAME, "h1"))
        until(browser, _lies_still)
        found[path, "desk"] = faults(browser)
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
        until(browser, _lies_still)
        found[path, "phone"] = faults(browser)
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert {place: told for place, told in found.items() if told} == {}
