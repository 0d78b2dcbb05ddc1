"""One upload from its PUT to the answer of `/health` that names the new champion, beside the bare search and fit:
`make benchmark-upload`.

A real system takes files of 365 days, each the next year of a shop that grows so fast that every model beats the one
before it. In turn with it, the same rows are searched and the winner fitted in this process, where everything has
been imported and done once before. All that the difference is made of comes from the ledger and from MLflow.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.datasets import as_uploaded
from benchmarks.goals import Goal, keep
from benchmarks.load import as_json, machine
from ventas.api_client import ApiClient
from ventas.contract import TARGET
from ventas.launcher.system import System
from ventas.registry import Registry
from ventas.sample import generate, write_sales
from ventas.sample_calendar import START
from ventas.settings import UPLOADS_BUCKET, Settings
from ventas.states import FINAL_STATES
from ventas.store import Store
from ventas.training import search

PACKAGES = ("scikit-learn", "mlflow", "celery", "sqlalchemy")
DAYS = 365
GROWTH = 1.5  # a year
WARM_UPS = 2  # the first champion has no rival to be judged against, the second is the first that has
LOOK_SECONDS = 0.01
LONGEST_SECONDS = 180
GOAL_SECONDS = 1.0
BARE, WHOLE, DIFFERENCE = "bare search and fit", "PUT to /health", "difference"


def year(path: Path, number: int) -> None:
    """Write one year of the shop, its days after those of all years before it."""
    frame = generate(DAYS, number, START + timedelta(days=DAYS * number))
    frame[TARGET] = (frame[TARGET] * GROWTH**number).round()
    write_sales(frame, path)


def bare(path: Path) -> float:
    """Seconds of the search and the winner's fit on a file's train rows, in this process."""
    data = as_uploaded(path, Settings(_env_file=None))  # type: ignore[call-arg]
    began = time.perf_counter()
    search(data.train, data.settings, lambda *_: None, data.roles)
    return time.perf_counter() - began


def whole(system: System, path: Path) -> dict[str, float]:
    """Upload a file, wait until the API serves its model, and say what took how many seconds."""
    settings = system.settings
    with ApiClient(settings) as api, httpx.Client(base_url=settings.API_URL, trust_env=False) as health:
        before = _served(health)
        began = datetime.now(UTC)
        Store(settings).upload_file(UPLOADS_BUCKET, path.name, path)
        stored = datetime.now(UTC)
        while (version := _served(health)) in (None, before):
            if (datetime.now(UTC) - began).total_seconds() > LONGEST_SECONDS:
                raise click.ClickException(f"{path.name} was not served: {_state(api)}")
            time.sleep(LOOK_SECONDS)
        served = datetime.now(UTC)
        run = api.run(api.runs(limit=1)[0]["id"])
        assert run["model_version"] == version, "another upload was served"
        return {WHOLE: (served - began).total_seconds()} | parts(settings, run, [began, stored, served])


def parts(settings: Settings, run: dict[str, Any], seen: Sequence[datetime]) -> dict[str, float]:
    """What lies between the moments that the uploader has `seen` (PUT begun and done, served), in seconds."""
    steps = {
        step["step"]: [datetime.fromisoformat(step[name]) for name in ("started_at", "ended_at")]
        for step in run["steps"]
    }
    registry = Registry(settings)
    logged = registry.client.get_run(run["mlflow_run_id"]).info
    logging, logged_at = (
        datetime.fromtimestamp(at / 1000, UTC) for at in (logged.start_time, logged.end_time)
    )
    moments = {
        "PUT": seen[0],
        "notification, etl's task": seen[1],
        "etl": steps["etl"][0],
        "retrain's task": steps["etl"][1],
        "retrain: search, refit, card": steps["retrain"][0],
        "retrain: log to MLflow": logging,
        "retrain: register": logged_at,
        "promote's task": steps["retrain"][1],
        "promote: checks, verdict": steps["promote"][0],
        "announce, load, swap": steps["promote"][1],
        "": seen[2],
    }
    names, at = list(moments), list(moments.values())
    return {
        name: (end - start).total_seconds()
        for name, start, end in zip(names[:-1], at[:-1], at[1:], strict=True)
    }


def measure(rounds: int) -> list[dict[str, float]]:
    """Bare and whole in turn, each round on another year."""
    home = Path(tempfile.mkdtemp(prefix="ventas-upload-"))
    found = []
    with System.on_free_ports(home) as system:
        system.start()
        system.wait_ready(timeout=180)
        for number in range(WARM_UPS + rounds):
            path = home / "ventas.csv"
            year(path, number)
            alone = bare(path)
            figures = {BARE: alone} | whole(system, path)
            figures[DIFFERENCE] = figures[WHOLE] - alone
            _settle(system.settings)
            if number >= WARM_UPS:
                found.append(figures)
    return found


def show(console: Console, found: Sequence[dict[str, float]]) -> None:
    """Medians, the least and the most of each figure."""
    table = Table(title=f"One upload of {DAYS} rows, {len(found)} rounds", title_justify="left")
    for name in ("what", "median, s", "least, s", "most, s"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for name in sorted(found[0], key=lambda name: name not in (BARE, WHOLE, DIFFERENCE)):
        values = [figures[name] for figures in found]
        cells = (f"{value:.2f}" for value in (statistics.median(values), min(values), max(values)))
        table.add_row(name, *cells, end_section=name == WHOLE)
    console.print(table)
    console.print(f"Goal: a difference of {GOAL_SECONDS} s at most.")


def goals(found: Sequence[dict[str, float]]) -> list[Goal]:
    """What the rounds show."""
    spent, alone = (statistics.median(figures[name] for figures in found) for name in (DIFFERENCE, BARE))
    why = (
        f"Cleaning, saving to MLflow and the verdict take {spent / alone:.1f} times as long as the search, which "
        f"takes {alone:.1f} s on this machine: where that is over a second, they do not fit into one."
    )
    what = f"one upload of {DAYS} rows, PUT to /health"
    return [Goal(what, BARE, GOAL_SECONDS, {"difference": spent}, unit="s", why=why)]


def _served(health: httpx.Client) -> int | None:
    answer = health.get("/health")
    return answer.json()["model_version"] if answer.is_success else None


def _state(api: ApiClient) -> str:
    return ", ".join(f"{run['status']} ({run['reason']})" for run in api.runs(limit=1))


def _settle(settings: Settings) -> None:
    """Return when nothing is under way any more, so that one round does not slow the next."""
    with ApiClient(settings) as api:
        while any(run["status"] not in FINAL_STATES for run in api.runs(limit=5)):
            time.sleep(0.1)
    registry = Registry(settings)
    newest = registry.versions()[0].version
    while "ventas.verdict" not in registry.version(newest).tags:
        time.sleep(0.1)


@click.command()
@click.option("--rounds", default=7, show_default=True, help="Uploads that count.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here as well.")
def main(rounds: int, json_file: Path | None) -> None:
    """Measure uploads, and print where their time goes."""
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    measured_on = machine(PACKAGES)
    console.print(measured_on)
    found = measure(rounds)
    show(console, found)
    keep("upload", measured_on, goals(found))
    if json_file:
        json_file.write_text(as_json({"machine": measured_on, "rounds": found}))


if __name__ == "__main__":
    main()
