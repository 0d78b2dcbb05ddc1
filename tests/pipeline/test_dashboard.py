"""The dashboard on the real system, in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_site import start_chromium
from pipeline_world import World, wait_for
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.browser


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chrome]:
    driver = start_chromium(tmp_path / "profile")
    yield driver
    driver.quit()


def _text(chromium: Chrome, selector: str) -> str:
    found = chromium.find_elements(By.CSS_SELECTOR, selector)
    return found[0].text if found else ""


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
