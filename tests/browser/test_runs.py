"""Ejecuciones and the page of one run as a person meets them."""

from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

import pytest
import stub_replays
from actions import element, has_settled, press, shows, text_of, until
from browser_site import Site
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from stub_parts import TOKEN
from stub_runs import HOSTILE, quality, run, steps, verdict

from dashboard import problems

pytestmark = pytest.mark.browser

_PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
_STORED = "return JSON.stringify([localStorage, sessionStorage, location.href])"


def rows(browser: Chrome) -> list[str]:
    """The lines of the list as they read."""
    return [row.text for row in browser.find_elements(By.CSS_SELECTOR, ".run-row")]


def ask(browser: Chrome, action: str) -> None:
    """Open the dialog of a button."""
    press(browser, f".run-actions button[id*='{action}']")
    until(browser, lambda b: b.find_element(By.ID, "run-explained").text)


def test_runs_move_without_reloading(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones")
    shows(browser, "12 de 60 candidatos probados")
    live = site.data.runs["run-9"]
    site.data.runs["run-9"] = live | {"progress": {"done": 31, "total": 60}}
    shows(browser, "31 de 60 candidatos probados")
    decided = verdict("fair", promoted=False, ours=104.0, theirs=88.42)
    site.data.runs["run-9"] = live | {"status": "not_promoted", "verdict": decided}
    shows(browser, "su error es 104,00")
    assert "candidatos probados" not in text_of(browser)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/ejecuciones", "12 de 60 candidatos probados"),
        ("/ejecuciones/run-8", "Pasos"),
    ],
)
def test_an_api_slower_than_the_clock_is_shown_all_the_same(
    browser: Chrome, site: Site, path: str, text: str
) -> None:
    """A tick used to throw the answer away that was under way, for ever."""
    site.data.seconds = 2.4
    browser.get(f"{site.url}{path}")
    shows(browser, text)


def test_what_is_at_work_keeps_its_clock_going_and_the_focus_its_place(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones")
    clock = element(browser, "a[href='/ejecuciones/run-9'] .run-took")
    begun = datetime.now(UTC) - timedelta(seconds=70)
    browser.execute_script("arguments[0].dataset.since = arguments[1]", clock, begun.isoformat())
    until(browser, lambda _b: clock.text == "1 min 14 s")
    assert clock.is_displayed(), "a list that did not change is not drawn anew"


def test_a_line_draws_its_steps_and_says_them(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones")
    bar = element(browser, "a[href='/ejecuciones/run-8'] .bar")
    assert bar.get_attribute("aria-label").endswith("Espera 24 s, Comparación 36 s")
    widths = {
        kind: bar.find_element(By.CSS_SELECTOR, f".piece-{kind}").rect["width"]
        for kind in ("etl", "retrain", "promote", "wait")
    }
    assert widths["etl"] == pytest.approx(widths["retrain"], abs=1)
    assert min(widths.values()) > 3
    failed = element(browser, "a[href='/ejecuciones/run-4'] .bar .piece-retrain")
    assert "is-failed" in failed.get_attribute("class")


def test_runs_are_filtered_and_paged_by_the_server(browser: Chrome, site: Site) -> None:
    more = {f"more-{n}": run(f"more-{n}", "promoted", 1000 + n, key=f"sur/ventas-{n}.csv") for n in range(45)}
    site.data.runs.update({name: one | {"quality": None, "steps": []} for name, one in more.items()})
    browser.get(f"{site.url}/ejecuciones")
    shows(browser, "54 ejecuciones")
    assert len(rows(browser)) == 20
    until(browser, lambda b: len(b.find_elements(By.CSS_SELECTOR, "#runs-pages button")) >= 3)
    next(
        one for one in browser.find_elements(By.CSS_SELECTOR, "#runs-pages button") if one.text == "3"
    ).click()
    until(browser, lambda b: len(rows(b)) == 14)
    element(browser, "#runs-name").send_keys("VENTAS-4")
    shows(browser, "6 ejecuciones")
    until(browser, lambda b: len(rows(b)) == 6 and "ventas-4.csv" in rows(b)[0])
    element(browser, "#runs-name").send_keys("x")
    shows(browser, "Ninguna ejecución cumple lo que se busca")
    browser.get(f"{site.url}/ejecuciones?estado=failed")
    shows(browser, "1 ejecución")
    assert "Falló" in rows(browser)[0]


def test_a_runs_page_moves_to_its_verdict(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones/run-9")
    shows(browser, "12 de 60 candidatos probados")
    decided = verdict("fair", promoted=True, ours=80.0, theirs=88.42)
    site.data.runs["run-9"] |= {
        "status": "promoted",
        "verdict": decided,
        "progress": None,
        "steps": steps("etl", "retrain", "promote"),
    }
    shows(browser, "un 9,5 % menor")
    said = text_of(browser)
    for part in ("80,00", "88,42", "Comparación con el modelo en producción", "Error por partes"):
        assert part in said
    zero = element(browser, ".interval-zero").rect["x"]
    assert element(browser, ".interval-span").rect["x"] > zero
    assert element(browser, ".interval.better").get_attribute("aria-label").startswith("Mejora del error")


def test_a_superseded_run_leads_to_the_newer_one(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones/run-3")
    shows(browser, "Un archivo más nuevo ocupó el lugar de este")
    press(browser, "a[href='/ejecuciones/run-8']")
    shows(browser, "88,42")


def test_a_run_leads_to_its_model_its_task_and_its_files(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones/run-8")
    shows(browser, "Entrenamiento en MLflow")
    links = {link.get_attribute("href") for link in browser.find_elements(By.CSS_SELECTOR, "#run-body a")}
    for wanted in (
        f"{site.url}/modelos?version=3",
        f"http://127.0.0.1:5000/#/runs/{'a' * 32}",
        "http://127.0.0.1:5555/task/task-retrain",
        "http://127.0.0.1:9001/browser/ventas/ventas.csv",
        "http://127.0.0.1:9001/browser/data/runs%2Frun-8%2F",
    ):
        assert wanted in links


def test_a_rejected_file_tells_what_to_correct_and_gives_its_rows(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones")
    press(browser, "a[href='/ejecuciones/run-5']")
    shows(browser, "Columnas que faltan: Festivo")
    said = text_of(browser)
    for part in (
        "1.095",
        "1.079",
        "1,5 %",
        "CP1252",
        "Falta del 01/08/2024 al 19/08/2024 (19 días)",
        "3 filas",
    ):
        assert part in said
    until(browser, lambda b: b.find_elements(By.CSS_SELECTOR, ".js-plotly-plot .scatterlayer .trace"))
    link = element(browser, "a[download][href$='rejected.csv']")
    with urlopen(link.get_attribute("href"), timeout=10) as answer:
        first, second = answer.read().decode("utf-8-sig").splitlines()
        assert first == "Línea;Qué corregir;Fila"
        assert second.startswith("14;La columna Ventas está vacía")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "ventas-rejected.csv" in answer.headers["Content-Disposition"]


def test_a_download_that_is_not_there_is_a_sentence(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones/run-8/rejected.csv")
    shows(browser, problems.MISSING)
    site.stop_api()
    browser.get(f"{site.url}/ejecuciones/run-5/rejected.csv")
    shows(browser, problems.DOWN)


def test_text_of_a_file_stays_text(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones/run-5")
    shows(browser, HOSTILE)
    said = text_of(browser)
    for part in ("<script>alert(1)</script> stands in column 7.", "<b>Temperatura</b>", "«<b>Nota</b>»"):
        assert part in said
    assert browser.find_elements(By.CSS_SELECTOR, "img[src='x']") == []
    browser.get(f"{site.url}/ejecuciones")
    shows(browser, HOSTILE)
    assert browser.find_elements(By.CSS_SELECTOR, "img[src='x']") == []


def test_a_retry_needs_the_token_keeps_none_and_is_followed_to_its_end(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones/run-4")
    ask(browser, "retry")
    assert "El archivo se lee otra vez desde el principio" in text_of(browser)
    element(browser, "#run-actor").send_keys("Begoña")
    token = element(browser, "#run-token")
    assert token.get_attribute("type") == "password"
    token.send_keys("another token")
    token.send_keys(Keys.ENTER)
    until(browser, lambda b: b.find_element(By.ID, "run-fault").text == problems.WRONG_TOKEN)
    assert site.data.changes == []
    until(browser, lambda _b: token.get_attribute("value") == "")
    token.send_keys(TOKEN)
    press(browser, "#run-confirm")
    shows(browser, "La ejecución empieza de nuevo.")
    until(browser, lambda b: "Recibido" in b.find_element(By.ID, "run-head").text)
    assert "había terminado como «Falló»" in text_of(browser)
    (change,) = site.data.changes
    assert change["retry"] == "run-4"
    assert TOKEN not in browser.page_source + browser.execute_script(_STORED)
    until(browser, lambda b: not b.find_elements(By.ID, "run-token"))
    site.data.runs["run-4"] |= {"status": "promoted", "verdict": verdict("first", promoted=True, ours=99.0)}
    shows(browser, "es el primer modelo en producción. Su error es 99,00.")
    until(browser, lambda b: "empieza de nuevo" not in text_of(b))


def test_a_held_promotion_is_approved_with_a_reason(browser: Chrome, site: Site) -> None:
    held = verdict("fair", promoted=False, ours=80.0, theirs=88.0) | {"held": True}
    site.data.runs["run-7"] |= {"verdict": held}
    browser.get(f"{site.url}/ejecuciones/run-7")
    ask(browser, "approve")
    element(browser, "#run-token").send_keys(TOKEN)
    press(browser, "#run-confirm")
    shows(browser, "Escriba el motivo")
    element(browser, "#run-reason").send_keys("Visto bueno.")
    press(browser, "#run-confirm")
    shows(browser, "El modelo pasó a producción.")
    shows(browser, "Aprobado por Ana: Visto bueno.")
    assert site.data.changes == [{"approve": 4, "reason": "Visto bueno."}]


def test_a_run_that_does_not_exist_gets_a_sentence(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones/nope")
    shows(browser, "Esta ejecución no existe")


def test_the_api_goes_away_and_comes_back(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/ejecuciones/run-9")
    shows(browser, "12 de 60 candidatos probados")
    site.data.mode = "failing"
    until(browser, lambda b: problems.FAILED in element(b, "#run-problem").text)
    assert "12 de 60 candidatos probados" in text_of(browser), "what was known stays"
    site.data.mode = "ok"
    press(browser, "#run-retry")
    until(browser, lambda b: not b.find_element(By.ID, "run-problem").is_displayed())


def test_both_pages_speak_english(browser: Chrome, site: Site) -> None:
    site.data.runs["run-5"] |= {"quality": quality(rejection=None)}
    browser.get(f"{site.url}/ejecuciones")
    press(browser, "#language")
    shows(browser, "12 of 60 candidates tried")
    assert "its error is 88.42, 8.9% lower than the 97.01 of version 2" in text_of(browser)
    site.data.replays["run-8"] = stub_replays.waiting("run-8", "Ana") | stub_replays.done()
    browser.get(f"{site.url}/ejecuciones/run-8")
    shows(browser, "2 of 3 files would end otherwise. Nothing was changed.")
    assert "error 80.10 against 88.42" in browser.find_element(By.ID, "replay-body").text
    browser.get(f"{site.url}/ejecuciones/run-5")
    shows(browser, "Missing from 1 Aug 2024 to 19 Aug 2024 (19 days)")
    said = text_of(browser)
    for part in ("1,095", "Column Ventas is empty.", "contradicts Fecha in 3 rows", "Rows read", "Highest"):
        assert part in said


def test_on_a_phone_nothing_scrolls_sideways(browser: Chrome, site: Site) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", _PHONE)
    site.data.replays["run-8"] = stub_replays.waiting("run-8", "Ana") | stub_replays.done()
    for path in ("/ejecuciones", "/ejecuciones/run-8", "/ejecuciones/run-4"):
        browser.get(site.url + path)
        until(browser, lambda b: b.find_elements(By.CSS_SELECTOR, ".bar"))
        until(browser, has_settled)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390, path
    ask(browser, "retry")
    box = element(browser, "#run-confirm").rect
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
