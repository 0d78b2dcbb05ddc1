"""The history of a million predictions over the API, beside the same SQL in sqlite3: `make benchmark-history`.

The real API server, as the launcher starts it, on a ledger in a temporary folder. The plain SQL reads the same rows
and counts them too, for every answer tells the total: in this process, where it costs neither request nor JSON, and
in the program `sqlite3`, where that is installed. Filters by date differ from request to request, so that no count is
known beforehand.
"""

import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import click
import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.goals import Goal, keep
from benchmarks.history_ledger import fill
from benchmarks.models import machine
from ventas.launcher.services import api
from ventas.ledger.migrate import upgrade
from ventas.settings import Settings

ROWS = 1_000_000
PAGE = 100
START_SECONDS = 60
GOAL = 3.0


class Case(NamedTuple):
    """One kind of request: its query, and the SQL of the same rows and of their total, each by its round."""

    name: str
    path: Callable[[int], str]
    sql: Callable[[int], tuple[str, str]]


def cases(rows: int) -> list[Case]:
    """What is measured on a history of `rows`."""

    def listed(where: str = "1", order: str = "id DESC", skip: int = 0) -> tuple[str, str]:
        return (
            f"SELECT * FROM predictions WHERE {where} ORDER BY {order} LIMIT {PAGE} OFFSET {skip}",
            f"SELECT count(*) FROM predictions WHERE {where}",
        )

    deep = rows * 9 // 10
    flags = "model_version = 4 AND promotion = 1"
    return [
        Case("first page", lambda _: "/history/", lambda _: listed()),
        Case(
            "by id",
            lambda n: f"/history/{rows // 2 + n}",
            lambda n: (f"SELECT * FROM predictions WHERE id = {rows // 2 + n}", "SELECT 1"),
        ),
        Case(
            "a month",
            lambda n: "/history/?since={}&until={}".format(*_month(n)),
            lambda n: listed("date BETWEEN '{}' AND '{}'".format(*_month(n))),
        ),
        Case(
            "an old version's promotions",
            lambda _: "/history/?model_version=4&promotion=true",
            lambda _: listed(flags),
        ),
        Case("deep page", lambda n: f"/history/?skip={deep + n}", lambda n: listed(skip=deep + n)),
        Case(
            "the highest", lambda _: "/history/?sort=-prediction", lambda _: listed(order="prediction DESC")
        ),
        Case(
            "the worst errors",
            lambda _: "/history/?sort=-error",
            lambda _: (
                "SELECT p.* FROM outcomes o JOIN predictions p ON p.id = o.prediction_id WHERE o.shadow = 0"
                f" ORDER BY abs(o.prediction - o.actual) DESC, p.id DESC LIMIT {PAGE}",
                "SELECT count(*) FROM outcomes WHERE shadow = 0",
            ),
        ),
    ]


def _month(number: int) -> tuple[date, date]:
    first = date(2024, 6, 1) + timedelta(days=11 * number)
    return first, first + timedelta(days=29)


@contextmanager
def served(home: Path) -> Iterator[httpx.Client]:
    """The API over the ledger in `home`, in processes of its own; raises TimeoutError."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    launch = api(Settings(_env_file=None, VENTAS_HOME=home, API_BIND=bind))
    environment = os.environ | launch.env | {"VENTAS_HOME": str(home), "LOG_LEVEL": "ERROR"}
    with (home / "api.log").open("wb") as log:
        process = subprocess.Popen(launch.argv, env=environment, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://{bind}", timeout=60, trust_env=False) as client:
            _wait(client)
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _wait(client: httpx.Client) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.get("/health/live").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(f"the API did not answer after {START_SECONDS} s")


def measure(case: Case, client: httpx.Client, ledger: Path, rounds: int) -> dict[str, float]:
    """Median milliseconds of each way, in turn, after one round that is not counted."""
    program = shutil.which("sqlite3")
    took: dict[str, list[float]] = {"api": [], "sql": [], **({"program": []} if program else {})}
    with closing(sqlite3.connect(ledger)) as database:
        for number in range(rounds + 1):
            statements = case.sql(number)
            ways: dict[str, Callable[[], object]] = {
                "api": lambda n=number: client.get(case.path(n)).raise_for_status().content,  # type: ignore[misc]
                "sql": lambda of=statements: [database.execute(one).fetchall() for one in of],  # type: ignore[misc]
                "program": lambda of=statements: subprocess.run(  # type: ignore[misc]
                    [program or "", ledger, ";".join(of)], check=True, capture_output=True
                ),
            }
            for name, spent in took.items():
                begun = time.perf_counter()
                ways[name]()
                spent.append((time.perf_counter() - begun) * 1000)
    return {name: statistics.median(spent[1:]) for name, spent in took.items()}


def table(rows: int, found: dict[str, dict[str, float]]) -> Table:
    """The medians and their ratios."""
    shown = Table(title=f"{rows:,} predictions, {PAGE} rows a page, medians", title_justify="left")
    for name in ("request", "API, ms", "SQL, ms", "ratio", "sqlite3 program, ms", "ratio"):
        shown.add_column(name, justify="left" if name == "request" else "right")
    for name, one in found.items():
        cells = [f"{one['api']:.1f}", f"{one['sql']:.2f}", f"{one['api'] / one['sql']:.1f}"]
        peer = one.get("program")
        cells += [f"{peer:.1f}", f"{one['api'] / peer:.1f}"] if peer else ["-", "-"]
        shown.add_row(name, *cells)
    return shown


def goals(rows: int, found: dict[str, dict[str, float]]) -> list[Goal]:
    """Beside the program where it is installed: a request beside a look-up in one's own process says little."""
    peer = "program" if all("program" in one for one in found.values()) else "sql"
    seen = {name: one["api"] / one[peer] for name, one in found.items()}
    against = "the same SQL in " + ("the program sqlite3" if peer == "program" else "this process")
    return [Goal(f"GET /history/, {rows:,} rows", against, GOAL, seen)]


@click.command()
@click.option("--rows", default=ROWS, help="Predictions in the history.")
@click.option("--rounds", default=15, help="Requests of each kind that are counted.")
def main(rows: int, rounds: int) -> None:
    """Measure the history, and print a table."""
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    load = os.getloadavg()[0]
    console.print(f"{machine()}, SQLite {sqlite3.sqlite_version}, load {load:.1f}")
    with tempfile.TemporaryDirectory(prefix="ventas-history-") as folder:
        home = Path(folder)
        upgrade(Settings(_env_file=None, VENTAS_HOME=home, DATABASE_URL=""))
        begun = time.monotonic()
        fill(home / "ledger.db", rows)
        console.print(f"{rows:,} predictions written in {time.monotonic() - begun:.0f} s")
        with served(home) as client:
            found = {case.name: measure(case, client, home / "ledger.db", rounds) for case in cases(rows)}
    console.print(table(rows, found))
    keep("history", machine(), goals(rows, found))


if __name__ == "__main__":
    main()
