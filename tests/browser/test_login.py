"""The login as a person meets it: a real Chromium in front of a dashboard that asks for its token."""

from collections.abc import Iterator

import pytest
from actions import element, has_settled, press, shows, text_of, until
from browser_site import Site, dashboard_site
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from test_accessibility import PHONE, faults
from werkzeug.serving import BaseWSGIServer

from ventas.settings import Settings

pytestmark = pytest.mark.browser

TOKEN = "una clave larga"
_SCHEME = "localStorage.setItem('mantine-color-scheme-value', arguments[0])"
_BACKGROUND = "return getComputedStyle(document.querySelector('main')).backgroundColor"


@pytest.fixture
def closed(settings: Settings, door: BaseWSGIServer) -> Iterator[Site]:
    """A dashboard with a login, in front of a stub API."""
    with dashboard_site(settings, door, DASHBOARD_AUTH="token", DASHBOARD_TOKEN=TOKEN) as site:
        yield site


def give(browser: Chrome, token: str) -> None:
    element(browser, "#clave").send_keys(token, Keys.ENTER)


def test_a_wrong_token_is_told_and_the_right_one_leads_to_the_page_that_was_asked_for(
    browser: Chrome, closed: Site
) -> None:
    browser.get(f"{closed.url}/modelos?comparar=3,4")
    until(browser, lambda b: b.title == "Entrar · Ventas")
    give(browser, "otra clave")
    shows(browser, "Esa no es la clave de este tablero.")
    assert browser.switch_to.active_element.get_attribute("id") == "clave"
    give(browser, TOKEN)
    shows(browser, "Versiones 3, 4")
    assert browser.current_url == f"{closed.url}/modelos?comparar=3,4"
    until(browser, has_settled)
    severe = [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert [line for line in severe if "401" not in line] == []


def test_whoever_logs_out_sees_nothing_more_and_may_come_back(browser: Chrome, closed: Site) -> None:
    browser.get(closed.url)
    give(browser, TOKEN)
    shows(browser, "versión 3")
    press(browser, "#leave")
    until(browser, lambda b: b.title == "Entrar · Ventas")
    browser.back()
    until(browser, lambda b: b.title == "Entrar · Ventas")
    assert "versión 3" not in text_of(browser)


def test_an_open_page_whose_login_has_ended_leads_to_the_login_and_back(
    browser: Chrome, closed: Site
) -> None:
    browser.get(closed.url)
    give(browser, TOKEN)
    shows(browser, "versión 3")
    browser.get(f"{closed.url}/historial")
    until(browser, has_settled)
    browser.delete_all_cookies()  # the header asks for the health every few seconds
    until(browser, lambda b: b.title == "Entrar · Ventas")
    give(browser, TOKEN)
    until(browser, lambda b: b.current_url == f"{closed.url}/historial")
    shows(browser, "versión 3")


def test_the_login_has_both_schemes_and_languages(browser: Chrome, closed: Site) -> None:
    browser.get(closed.url)
    before = browser.execute_script(_BACKGROUND)
    press(browser, "#scheme")
    until(browser, lambda b: b.execute_script(_BACKGROUND) != before)
    press(browser, "#language")
    shows(browser, "Dashboard token")
    assert browser.execute_script(_BACKGROUND) != before
    press(browser, "#language")
    shows(browser, "Clave del tablero")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_login_has_no_serious_fault_and_fits(
    browser: Chrome, closed: Site, scheme: str, phone: bool
) -> None:
    browser.get(closed.url)
    browser.execute_script(_SCHEME, scheme)
    if phone:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.get(f"{closed.url}/entrar?a=/modelos")
    give(browser, "otra clave")
    shows(browser, "Esa no es la clave")
    assert faults(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "es"
