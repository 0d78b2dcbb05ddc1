"""Pictures of every page in both schemes, from a real system that has lived a little: `make screenshots`.

The system starts on free ports with its state in a temporary folder and is given what a team would give it in a few
months: sales, more sales, a file with a fault, days to forecast, and questions.
"""

import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
from actions import element, press, shows, wait_for
from minio import Minio
from PIL import Image
from rich.console import Console
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from benchmarks.chromium import start_chromium
from ventas.launcher.system import System
from ventas.sample import generate
from ventas.states import FINAL_STATES

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
DESK = {"width": 1440, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
SCHEMES = {"light": "claro", "dark": "oscuro"}
_SCHEME = "localStorage.setItem('mantine-color-scheme-value', arguments[0])"
_SET = "window.dash_clientside.set_props(arguments[0], arguments[1])"
_HEIGHT = "return Math.min(document.querySelector('main').scrollHeight + 60, 4000)"
_STILL = """
return document.getAnimations().every(one => one.playState !== "running" || one.effect.getTiming().iterations > 1)
"""
WAIT_SECONDS = 180
# What the shop sold before, and up to when: each file is one upload.
HISTORY_DAYS = 730
AHEAD_DAYS = 14
UPLOADS = (540, 650, 730, 730 + AHEAD_DAYS)

say = Console(stderr=True).print


class Shop:
    """A system and what a team does with it."""

    def __init__(self, system: System):
        settings = system.settings
        self.urls = system.urls
        self.api = httpx.Client(base_url=settings.API_URL, timeout=60)
        self._s3 = Minio(
            settings.MINIO_ENDPOINT, settings.MINIO_ACCESS_KEY, settings.minio_secret_key, secure=False
        )

    def drop(self, key: str, data: bytes) -> dict[str, Any]:
        """Upload a file and wait for the end of its run."""
        version = self._s3.put_object("ventas", key, io.BytesIO(data), len(data)).version_id or "null"

        def ended() -> dict[str, Any] | None:
            found = self.api.get("/runs", params={"key": key, "version_id": version}).json()
            return found[0] if found and found[0]["status"] in FINAL_STATES else None

        run = wait_for(ended, f"the run of {key}", WAIT_SECONDS)
        say(f"{key}: {run['status']}")
        return run

    def served(self, version: int) -> None:
        """Wait until a version answers."""
        wait_for(
            lambda: self.api.get("/health").json().get("model_version") == version, "the swap", WAIT_SECONDS
        )


def live(shop: Shop) -> dict[str, str]:
    """Give the system its past; the ids of the runs that have a page of their own.

    The last file holds days that are still to come, so that the forecasts of today have come true.
    """
    table = generate(HISTORY_DAYS + AHEAD_DAYS, seed=7, start=date.today() - timedelta(days=HISTORY_DAYS))
    runs = {}
    for days in UPLOADS:
        run = shop.drop("ventas.csv", _csv(table.head(days)))
        if run["status"] == "promoted":
            runs["promovida"] = run["id"]
            shop.served(run["model_version"])
            ask(shop)
    bad = _csv(table.head(200)).decode().replace("Festivo", "Feriado").encode()
    runs["rechazada"] = shop.drop("sucursal/ventas-octubre.csv", bad)["id"]
    shop.drop("pronosticos/entrada/diciembre.csv", _coming())
    return runs


def ask(shop: Shop) -> None:
    """Forecasts of the coming fortnight, as the sales team asks for them."""
    for ahead in range(1, AHEAD_DAYS + 1):
        day = date.today() + timedelta(days=ahead)
        asked = {
            "Fecha": str(day),
            "DíaDeLaSemana": day.isoweekday(),
            "Promociones": int(ahead % 3 == 0),
            "Festivo": 0,
        }
        shop.api.post("/predict", json=asked).raise_for_status()


def _coming() -> bytes:
    days = pd.date_range(date.today() + timedelta(days=1), periods=30)
    return _csv(pd.DataFrame({"Fecha": days.strftime("%Y-%m-%d"), "Promociones": 0, "Festivo": 0}))


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()


def paths(runs: dict[str, str]) -> dict[str, str]:
    """Every page by the name of its picture."""
    own = {f"ejecucion-{name}": f"/ejecuciones/{run_id}" for name, run_id in runs.items()}
    pages = {"pronostico": "/", "subir": "/subir", "historial": "/historial", "modelos": "/modelos"}
    pages |= {
        "modelos-comparados": "/modelos?comparar=1,2",
        "ejecuciones": "/ejecuciones",
        "estado": "/estado",
    }
    return pages | own


def ask_for_days(chrome: Chrome) -> None:
    """On the page of forecasts, ask for the next four weeks."""
    press(chrome, "#forecast-mode label[for$='-several']")
    element(chrome, "#forecast-range")
    days = [str(date.today() + timedelta(days=ahead)) for ahead in (1, 28)]
    chrome.execute_script(_SET, "forecast-range", {"value": days})
    element(chrome, "#forecast-days [role=gridcell]")
    press(chrome, "#forecast-send")
    element(chrome, "#forecast-chart")


def choose_file(chrome: Chrome) -> None:
    """On the page of uploads, choose a file, which is looked at before it is sent."""
    chosen = Path(tempfile.mkdtemp()) / "ventas.csv"
    chosen.write_bytes(_csv(generate(365, seed=3)))
    chrome.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(chosen))
    shows(chrome, "Fecha")


ACTS: dict[str, Callable[[Chrome], None]] = {"pronostico": ask_for_days, "subir": choose_file}


def picture(
    chrome: Chrome, url: str, target: Path, device: dict[str, Any], act: Callable[[Chrome], None] | None
) -> None:
    """The whole page at `url` as a PNG, once a person has acted on it, if so, and it has all its data."""
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    chrome.get(url)
    wait_for(lambda: _settled(chrome), url, 60)
    if act is not None:
        act(chrome)
        wait_for(lambda: _settled(chrome), url, 60)
    chrome.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", device | {"height": chrome.execute_script(_HEIGHT)}
    )
    wait_for(lambda: _settled(chrome), url, 60)
    with Image.open(io.BytesIO(chrome.get_screenshot_as_png())) as shot:
        shot.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)


def _settled(chrome: Chrome) -> bool:
    busy = "[data-dash-is-loading=true], .mantine-Skeleton-root, ._dash-loading"
    drawn = chrome.find_elements(By.CSS_SELECTOR, "h1")
    return (
        bool(drawn)
        and not chrome.find_elements(By.CSS_SELECTOR, busy)
        and bool(chrome.execute_script(_STILL))
    )


@contextmanager
def chromium(folder: Path) -> Iterator[Chrome]:
    """A Chromium that speaks Spanish."""
    chrome = start_chromium(folder / "profile")
    try:
        yield chrome
    finally:
        chrome.quit()


def main() -> None:
    """Make all pictures anew."""
    IMAGES.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="ventas-pictures-"))
    with System.on_free_ports(home) as system:
        system.start()
        system.wait_ready(timeout=180)
        shop = Shop(system)
        pages = paths(live(shop))
        with chromium(home) as chrome:
            for scheme, word in SCHEMES.items():
                chrome.get(shop.urls["dashboard"])
                chrome.execute_script(_SCHEME, scheme)
                for name, path in pages.items():
                    url = shop.urls["dashboard"].rstrip("/") + path
                    picture(chrome, url, IMAGES / f"{name}-{word}.png", DESK, ACTS.get(name))
                    picture(chrome, url, IMAGES / f"{name}-{word}-movil.png", PHONE, ACTS.get(name))
                    say(name, word)


if __name__ == "__main__":
    sys.exit(main())
