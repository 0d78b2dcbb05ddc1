"""Subir ventas: a real browser reads a file's head, sends the file to another origin, and follows its run."""

from pathlib import Path

import pytest
from actions import element, press, shows, text_of, until
from browser_site import Site
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from stub_runs import HOSTILE, run, steps, verdict
from test_accessibility import faults

from ventas.sample import generate

pytestmark = pytest.mark.browser

SALES = generate(400, seed=1).to_csv(index=False, sep=";").encode()


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """A good sales file."""
    path = tmp_path / "ventas.csv"
    path.write_bytes(SALES)
    return path


def choose(browser: Chrome, *paths: Path) -> None:
    """Give files to the page, as the browser's own file dialogue does."""
    found = until(browser, lambda b: b.find_element(By.ID, "upload-input"))
    found.send_keys("\n".join(map(str, paths)))


def test_a_good_file_is_previewed_sent_and_followed_to_its_verdict(
    browser: Chrome, site: Site, sales: Path
) -> None:
    browser.get(f"{site.url}/subir")
    choose(browser, sales)
    shows(browser, "Este archivo sirve")
    assert "UTF-8 · separado por punto y coma" in text_of(browser)
    assert "Filas que se pueden usar: 400." in text_of(browser)
    assert "2021-01-01" in element(browser, ".preview-table").text
    assert faults(browser) == []
    mine = run("run-10", "retrain", 1, version_id="v1", progress={"done": 3, "total": 12})
    site.data.runs["run-10"] = mine | {"steps": steps("etl", "retrain", open_end=True), "quality": None}
    press(browser, "#upload-send")
    shows(browser, "3 de 12 candidatos probados")
    assert site.data.uploads.received == {"ventas.csv": SALES}
    assert site.data.uploads.asked == [{"name": "ventas.csv", "kind": "sales", "size": len(SALES)}]
    assert site.data.uploads.headers[0].startswith("Bearer ")
    assert faults(browser) == []
    site.data.runs["run-10"] |= {
        "status": "promoted",
        "verdict": verdict("fair", promoted=True, ours=88.42, theirs=97.01),
        "steps": steps("etl", "retrain", "promote"),
    }
    shows(browser, "La versión 3 reemplaza a la 2")
    assert element(browser, "#upload-list a").get_attribute("href").endswith("/ejecuciones/run-10")
    browser.refresh()
    shows(browser, "La versión 3 reemplaza a la 2")
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_bad_file_is_told_what_to_mend_before_it_is_sent(browser: Chrome, site: Site, sales: Path) -> None:
    bad = sales.with_name("Enero.csv")
    bad.write_bytes(SALES.replace(b"Festivo", b"<b>Feriado</b>"))
    browser.get(f"{site.url}/subir")
    choose(browser, bad)
    shows(browser, "Este archivo sería rechazado")
    shows(browser, "Columnas que faltan: Festivo")
    assert "<b>Feriado</b>" in text_of(browser), "text of a file is no HTML"
    assert element(browser, "#upload-name").get_attribute("value") == "ventas-Enero.csv"
    assert element(browser, "#upload-send").text == "Subir de todos modos"
    press(browser, "#upload-drop-it")
    shows(browser, "Arrastre aquí")
    assert site.data.uploads.asked == []


def test_several_files_go_one_after_another(browser: Chrome, site: Site, sales: Path) -> None:
    days = sales.with_name("dias.csv")
    days.write_text("Fecha,Promociones,Festivo\n2026-12-01,0,0\n", encoding="utf-8")
    browser.get(f"{site.url}/subir")
    choose(browser, sales, days)
    shows(browser, "Después: 1 archivo más.")
    press(browser, "#upload-send")
    shows(browser, "elija «Días para pronosticar» arriba")
    label = browser.find_element(By.XPATH, "//label[.='Días para pronosticar']")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", label)
    label.click()
    shows(browser, "Filas que se pueden usar: 1.")
    press(browser, "#upload-send")
    until(browser, lambda _b: "pronosticos/entrada/dias.csv" in site.data.uploads.received)
    shows(browser, "Arrastre aquí")
    assert site.data.uploads.received.keys() == {"ventas.csv", "pronosticos/entrada/dias.csv"}


def test_a_bucket_that_refuses_is_a_sentence_and_a_retry(browser: Chrome, site: Site, sales: Path) -> None:
    browser.get(f"{site.url}/subir")
    choose(browser, sales)
    shows(browser, "Este archivo sirve")
    site.data.uploads.store = 403
    press(browser, "#upload-send")
    shows(browser, "El permiso para subir venció")
    site.data.uploads.store = 503
    press(browser, "#send-retry")
    shows(browser, "El almacén de archivos no aceptó el archivo.")
    site.data.uploads.store = 200
    press(browser, "#send-retry")
    shows(browser, "Llegó al almacén")
    assert "no aceptó" not in text_of(browser)


def test_a_name_that_cannot_be_is_refused_with_what_to_do(browser: Chrome, site: Site, sales: Path) -> None:
    browser.get(f"{site.url}/subir")
    choose(browser, sales)
    shows(browser, "Este archivo sirve")
    name = element(browser, "#upload-name")
    until(browser, lambda _b: name.get_attribute("value") == "ventas.csv")
    name.send_keys(".zip")
    press(browser, "#upload-send")
    shows(browser, "Cambie el nombre del archivo")


def test_the_api_away_is_told_and_the_file_stays_chosen(browser: Chrome, site: Site, sales: Path) -> None:
    browser.get(f"{site.url}/subir")
    shows(browser, "Arrastre aquí")
    site.data.mode = "failing"
    choose(browser, sales)
    shows(browser, "El servicio falló al responder")
    site.data.mode = "ok"
    press(browser, "#upload-retry")
    shows(browser, "Este archivo sirve")


def test_a_dropped_file_is_taken(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/subir")
    drop = element(browser, "#upload-drop")
    browser.execute_script(
        "const files = new DataTransfer();"
        "files.items.add(new File([arguments[1]], arguments[2]));"
        "arguments[0].dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: files}));",
        drop,
        SALES.decode(),
        HOSTILE,
    )
    shows(browser, "Este archivo sirve")
    assert HOSTILE in text_of(browser)


def choose_events(browser: Chrome, name: str) -> None:
    """Press one of the choices above the events of «Estado»."""
    label = browser.find_element(By.XPATH, f"//label[.='{name}']")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", label)
    label.click()


def test_the_status_page_tells_parts_backlog_events_and_alerts(browser: Chrome, site: Site) -> None:
    site.data.uploads.away = {"redis": "It does not answer at 127.0.0.1:6379 (ConnectionError)."}
    browser.get(f"{site.url}/estado")
    shows(browser, "1 parte sin responder.")
    shows(browser, "Lo que llega se anota y se procesa cuando vuelva.")
    shows(browser, "la más antigua, hace 2 min 0 s")
    shows(browser, "Ya se había anotado")
    shows(browser, "Su nombre no contiene «ventas»")
    assert "Lo escribió el propio sistema." not in text_of(browser)
    shows(browser, "Column <b>Precio</b> has moved.")
    site.data.uploads.away = {}
    press(browser, "#status-refresh")
    shows(browser, "Todo funciona.")
    choose_events(browser, "Del sistema")
    shows(browser, "Lo escribió el propio sistema.")
    choose_events(browser, "Repetido")
    until(browser, lambda b: len(b.find_elements(By.CSS_SELECTOR, "#status-events tbody tr")) == 1)
    site.data.mode = "failing"
    press(browser, "#status-refresh")
    shows(browser, "El servicio falló al responder")
