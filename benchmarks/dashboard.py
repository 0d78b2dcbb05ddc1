"""How soon a page can be used, and how long a callback takes: `make benchmark-dashboard`.

The real system, a real Chromium, and a history of 365 and of 1,000,000 predictions. The peer is the page of MLflow's
own interface that lists the registered models, opened in the same Chromium in turn with ours.
"""

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
import httpx
from rich.console import Console
from rich.table import Table
from selenium.webdriver import Chrome

from benchmarks.chromium import start_chromium
from benchmarks.models import machine
from ventas.launcher.first_sample import upload_first_sample
from ventas.launcher.system import System

SIZES = (365, 1_000_000)
PAGES = {
    "Pronóstico": "/",
    "Historial": "/historial",
    "Modelos": "/modelos",
    "Ejecuciones": "/ejecuciones",
}
PEER, PEER_PAGE = "MLflow: models", "/#/models"
LONGEST_SECONDS = 60
# What a person waits for: a heading, and nothing on its way to the page any more. A table that is hidden has no rows.
_READY = """
const busy = "[data-dash-is-loading=true], .mantine-Skeleton-root, ._dash-loading, .ag-overlay-loading-center";
return document.querySelector("h1") !== null && document.querySelector(busy) === null
    && [...document.querySelectorAll(".ag-root")]
        .every(grid => grid.offsetParent === null || grid.querySelector(".ag-cell") !== null);
"""
_PEER_READY = "return document.body.innerText.includes('prediccion_ventas_model_prod')"
_CALLBACKS = """
return performance.getEntriesByType("resource").filter(e => e.name.includes("_dash-update-component"))
    .map(e => e.responseEnd - e.startTime);
"""


class Visit(NamedTuple):
    """Of one visit: seconds until the page could be used, and seconds of each callback."""

    interactive: float
    callbacks: list[float]


def visit(chrome: Chrome, url: str, ready: str) -> Visit:
    """Open a page anew, with the browser's cache warm; raises TimeoutError."""
    chrome.get("about:blank")
    begun = time.perf_counter()
    chrome.get(url)
    while not chrome.execute_script(ready):
        if time.perf_counter() - begun > LONGEST_SECONDS:
            raise TimeoutError(f"{url} was not ready after {LONGEST_SECONDS} s")
    took = time.perf_counter() - begun
    return Visit(took, [found / 1000 for found in chrome.execute_script(_CALLBACKS)])


def fill(ledger: Path, rows: int, version: int) -> None:
    """Bring the history to `rows` predictions, a minute apart, the newest now."""
    generator = random.Random(7)
    now = datetime.now(UTC).replace(tzinfo=None)

    def made(count: int) -> Iterator[tuple[object, ...]]:
        for ago in range(count, 0, -1):
            moment = now - timedelta(minutes=ago)
            day = (moment + timedelta(days=generator.randint(1, 30))).date()
            value = generator.gauss(1500, 200)
            given = (
                f'{{"DíaDeLaSemana": {day.isoweekday()}, "Promociones": 0, "Festivo": 0, "Fecha": "{day}"}}'
            )
            yield (
                moment.isoformat(" "),
                version,
                str(day),
                given,
                value,
                "",
                value - 100,
                value + 100,
                0.8,
                0,
            )

    with closing(sqlite3.connect(ledger, timeout=60)) as database, database:
        there = database.execute("SELECT count(*) FROM predictions").fetchone()[0]
        database.executemany(
            "INSERT INTO predictions (created_at, model_version, date, input_data, prediction, series, low, high,"
            " coverage, date_assumed) VALUES (?,?,?,?,?,?,?,?,?,?)",
            made(rows - there),
        )


def measure(system: System, chrome: Chrome, rounds: int) -> dict[str, list[Visit]]:
    """Visits of each page and of the peer's, in turn; the first of each fills the caches and is left out."""
    found: dict[str, list[Visit]] = {name: [] for name in (*PAGES, PEER)}
    for _ in range(rounds + 1):
        for name, path in PAGES.items():
            found[name].append(visit(chrome, system.urls["dashboard"].rstrip("/") + path, _READY))
        found[PEER].append(visit(chrome, system.urls["mlflow"].rstrip("/") + PEER_PAGE, _PEER_READY))
    return {name: visits[1:] for name, visits in found.items()}


def table(rows: int, found: dict[str, list[Visit]]) -> Table:
    """The medians, and the ratio to the peer's page."""
    shown = Table(title=f"{rows:,} predictions in the history")
    for name in ("Page", "Interactive, ms", "of MLflow's", "Callback, ms", "Slowest callback, ms"):
        shown.add_column(name, justify="left" if name == "Page" else "right")
    peer = statistics.median(one.interactive for one in found[PEER])
    for name, visits in found.items():
        usable = statistics.median(one.interactive for one in visits)
        spent = [seconds for one in visits for seconds in one.callbacks]
        shown.add_row(
            name,
            f"{usable * 1000:.0f}",
            f"{usable / peer:.2f}",
            f"{statistics.median(spent) * 1000:.0f}" if spent else "-",
            f"{max(spent) * 1000:.0f}" if spent else "-",
        )
    return shown


def _champion(system: System) -> int:
    upload_first_sample(system.settings)
    with httpx.Client(base_url=system.settings.API_URL, timeout=30) as api:
        while (answer := api.get("/health")).status_code != httpx.codes.OK:
            time.sleep(0.5)
        return int(answer.json()["model_version"])


@click.command()
@click.option("--rounds", default=7, show_default=True, help="Visits of each page that count.")
def main(rounds: int) -> None:
    """Measure the pages, and print a table for each size of the history."""
    console = Console(width=120, highlight=False)
    home = Path(tempfile.mkdtemp(prefix="ventas-dashboard-"))
    with System.on_free_ports(home) as system:
        system.start()
        system.wait_ready(timeout=180)
        version = _champion(system)
        chrome = start_chromium(home / "profile")
        try:
            console.print(f"{machine()}, Chromium {chrome.capabilities['browserVersion']}")
            for size in SIZES:
                fill(home / "ledger.db", size, version)
                console.print(table(size, measure(system, chrome, rounds)))
        finally:
            chrome.quit()


if __name__ == "__main__":
    main()
