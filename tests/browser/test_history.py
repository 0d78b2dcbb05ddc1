"""The page Historial in a real Chromium: filters, orders, what was sold, what is behind a row, and the files."""

import httpx
import pytest
from actions import cells, element, press, shows, text_of, until
from browser_site import Site
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from test_accessibility import PHONE

from dashboard import problems

pytestmark = pytest.mark.browser

LAPTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}


def opened(browser: Chrome, site: Site) -> None:
    """The page with its first rows."""
    browser.get(f"{site.url}/historial")
    until(browser, lambda b: cells(b, "history-grid", "id")[:2] == ["80", "79"])


def choose(browser: Chrome, field: str, option: str) -> None:
    """Pick an option of a list."""
    press(browser, f"#history-{field}")
    until(
        browser,
        lambda b: (
            next(
                one for one in b.find_elements(By.CSS_SELECTOR, "[role=option]") if one.text == option
            ).click()
            or True
        ),
    )


def press_header(browser: Chrome, column: str) -> None:
    """Sort by a column, as a click on its heading does."""
    press(browser, f"#history-grid .ag-header-cell[col-id={column}] .ag-header-cell-label")


def test_the_history_fills_page_by_page_and_refreshes(browser: Chrome, site: Site) -> None:
    opened(browser, site)
    assert cells(browser, "history-grid", "prediction")[0] == "1.381,35"
    assert "80 pronósticos." in text_of(browser)
    assert "1 a 15 de 80" in text_of(browser)
    press(browser, "#history-grid [aria-label='Página siguiente']")
    until(browser, lambda b: "65" in cells(b, "history-grid", "id"))
    site.data.history = site.data.history[70:]
    press(browser, "#history-refresh")
    shows(browser, "10 pronósticos.")
    until(browser, lambda b: cells(b, "history-grid", "id")[:1] == ["10"])


def test_actual_sales_and_differences_stand_beside_the_forecasts(browser: Chrome, site: Site) -> None:
    opened(browser, site)
    rows = dict(
        zip(cells(browser, "history-grid", "id"), cells(browser, "history-grid", "actual"), strict=True)
    )
    assert (rows["69"], rows["70"]) == ("1.322,67", "—")
    found = dict(
        zip(cells(browser, "history-grid", "id"), cells(browser, "history-grid", "error"), strict=True)
    )
    assert found["69"] == "−29,00"
    until(browser, lambda b: "Ventas reales" in element(b, "#history-chart").text)
    until(browser, lambda b: "Versión 2" in element(b, "#history-errors").text)


def test_filters_narrow_table_count_and_files(browser: Chrome, site: Site) -> None:
    opened(browser, site)
    choose(browser, "promotion", "Con promoción")
    shows(browser, "26 pronósticos.")
    until(browser, lambda b: set(cells(b, "history-grid", "promotion")) == {"Sí"})
    element(browser, "#history-version").send_keys("1")
    shows(browser, "13 pronósticos.")
    until(browser, lambda b: cells(b, "history-grid", "id")[:1] == ["39"])
    file = element(browser, "#history-excel").get_attribute("href")
    assert file is not None
    answer = httpx.get(file, headers={"Accept-Language": "es"})
    lines = answer.text.splitlines()
    assert (lines[0].lstrip("\ufeff"), len(lines)) == ("id;prediction", 14)
    assert "pronosticos_excel.csv" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_table_fits_a_laptop_without_scrolling_sideways(
    language: str, browser: Chrome, site: Site
) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", LAPTOP)
    browser.get(site.url)
    browser.add_cookie({"name": "idioma", "value": language})
    opened(browser, site)
    seen = "const seen = document.querySelector('#history-grid .ag-center-cols-viewport');"
    assert browser.execute_script(f"{seen} return seen.scrollWidth - seen.clientWidth") == 0
    cut = (
        "return [...seen.querySelectorAll('.ag-cell-value')].filter(one => one.scrollWidth > one.clientWidth)"
    )
    assert browser.execute_script(f"{seen} {cut}.map(one => one.innerText)") == []


def test_the_table_is_sorted_by_the_api(browser: Chrome, site: Site) -> None:
    opened(browser, site)
    press_header(browser, "prediction")
    lowest = min(entry["prediction"] for entry in site.data.history)
    until(browser, lambda b: cells(b, "history-grid", "prediction")[0] == f"{lowest:.2f}".replace(".", ","))
    press_header(browser, "error")
    press_header(browser, "error")
    until(browser, lambda b: cells(b, "history-grid", "error")[0] == "−29,00")


def test_enter_opens_what_is_behind_a_row_as_plain_text(browser: Chrome, site: Site) -> None:
    opened(browser, site)
    cell = element(browser, "#history-grid [role=gridcell][col-id=id]")
    cell.click()
    shows(browser, "Pronóstico n.º 80")
    shows(browser, "sucursal <b>norte</b>/ventas.csv")
    assert "Todavía no llegaron las ventas" in text_of(browser)
    assert "<b>Ciudad</b>" in text_of(browser), "a column's name is text, never HTML"
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    until(browser, lambda b: "Pronóstico n.º 80" not in text_of(b))
    known = next(
        one
        for one in browser.find_elements(By.CSS_SELECTOR, "#history-grid [role=gridcell][col-id=id]")
        if one.text == "69"
    )
    browser.execute_script("arguments[0].focus()", known)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    shows(browser, "Pronóstico n.º 69")
    shows(browser, "ventas/ventas-noviembre.csv")
    links = browser.find_elements(By.CSS_SELECTOR, "#history-drawer-body a")
    found = [str(link.get_attribute("href")).removeprefix(site.url) for link in links]
    assert found == ["/modelos?version=2", "/ejecuciones/run-8", "/ejecuciones/run-1"]


def test_an_api_that_is_down_is_a_sentence_and_comes_back(browser: Chrome, site: Site) -> None:
    site.data.mode = "failing"
    browser.get(f"{site.url}/historial")
    until(browser, lambda b: problems.FAILED in element(b, "#history-problem").text)
    assert "Traceback" not in text_of(browser)
    site.data.mode = "ok"
    press(browser, "#history-retry")
    until(browser, lambda b: cells(b, "history-grid", "id")[:1] == ["80"])
    until(browser, lambda b: not b.find_element(By.ID, "history-problem").is_displayed())


def test_in_english_on_a_phone_nothing_runs_out_of_the_page(browser: Chrome, site: Site) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.get(site.url)
    browser.add_cookie({"name": "idioma", "value": "en"})
    browser.get(f"{site.url}/historial")
    until(browser, lambda b: cells(b, "history-grid", "id")[:1] == ["80"])
    shows(browser, "80 forecasts.")
    shows(browser, "Only with actual sales")
    assert browser.execute_script("return document.documentElement.scrollWidth") == PHONE["width"]
    press(browser, "#history-grid [role=gridcell][col-id=id]")
    shows(browser, "The sales of that day, as it was asked for, have not arrived yet.")
    assert browser.execute_script("return document.documentElement.scrollWidth") == PHONE["width"]
