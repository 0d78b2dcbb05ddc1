"""Modelos: versions over time, side by side, and going back to one, in a real Chromium before a stub of the API."""

import pytest
from actions import cells, element, has_settled, press, shows, text_of, until
from browser_site import Site
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from stub_api import model
from stub_models import HOSTILE_COLUMN
from stub_parts import TOKEN, moment

from dashboard import problems, shell

pytestmark = pytest.mark.browser

LAPTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


def check(browser: Chrome, version: int) -> None:
    """Check the row of a version."""
    press(browser, f"#models-grid [row-id='{version}'] .ag-checkbox-input-wrapper")


def write(browser: Chrome, field: str, text: str) -> None:
    """Fill a field of the dialog."""
    target = element(browser, f"#{field}")
    target.clear()
    target.send_keys(text)


def chart_text(browser: Chrome, chart: str) -> str:
    """All text of a chart, once it is drawn."""
    until(browser, lambda b: b.find_element(By.CSS_SELECTOR, f"#{chart} svg .xtick, #{chart} svg .ytick"))
    return browser.find_element(By.ID, chart).text


def test_the_list_tells_state_errors_and_family(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/modelos")
    until(browser, lambda b: cells(b, "models-grid", "version") == ["4", "3", "2", "1"])
    assert cells(browser, "models-grid", "test_rmse") == ["93,87", "88,42", "97,01", "112,30"]
    assert cells(browser, "models-grid", "live") == ["—", "101,50", "—", "—"]
    assert cells(browser, "models-grid", "stage")[1] == "En producción"
    assert cells(browser, "models-grid", "family")[0] == "Boosting"
    said = chart_text(browser, "models-chart")
    for part in ("v3", "v4", "Error en vivo", "El de la versión en producción"):
        assert part in said
    assert len(browser.find_elements(By.CSS_SELECTOR, "#models-chart .shapelayer path")) == 3, "a band each"
    assert "La versión 3 reemplazó a la 2." in text_of(browser)
    assert "Cambio hecho a mano por mlflow" in text_of(browser)


def test_checked_versions_are_shown_side_by_side(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/modelos")
    shows(browser, "Marque hasta 4 versiones")
    check(browser, 4)
    check(browser, 3)
    press(browser, "a[href='/modelos?comparar=3,4']")
    shows(browser, "Versiones 3, 4")
    shows(browser, "La versión 4 no reemplaza a la 3")
    assert browser.current_url.endswith("/modelos?comparar=3,4")
    differing = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "tr.differs")]
    assert differing == ["≠ n_estimators 300 400"]
    assert "Lun" in chart_text(browser, "model-weekdays")
    assert "Versión 4" in chart_text(browser, "model-flags")
    for place in (0, 1):
        assert "Ventas reales" in chart_text(browser, f"model-predictions-{place}")
    assert "<b>Clima</b>" in chart_text(browser, "model-importance"), "a column of a file stays text"
    assert HOSTILE_COLUMN in text_of(browser), "and so does the name of the upload"
    assert browser.find_elements(By.CSS_SELECTOR, "img[src='x']") == []
    press(browser, "a.back")
    shows(browser, "Marque hasta 4 versiones")


def test_a_version_has_an_address_and_its_number_leads_there(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/modelos")
    press(browser, "#models-grid [row-id='2'] [col-id='version'] .ag-cell-value")
    until(browser, lambda b: b.current_url.endswith("/modelos?version=2"))
    shows(browser, "300 filas de prueba")
    assert "del 19/11/2026" in text_of(browser)
    browser.get(f"{site.url}/modelos?version=1")
    shows(browser, "antes de que se guardaran los pronósticos de prueba")
    assert "antes de que hubiera fichas de modelo" in text_of(browser)
    browser.get(f"{site.url}/modelos?version=99")
    shows(browser, "No existe esa versión del modelo.")


def test_a_version_that_is_gone_hides_none_beside_it(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/modelos?comparar=3,99")
    shows(browser, "MLflow no tiene la versión 99 del modelo.")
    assert "Ventas reales" in chart_text(browser, "model-predictions-0")


def test_going_back_asks_for_the_token_and_shows_the_new_champion(
    browser: Chrome, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "HEALTH_POLL_MILLISECONDS", 600_000)  # the header need not wait for its turn
    browser.get(f"{site.url}/modelos")
    check(browser, 2)
    press(browser, "#models-toolbar button")
    shows(browser, "saldrán de la versión 2 en lugar de la 3")
    press(browser, "#model-confirm")
    shows(browser, "Escriba el motivo")
    write(browser, "model-reason", "La 3 exagera los domingos.")
    write(browser, "model-token", "otra")
    press(browser, "#model-confirm")
    shows(browser, problems.WRONG_TOKEN)
    assert site.data.promotions[0]["model_version"] == 3
    assert element(browser, "#model-token").get_attribute("value") == ""
    write(browser, "model-actor", "Begoña")
    write(browser, "model-token", TOKEN)
    press(browser, "#model-confirm")
    shows(browser, "La versión 2 está en producción")
    until(browser, lambda b: cells(b, "models-grid", "stage")[1:3] == ["Archivado", "En producción"])
    shows(browser, "Cambio hecho a mano por Begoña")
    until(browser, lambda b: "versión 2" in element(b, "#health").text)
    assert "Motivo: La 3 exagera los domingos." in text_of(browser)
    kept = "return JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie + location.href"
    assert TOKEN not in browser.execute_script(kept)
    assert TOKEN not in browser.page_source


def test_a_version_whose_files_retention_deleted_is_shown_without_them_and_not_offered(
    browser: Chrome, site: Site
) -> None:
    browser.get(f"{site.url}/modelos")
    check(browser, 2)
    assert element(browser, "#models-toolbar button").text == "Volver a la versión 2"
    gone = next(one for one in site.data.models if one["version"] == 2)
    gone["files_deleted"] = True
    press(browser, "#models-toolbar button")  # the page is older than the deletion
    write(browser, "model-reason", "La 3 exagera.")
    write(browser, "model-token", TOKEN)
    press(browser, "#model-confirm")
    shows(browser, problems.GONE)
    browser.get(f"{site.url}/modelos")
    check(browser, 2)
    shows(browser, "la retención borró sus archivos (KEEP_VERSIONS)")
    assert not browser.find_elements(By.CSS_SELECTOR, "#models-toolbar button")
    press(browser, "a[href='/modelos?version=2']")
    shows(browser, "La retención borró los pronósticos de prueba de esta versión.")
    assert not browser.find_elements(By.CSS_SELECTOR, "#models-body button")
    assert "Lun" in chart_text(browser, "model-weekdays"), "its card is left"
    browser.add_cookie({"name": "idioma", "value": "en"})
    browser.refresh()
    shows(browser, "It cannot be put into production: retention deleted its files (KEEP_VERSIONS)")


def test_a_held_version_is_approved_on_its_page(browser: Chrome, site: Site) -> None:
    site.data.models[0] |= {"awaits_approval": True, "stage": "Staging"}
    browser.get(f"{site.url}/modelos?version=4")
    shows(browser, "Espera aprobación")
    press(browser, "#models-body button")
    write(browser, "model-reason", "Revisada.")
    write(browser, "model-token", TOKEN)
    press(browser, "#model-confirm")
    shows(browser, "La versión 4 está en producción")
    until(browser, lambda b: "En producción" in element(b, ".version-card").text)
    assert site.data.promotions[0]["source"] == "approved"


def test_two_hundred_versions_are_paged(browser: Chrome, site: Site) -> None:
    made = [model(number, rmse=90 + number % 7, stage="Archived") for number in range(200, 0, -1)]
    site.data.models = [one | {"created_at": moment(1440 * (200 - one["version"]))} for one in made]
    browser.get(f"{site.url}/modelos")
    shows(browser, "1 a 12 de 200")
    assert cells(browser, "models-grid", "version")[0] == "200"
    until(browser, lambda b: len(b.find_elements(By.CSS_SELECTOR, "#models-chart .point")) >= 200)


def test_an_api_that_comes_back_fills_the_page_of_a_version(browser: Chrome, site: Site) -> None:
    site.data.mode = "failing"
    browser.get(f"{site.url}/modelos?comparar=3,4")
    until(browser, lambda b: problems.FAILED in element(b, "#models-chosen-problem").text)
    site.data.mode = "ok"
    press(browser, "#models-chosen-retry")
    shows(browser, "La versión 4 no reemplaza a la 3")
    until(browser, lambda b: not b.find_element(By.ID, "models-chosen-problem").is_displayed())


def test_the_table_fits_a_laptop_without_scrolling_sideways(browser: Chrome, site: Site) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", LAPTOP)
    for language in ("es", "en"):
        browser.get(site.url)
        browser.add_cookie({"name": "idioma", "value": language})
        browser.get(f"{site.url}/modelos")
        until(browser, lambda b: b.find_elements(By.CSS_SELECTOR, "#models-grid .ag-cell"))
        until(browser, has_settled)
        seen = "const seen = document.querySelector('#models-grid .ag-center-cols-viewport');"
        assert browser.execute_script(f"{seen} return seen.scrollWidth - seen.clientWidth") == 0, language


def test_the_pages_speak_english_and_fit_a_phone(browser: Chrome, site: Site) -> None:
    browser.get(site.url)
    browser.add_cookie({"name": "idioma", "value": "en"})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    for path, sentence in (
        ("/modelos", "Changes of the model in production"),
        ("/modelos?version=3", "300 test rows"),
    ):
        browser.get(site.url + path)
        shows(browser, sentence)
        until(browser, has_settled)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390, path
