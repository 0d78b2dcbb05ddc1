"""The dashboard on the real system, in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from actions import texts
from browser_site import chromium_or_skip
from pipeline_world import World, sales, wait_for
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    driver = chromium_or_skip(tmp_path_factory.mktemp("chromium") / "profile")
    yield driver
    driver.quit()


@pytest.fixture
def chromium(browser: Chrome) -> Chrome:
    """The same for all, with an empty page and console."""
    browser.get("about:blank")
    browser.get_log("browser")
    return browser


def _text(chromium: Chrome, selector: str) -> str:
    return next(iter(texts(chromium, selector)), "")


def test_the_form_predicts_and_the_prediction_is_in_the_history(world: World, chromium: Chrome) -> None:
    world.served_by(world.ensure_champion())
    dashboard = world.system.urls["dashboard"]
    chromium.get(dashboard)
    wait_for(lambda: chromium.find_elements(By.ID, "forecast-send"), "the form", 30)
    chromium.find_element(By.ID, "forecast-send").click()
    shown = wait_for(lambda: _text(chromium, "#forecast-value"), "the prediction", 30)
    newest = world.api.get("/history/?limit=1").json()[0]
    digits = "".join(char for char in shown if char.isdigit())
    assert digits.startswith(str(int(newest["prediction"])))
    chromium.get(f"{dashboard}/historial")
    wait_for(lambda: str(newest["id"]) in _text(chromium, ".ag-center-cols-container"), "its row", 30)


def test_a_run_is_shown_with_its_verdict_and_quality(world: World, chromium: Chrome) -> None:
    world.ensure_champion()
    run = next(one for one in world.runs() if one["status"] == "promoted")
    chromium.get(f"{world.system.urls['dashboard']}/ejecuciones/{run['id']}")
    text = wait_for(
        lambda: "Filas leídas" in _text(chromium, "body") and _text(chromium, "body"), "the run", 30
    )
    assert "Promovid" in text or "promovid" in text or "campeón" in text
    severe = [line for line in chromium.get_log("browser") if line["level"] == "SEVERE"]
    assert severe == []


def test_a_file_dropped_into_the_page_is_followed_live_to_its_verdict_and_a_bad_one_to_its_report(
    world: World, chromium: Chrome, tmp_path: Path
) -> None:
    world.ensure_champion()
    good, bad = tmp_path / "pagina-ventas.csv", tmp_path / "mala.csv"
    table = sales("1990-01-01", days=6000, seed=12)  # so many that its search is seen at work
    table.to_csv(good, index=False, sep=";", decimal=",")
    table.rename(columns={"Festivo": "Feriado"}).to_csv(bad, index=False)
    chromium.get(f"{world.system.urls['dashboard']}/subir")
    _send(chromium, good, "Este archivo sirve")
    wait_for(lambda: any(run["progress"] for run in world.runs(key="pagina-ventas.csv")), "its search", 60)
    with world.hanging("trainer"):  # the page looks every two seconds, and a search may be over before
        wait_for(lambda: "candidatos probados" in _text(chromium, "#upload-list"), "its live progress", 30)
    wait_for(
        lambda: "Comparación con el modelo" in _text(chromium, "#upload-list .step.done:last-child"),
        "the end",
        90,
    )
    (run,) = world.runs(key="pagina-ventas.csv")
    assert run["status"] in ("promoted", "not_promoted")
    assert f"La versión {run['model_version']}" in _text(chromium, "#upload-list")
    _send(chromium, bad, "Este archivo sería rechazado")
    wait_for(lambda: "Rechazado" in _text(chromium, "#upload-list"), "the rejection", 60)
    (run,) = world.runs(key="ventas-mala.csv")
    assert "Columnas que faltan: Festivo" in _text(chromium, "#upload-list")
    link = chromium.find_element(By.CSS_SELECTOR, "#upload-list a")
    assert link.get_attribute("href").endswith(f"/ejecuciones/{run['id']}")
    severe = [line for line in chromium.get_log("browser") if line["level"] == "SEVERE"]
    assert severe == []


def _send(chromium: Chrome, path: Path, preview: str) -> None:
    """Choose a file as the browser's dialogue does, wait for what the page says of it, and send it."""
    wait_for(lambda: chromium.find_elements(By.ID, "upload-input"), "the page", 30)[0].send_keys(str(path))
    wait_for(lambda: preview in _text(chromium, "#upload-preview"), "its preview", 30)
    wait_for(lambda: _press(chromium, "upload-send"), "the button", 30)


def _press(chromium: Chrome, button: str) -> bool:
    found = chromium.find_element(By.ID, button)
    chromium.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
    found.click()
    return True


def test_the_status_page_finds_every_part_at_work(world: World, chromium: Chrome) -> None:
    chromium.get(f"{world.system.urls['dashboard']}/estado")
    wait_for(lambda: "Todo funciona." in _text(chromium, "#status-body"), "all parts", 60)
    told = world.api.get("/status").json()
    parts = {"minio", "redis", "webhooks", "worker", "trainer", "ledger", "beat", "mlflow", "flower"}
    assert {name for name, part in told["parts"].items() if part["status"] == "ok"} == parts
    assert [len(queue["workers"]) for queue in told["queues"].values()] == [1, 1]
    assert told["queues"]["control"]["waiting"] is not None
