"""Past uploads judged anew, as an operator asks for it and follows it on a run's page."""

import pytest
import stub_replays
from actions import element, press, shows, text_of, until
from browser_site import Site
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from stub_parts import TOKEN

from dashboard import problems

pytestmark = pytest.mark.browser


def card(browser: Chrome) -> str:
    """What the page says of the replay."""
    return browser.find_element(By.ID, "replay-body").text


def started(browser: Chrome) -> None:
    """The dialog filled in and sent."""
    press(browser, ".run-actions button[id*='replay']")
    shows(browser, "No cambia nada: ni ejecuciones ni modelos")
    element(browser, "#run-actor").send_keys("Begoña")
    element(browser, "#run-token").send_keys(TOKEN)
    press(browser, "#run-confirm")
    shows(browser, "Espera su turno")


def test_a_replay_is_asked_for_and_followed_to_its_table(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones/run-8")
    shows(browser, "Entrenamiento en MLflow")
    assert "Juzgado de nuevo" not in text_of(browser)
    press(browser, ".run-actions button[id*='replay']")
    shows(browser, "ventas replay --since run-8")
    press(browser, "#run-confirm")
    shows(browser, "Escriba la clave de administración.")
    press(browser, "#run-cancel")
    until(browser, lambda b: not b.find_elements(By.ID, "run-token"))
    assert site.data.changes == []
    started(browser)
    assert site.data.changes == [{"replay": "run-8"}]
    assert "Lo pidió Begoña" in card(browser)
    site.data.replays["run-8"] |= stub_replays.running(1, 3, 0.5)
    shows(browser, "1 de 3 archivos ya están juzgados.")
    bar = element(browser, "#replay-body [role=progressbar]")
    assert float(bar.get_attribute("aria-valuenow")) == 50
    site.data.replays["run-8"] |= stub_replays.done()
    shows(browser, "2 de 3 archivos terminarían de otra manera. No se cambió nada.")
    first, second, third = browser.find_elements(By.CSS_SELECTOR, "#replay-body tbody tr")
    assert "error 88,42 frente a 97,01" in first.text
    assert "primer modelo, error 88,42" in first.text
    assert first.text.endswith("Igual")
    assert "error 99,90 frente a 97,01" in second.text
    assert "error 80,10 frente a 88,42" in second.text
    assert second.text.endswith("Cambia")
    assert "Rechazado" in third.text
    link = second.find_element(By.TAG_NAME, "a").get_attribute("href")
    assert link == f"{site.url}/ejecuciones/run-7"


def test_what_failed_says_so_and_can_be_asked_for_again(browser: Chrome, site: Site) -> None:
    known = stub_replays.waiting("run-8", "Ana") | stub_replays.running(0, 3, 0.1)
    ended = {"status": "failed", "reason": "MinIO does not answer."}
    site.data.replays["run-8"] = known | ended
    browser.get(f"{site.url}/ejecuciones/run-8")
    shows(browser, "No llegó a su fin, y no se cambió nada.")
    assert "MinIO does not answer." in card(browser)
    started(browser)
    assert "MinIO does not answer." not in card(browser)


def test_what_was_known_stays_while_the_api_is_down(browser: Chrome, site: Site) -> None:
    again = stub_replays.running(2, 3, 0.7) | {"attempts": 2}
    site.data.replays["run-8"] = stub_replays.waiting("run-8", "Ana") | again
    browser.get(f"{site.url}/ejecuciones/run-8")
    shows(browser, "2 de 3 archivos ya están juzgados. Empezó otra vez")
    site.data.mode = "failing"
    until(browser, lambda b: problems.FAILED in element(b, "#replay-problem").text)
    assert "2 de 3 archivos" in card(browser)
    site.data.mode = "ok"
    site.data.replays["run-8"] |= stub_replays.done()
    press(browser, "#replay-retry")
    shows(browser, "2 de 3 archivos terminarían de otra manera.")
    assert not browser.find_element(By.ID, "replay-problem").is_displayed()
