"""The page Pronóstico in a real Chromium, in front of a stub of the API."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from actions import cells, element, press, shows, text_of, until
from browser_site import Site
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from stub_forecast import CITY, OPEN, PRICE, REGION, STORE

from dashboard import problems
from ventas.public_holidays import holidays_between

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
CHRISTMAS = ["2026-12-24", "2026-12-26"]
_SET = "window.dash_clientside.set_props(arguments[0], arguments[1])"
_TICK = "#forecast-days [row-index='{row}'] [col-id={column}] .ag-checkbox-input-wrapper"


def several(browser: Chrome, site: Site, days: list[str] = CHRISTMAS) -> None:
    """Open the page and choose a range of days."""
    browser.get(site.url)
    press(browser, "#forecast-mode label[for$='-several']")
    element(browser, "#forecast-range")
    browser.execute_script(_SET, "forecast-range", {"value": days})
    element(browser, "#forecast-days [role=gridcell]")


def tick(browser: Chrome, row: int, column: str) -> None:
    """Change a checkbox of the table of days."""
    press(browser, _TICK.format(row=row, column=column))


def scenario(browser: Chrome, name: str) -> None:
    """Choose what if."""
    press(browser, f"#forecast-scenario label[for$='-{name}']")


def choose(browser: Chrome, column: str, text: str, value: str) -> None:
    """Choose in the select of a further column, by what is typed."""
    element(browser, f"#forecast-columns input[id*='{column}']").send_keys(text)
    press(browser, f"[role=option][value='{value}']")


def total(browser: Chrome, wanted: str) -> None:
    """Wait until the big figure is this one."""
    until(browser, lambda b: b.find_element(By.ID, "forecast-value").text == wanted)


def downloaded(browser: Chrome, folder: Path, button: str, name: str) -> str:
    """The text of the file that a button gives."""
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    press(browser, button)
    until(browser, lambda _b: (folder / name).exists())
    return (folder / name).read_text(encoding="utf-8-sig")


def test_the_form_predicts_and_says_that_it_assumed_the_date(browser: Chrome, site: Site) -> None:
    browser.get(site.url)
    press(browser, "#forecast-send")
    until(browser, lambda b: b.find_element(By.ID, "forecast-value").text == "1.605,20")
    assert element(browser, "#forecast-day").text == "para el lunes 30 de noviembre de 2026"
    said = element(browser, "#forecast-interval").text
    assert said == "Entre 1.431,70 y 1.771,25: ahí debería caer 8 de cada 10 veces."
    assert "Fecha supuesta" in element(browser, "#forecast-remarks").text
    assert "Versión 3" in element(browser, "#forecast-result").text
    assert site.data.asked == [{"DíaDeLaSemana": 1, "Promociones": 0, "Festivo": 0}]


def test_the_form_sends_what_was_chosen_and_the_weekday_follows_the_date(browser: Chrome, site: Site) -> None:
    browser.get(site.url)
    press(browser, "#forecast-date")
    press(browser, "table button:not([data-outside])")
    until(browser, lambda b: not b.find_element(By.ID, "forecast-weekday").is_enabled())
    for switch in ("forecast-promotion", "forecast-holiday"):
        label = until(browser, lambda b, of=switch: b.find_element(By.CSS_SELECTOR, f"label[for={of}]"))
        label.click()
    press(browser, "#forecast-send")
    until(browser, lambda _b: site.data.asked)
    (sent,) = site.data.asked
    day = date.fromisoformat(sent["Fecha"])
    # The switch of a public holiday was on before it was pressed.
    assert (sent["Promociones"], sent["Festivo"]) == (1, int(not holidays_between("AR", day, day, "es")))
    assert sent["DíaDeLaSemana"] == day.isoweekday()
    shown = element(browser, "#forecast-weekday").get_attribute("value")
    days = ["Lunes", "Martes", "Miércoles", "Jueves", "Viernes", "Sábado", "Domingo"]
    assert days.index(shown) + 1 == sent["DíaDeLaSemana"]
    assert "Fecha supuesta" not in text_of(browser)


def test_the_form_works_by_keyboard_alone(browser: Chrome, site: Site) -> None:
    browser.get(site.url)
    weekday = element(browser, "#forecast-weekday")
    weekday.send_keys(Keys.ENTER)
    element(browser, "[role=listbox] [role=option]")
    weekday.send_keys(Keys.ARROW_DOWN)
    until(browser, lambda b: b.find_element(By.CSS_SELECTOR, "[data-combobox-selected]").text == "Martes")
    weekday.send_keys(Keys.ENTER)
    until(browser, lambda _b: weekday.get_attribute("value") == "Martes")
    element(browser, "#forecast-send").send_keys(Keys.ENTER)
    until(browser, lambda _b: site.data.asked)
    assert site.data.asked[0]["DíaDeLaSemana"] == 2


def test_without_a_champion_the_reason_stands_on_the_page_and_retry_works(
    browser: Chrome, site: Site
) -> None:
    site.data.mode = "no_champion"
    browser.get(site.url)
    until(browser, lambda b: problems.NO_CHAMPION in element(b, "#health-banner").text)
    press(browser, "#forecast-send")
    until(browser, lambda b: problems.NO_CHAMPION in element(b, "#forecast-problem").text)
    site.data.mode = "ok"
    press(browser, "#forecast-retry")
    shows(browser, "1.605,20")
    assert not browser.find_element(By.ID, "forecast-problem").is_displayed()


def test_a_range_is_chosen_in_the_calendar(browser: Chrome, site: Site) -> None:
    browser.get(site.url)
    press(browser, "#forecast-mode label[for$='-several']")
    assert not element(browser, "#forecast-send").is_enabled()
    press(browser, "#forecast-range")
    days = until(browser, lambda b: b.find_elements(By.CSS_SELECTOR, "table button:not([data-outside])"))
    days[0].click()
    days[9].click()
    until(browser, lambda b: len(set(cells(b, "forecast-days", "date"))) > 5)
    press(browser, "#forecast-send")
    until(browser, lambda _b: len(site.data.forecast.batches) == 3)
    asked = [row["Fecha"] for row in site.data.forecast.batches[0]["rows"]]
    assert [date.fromisoformat(day).day for day in asked] == list(range(1, 11))


def test_holidays_are_filled_in_and_can_be_changed_and_what_if_tells_the_change(
    browser: Chrome, site: Site
) -> None:
    several(browser, site)
    until(browser, lambda b: cells(b, "forecast-days", "date")[1] == "vie, 25 dic\nNavidad")
    press(browser, "#forecast-send")
    total(browser, "3.500,00")
    assert "1 festivo" in text_of(browser)
    tick(browser, 0, "promotion")
    tick(browser, 1, "holiday")
    press(browser, "#forecast-send")
    total(browser, "4.500,00")
    assert "1.500,00" in element(browser, "#forecast-result").text  # the mean
    scenario(browser, "all")
    shows(browser, "El total cambia en +600,00 (+13,3 %).")
    total(browser, "5.100,00")
    scenario(browser, "none")
    shows(browser, "El total cambia en −300,00 (−6,7 %).")
    scenario(browser, "entered")
    total(browser, "4.500,00")
    assert "El total" not in element(browser, "#forecast-whatif").text
    batches = site.data.forecast.batches[3:]
    assert [batch["record"] for batch in batches] == [True, False, False]
    flags = [(row["Promociones"], row["Festivo"]) for row in batches[0]["rows"]]
    assert flags == [(1, 0), (0, 0), (0, 0)]


def test_the_chart_shows_sales_forecast_and_marks(browser: Chrome, site: Site) -> None:
    several(browser, site)
    press(browser, "#forecast-send")
    legend = until(browser, lambda b: b.find_element(By.CSS_SELECTOR, "#forecast-chart .legend").text)
    for name in ("Ventas reales", "8 de cada 10 veces", "Pronóstico", "Promoción", "Festivo"):
        assert name in legend
    assert site.data.forecast.sold[0]["until"] == "2026-12-26"


def test_both_files_hold_what_is_shown(browser: Chrome, site: Site, tmp_path: Path) -> None:
    several(browser, site)
    press(browser, "#forecast-send")
    total(browser, "3.500,00")
    scenario(browser, "all")
    total(browser, "4.250,00")
    name = "pronostico_2026-12-24_2026-12-26_con_promocion"
    plain = list(csv.reader(io.StringIO(downloaded(browser, tmp_path, "#forecast-csv", f"{name}.csv"))))
    assert plain[1] == ["2026-12-24", "4", "1", "0", "1600.00", "1450.00", "1750.00", "3"]
    text = downloaded(browser, tmp_path, "#forecast-excel", f"{name}_excel.csv")
    assert text.splitlines()[2] == "2026-12-25;5;1;1;850,00;700,00;1000,00;3"
    assert (tmp_path / f"{name}_excel.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_store_is_chosen_and_what_is_left_empty_is_not_sent(browser: Chrome, site: Site) -> None:
    site.data.forecast.columns = [STORE, PRICE, CITY]
    several(browser, site)
    press(browser, "#forecast-send")
    shows(browser, "Elija «Tienda»: el modelo pronostica cada valor por separado")
    assert not browser.find_elements(By.ID, "forecast-value")
    assert not browser.find_element(By.ID, "forecast-downloads").is_displayed()
    choose(browser, "Tienda", "17", "17")
    element(browser, "#forecast-columns input[id*='Precio']").send_keys("3,5")
    press(browser, "#forecast-send")
    until(browser, lambda _b: len(site.data.forecast.batches) == 3)
    row = site.data.forecast.batches[0]["rows"][0]
    assert (row["Tienda"], row["Precio"], "Ciudad" in row) == (17, 3.5, False)
    until(browser, lambda _b: site.data.forecast.sold)
    assert site.data.forecast.sold[0]["series"] == "17"
    until(browser, lambda b: "Elija «Tienda»" not in text_of(b))


def test_a_closed_day_is_told_and_can_be_opened(browser: Chrome, site: Site) -> None:
    site.data.forecast.columns = [STORE, OPEN, REGION]
    several(browser, site, ["2026-12-26", "2026-12-28"])
    shows(browser, "El modelo ya los sabe por «Tienda»: «Región».")
    assert not browser.find_elements(By.CSS_SELECTOR, "#forecast-columns input[id*='Región']")
    choose(browser, "Tienda", "17", "17")
    press(browser, "#forecast-send")
    total(browser, "2.500,00")
    shows(browser, "Se dan por cerrados, como casi siempre en días así: 27/12/2026.")
    press(browser, "#forecast-columns input[id*='Abierto']")
    press(browser, "[role=option][value='1']")
    press(browser, "#forecast-send")
    total(browser, "4.100,00")
    sent = [row["Abierto"] for row in site.data.forecast.batches[-3]["rows"]]
    assert [(type(value), value) for value in sent] == [(int, 1)] * 3
    assert "Se dan por cerrados" not in text_of(browser)


def test_an_api_that_was_away_comes_back_with_the_champions_columns(browser: Chrome, site: Site) -> None:
    site.data.forecast.columns = [CITY]
    site.data.mode = "failing"
    several(browser, site)
    press(browser, "#forecast-send")
    until(browser, lambda b: problems.FAILED in element(b, "#forecast-problem").text)
    assert "Ciudad" not in text_of(browser)
    site.data.mode = "ok"
    press(browser, "#forecast-retry")
    total(browser, "3.500,00")
    shows(browser, "Ciudad")
    assert not browser.find_element(By.ID, "forecast-problem").is_displayed()


def test_without_sales_a_forecast_comes_all_the_same(browser: Chrome, site: Site) -> None:
    site.data.forecast.actuals = False
    browser.get(site.url)
    press(browser, "#forecast-send")
    shows(browser, "Todavía no hay ventas que mostrar.")
    assert element(browser, "#forecast-value").text == "1.605,20"


def test_the_page_speaks_english(browser: Chrome, site: Site) -> None:
    browser.get(site.url)
    browser.add_cookie({"name": "idioma", "value": "en"})
    several(browser, site)
    until(browser, lambda b: cells(b, "forecast-days", "date")[1] == "Fri 25 Dec\nChristmas Day")
    press(browser, "#forecast-send")
    total(browser, "3,500.00")
    scenario(browser, "all")
    shows(browser, "The total changes by +750.00 (+21.4%).")


def test_a_phone_shows_all_of_it_without_sideways_scrolling(browser: Chrome, site: Site) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    site.data.forecast.columns = [STORE, PRICE]
    several(browser, site)
    choose(browser, "Tienda", "17", "17")
    press(browser, "#forecast-send")
    element(browser, "#forecast-chart .legend")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    grid = element(
        browser, "#forecast-days .ag-body-horizontal-scroll-viewport, #forecast-days .ag-center-cols-viewport"
    )
    assert browser.execute_script("return arguments[0].scrollWidth <= arguments[0].clientWidth", grid)
