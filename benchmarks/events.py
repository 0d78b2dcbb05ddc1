"""How fast events are taken in, beside a bare Flask endpoint that commits one row: `make benchmark-events`.

Both have one process, as the receiver is started, and SQLite. Every event is a new upload: a run and an event are
committed before the answer, and its task is sent to a real Redis.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.goals import Goal, keep
from benchmarks.load import Measured, Server, as_json, granian, machine, middle, need_wrk, served, wrk
from ventas.launcher.environment import own_ports, settings_of, without_settings
from ventas.launcher.services import SERVICES
from ventas.ledger import Ledger
from ventas.ledger.migrate import upgrade
from ventas.ledger.queries import RunFilter
from ventas.settings import Settings

PACKAGES = ("granian", "flask", "sqlalchemy", "celery")
CONNECTIONS = 8
BURST = 1000
GOAL, GOAL_SECONDS = 0.7, 10.0
TOKEN = "benchmark"
PATH = "/events/minio"


@contextmanager
def our_receiver(folder: Path) -> Iterator[tuple[Server, Settings]]:
    """The receiver and its Redis as the launcher starts them, their state in `folder`."""
    env = {**without_settings(os.environ), **own_ports(folder), "LOG_LEVEL": "ERROR", "WEBHOOK_TOKEN": TOKEN}
    settings = settings_of(env)
    upgrade(settings)
    (folder / "redis").mkdir(exist_ok=True)
    with ExitStack() as stack:
        redis = SERVICES["redis"].launch(settings)
        stack.enter_context(_running(redis.argv, env | redis.env))
        launch = SERVICES["webhooks"].launch(settings)
        port = int(settings.WEBHOOKS_BIND.rpartition(":")[2])
        yield stack.enter_context(served(launch.argv, port, PATH, env | launch.env, "/health/live")), settings


@contextmanager
def _running(argv: list[str], env: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def event(number: str) -> str:
    """A notification of one upload, as MinIO sends it; `number` tells it from all others."""
    item = {"key": "ventas.csv", "versionId": number, "eTag": "e", "size": 9000, "sequencer": "1"}
    record = {"eventName": "s3:ObjectCreated:Put", "s3": {"bucket": {"name": "ventas"}, "object": item}}
    return json.dumps({"EventName": "s3:ObjectCreated:Put", "Key": "ventas/ventas.csv", "Records": [record]})


def wrk_script(path: Path) -> Path:
    """A script that sends another upload each time, also in another run of it."""
    before, after = event("NUMBER").split("NUMBER")
    path.write_text(
        f"""local before, after = [==[{before}]==], [==[{after}]==]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {TOKEN}"
local at, run = 0, 0
function init(args)
  math.randomseed(os.time())
  run = math.random(1000000000)
end
function request()
  at = at + 1
  return wrk.format("POST", nil, nil, before .. run .. "-" .. at .. after)
end
""",
        "utf-8",
    )
    return path


def burst(server: Server, settings: Settings) -> float:
    """Seconds until BURST uploads, sent by eight clients at once, are all recorded."""
    ledger = Ledger(settings)
    before = ledger.queries.runs(RunFilter(), 0, 1)[1]
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=30, trust_env=False) as client:
        began = time.monotonic()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            answers = pool.map(
                lambda at: client.post(PATH, content=event(f"burst-{began}-{at}")).status_code, range(BURST)
            )
            assert set(answers) == {200}
        took = time.monotonic() - began
    recorded = ledger.queries.runs(RunFilter(), 0, 1)[1] - before
    ledger.close()
    assert recorded >= BURST  # and what wrk had still under way
    return took


def measure(rounds: int, seconds: int) -> tuple[dict[str, list[Measured]], list[float]]:
    """The runs by server, and the seconds of each burst."""
    found: dict[str, list[Measured]] = {"bare": [], "ours": []}
    bursts = []
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        script = wrk_script(folder / "events.lua")
        (folder / "home").mkdir()
        ours, settings = stack.enter_context(our_receiver(folder / "home"))
        words, port = granian("benchmarks.bare:commits", "wsgi", 1)
        env = {"BARE_DATABASE": str(folder / "bare.db")}
        bare = stack.enter_context(served(words, port, PATH, env))
        burst(ours, settings)  # Celery is imported with the first task
        for _ in range(rounds):
            for who, server in (("bare", bare), ("ours", ours)):
                found[who].append(wrk(server, script, CONNECTIONS, seconds))
            bursts.append(burst(ours, settings))
    return found, bursts


def show(console: Console, found: dict[str, list[Measured]], bursts: list[float]) -> None:
    """The table, and what the goals say of it."""
    table = Table(title=f"Events, {CONNECTIONS} connections, one process", title_justify="left")
    for name in ("server", "events/s", "p50, ms", "p99, ms", "CPU, µs", "of bare", "refused"):
        table.add_column(name, justify="left" if name == "server" else "right")
    bare = middle(found["bare"])
    for who, runs in found.items():
        one = middle(runs)
        cells = [f"{one.rate:,.0f}", f"{one.p50:.2f}", f"{one.p99:.2f}", f"{one.cpu:.0f}"]
        table.add_row(who, *cells, f"{one.rate / bare.rate:.2f}", str(one.refused))
    console.print(table)
    console.print(
        f"Goal: {GOAL} of bare. {BURST:,} uploads in a burst: the slowest of {len(bursts)} was recorded after "
        f"{max(bursts):.1f} s (goal: {GOAL_SECONDS})."
    )


def goals(found: dict[str, list[Measured]], bursts: list[float]) -> list[Goal]:
    """What the rounds show."""
    share = middle(found["ours"]).rate / middle(found["bare"]).rate
    bare = "bare Flask that commits a row, same server"
    return [
        Goal(f"events, durable, {CONNECTIONS} connections", bare, GOAL, {"requests/s": share}, at_least=True),
        Goal(f"{BURST:,} uploads in a burst", "-", GOAL_SECONDS, {"recorded after": max(bursts)}, unit="s"),
    ]


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Times that each server is asked.")
@click.option("--seconds", default=5, show_default=True, help="How long each time.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here as well.")
def main(rounds: int, seconds: int, json_file: Path | None) -> None:
    """Measure the receiver, and print a table."""
    need_wrk()
    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    measured_on = machine(PACKAGES)
    console.print(measured_on)
    found, bursts = measure(rounds, seconds)
    show(console, found, bursts)
    keep("events", measured_on, goals(found, bursts))
    if json_file:
        json_file.write_text(as_json({"machine": measured_on, "results": found, "bursts": bursts}))


if __name__ == "__main__":
    main()
