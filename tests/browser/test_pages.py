"""The pages as a person meets them: a real Chromium in front of a stub of the API."""

import json
from urllib.parse import urlsplit

import pytest
from actions import element, has_settled, press, shows, text_of, until
from browser_site import Site
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from stub_runs import HOSTILE

from dashboard import problems

pytestmark = pytest.mark.browser

PAGES = (
    *("/", "/subir", "/historial", "/modelos", "/modelos?comparar=3,4", "/ejecuciones"),
    *("/ejecuciones/run-8", "/ejecuciones/run-5", "/estado"),
)
_CONTROLS = {"button", "textbox", "combobox", "switch", "checkbox", "link"}
_SCHEME = "return document.documentElement.getAttribute('data-mantine-color-scheme')"
_BACKGROUND = "return getComputedStyle(document.body).backgroundColor"
TITLES = (
    *("Pronóstico", "Subir ventas", "Historial", "Modelos", "Versiones 3, 4", "Ejecuciones"),
    *("ventas.csv", HOSTILE, "Estado"),
)


def test_an_address_that_does_not_exist_gets_a_way_back(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/nada")
    press(browser, "main a[href='/']")
    shows(browser, "Qué días")


@pytest.mark.parametrize(
    ("path", "page"), [("/historial", "history"), ("/modelos", "models"), ("/ejecuciones", "runs")]
)
def test_a_failing_api_is_a_sentence_and_retry_brings_the_page_back(
    browser: Chrome, site: Site, path: str, page: str
) -> None:
    site.data.mode = "failing"
    browser.get(site.url + path)
    # Its own notice: the header tells of the same from another request.
    until(browser, lambda b: problems.FAILED in element(b, f"#{page}-problem").text)
    assert "secret" not in browser.page_source
    site.data.mode = "ok"
    press(browser, f"#{page}-retry")
    until(browser, lambda b: not b.find_element(By.ID, f"{page}-problem").is_displayed())


@pytest.mark.parametrize("mode", ["garbage", "down"])
def test_every_page_bears_an_api_that_is_gone_or_talks_nonsense(
    browser: Chrome, site: Site, mode: str
) -> None:
    site.data.mode = mode
    if mode == "down":
        site.stop_api()
    sentence = problems.DOWN if mode == "down" else problems.UNREADABLE
    for path in ("/historial", "/modelos", "/modelos?version=3", "/ejecuciones", "/ejecuciones/run-8"):
        browser.get(site.url + path)
        until(browser, lambda b: sentence in element(b, ".notice:not([hidden])").text)
    browser.get(site.url)
    press(browser, "#forecast-send")
    until(browser, lambda b: sentence in element(b, ".notice:not([hidden])").text)
    assert "Sin conexión" in text_of(browser)


def test_empty_lists_say_so(browser: Chrome, site: Site) -> None:
    site.data.history, site.data.models, site.data.promotions, site.data.runs = [], [], [], {}
    for path, sentence in (
        ("/historial", "Ningún pronóstico para mostrar"),
        ("/modelos", "Todavía no se promovió ningún modelo."),
        ("/ejecuciones", "Todavía no llegó ningún archivo"),
    ):
        browser.get(site.url + path)
        shows(browser, sentence)


def test_no_page_asks_another_host_or_complains_in_the_console_and_every_control_has_a_name(
    browser: Chrome, site: Site
) -> None:
    own = urlsplit(site.url).netloc
    for path, title in zip(PAGES, TITLES, strict=True):
        browser.get(site.url + path)
        until(browser, lambda b, wanted=title: b.find_element(By.TAG_NAME, "h1").text == wanted)
        until(browser, has_settled)
        asked = browser.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
        assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {own}
        assert _nameless(browser) == [], path
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def _nameless(browser: Chrome) -> list[str]:
    """The page's controls without a name, of which a screen reader could say nothing."""
    browser.execute_cdp_cmd("Accessibility.enable", {})
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    controls = [node for node in tree if node.get("role", {}).get("value") in _CONTROLS]
    assert controls
    return [json.dumps(node.get("properties")) for node in controls if not node.get("name", {}).get("value")]


def test_the_scheme_can_be_switched_and_is_remembered(browser: Chrome, site: Site) -> None:
    browser.get(site.url)
    shows(browser, "versión 3")
    before = browser.execute_script(_SCHEME)
    press(browser, "button[aria-label='Cambiar entre tema claro y oscuro']")
    until(browser, lambda b: b.execute_script(_SCHEME) != before)
    background = browser.execute_script(_BACKGROUND)
    browser.get(f"{site.url}/modelos")
    shows(browser, "versión 3")
    assert browser.execute_script(_SCHEME) != before
    assert browser.execute_script(_BACKGROUND) == background


def test_the_language_can_be_switched_and_is_remembered(browser: Chrome, site: Site) -> None:
    browser.get(site.url)
    shows(browser, "Pronóstico")
    press(browser, "#language")
    until(browser, lambda b: b.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en")
    browser.get(f"{site.url}/historial")
    shows(browser, "Times are those of")
    until(browser, lambda b: b.title == "History · Ventas")
    press(browser, "#language")
    shows(browser, "Las horas son de")
    until(browser, lambda b: b.title == "Historial · Ventas")


def test_a_phone_gets_every_page_without_sideways_scrolling(browser: Chrome, site: Site) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for path, title in zip(PAGES, TITLES, strict=True):
        browser.get(site.url + path)
        until(browser, lambda b, wanted=title: b.find_element(By.TAG_NAME, "h1").text == wanted)
        until(browser, has_settled)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390, path


def test_the_phones_menu_opens_leads_on_and_closes(browser: Chrome, site: Site) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(site.url)
    press(browser, "#burger")
    link = element(browser, "nav a[href='/modelos']")
    until(browser, lambda _b: link.rect["x"] >= 0)
    link.click()
    until(browser, lambda b: b.find_element(By.TAG_NAME, "h1").text == "Modelos")
    until(browser, lambda _b: not link.is_displayed() or link.rect["x"] + link.rect["width"] <= 0)
