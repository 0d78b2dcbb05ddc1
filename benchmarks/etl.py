"""The first step of a run, `etl`, beside pandas reading and writing a clean copy of the file: `make benchmark-etl`.

The made-up file has semicolons, decimal commas and cp1252, and one row in a hundred is bad in one of four ways; the
copy is UTF-8 with commas, points and ISO dates, without the bad rows. `read_csv` is pandas' own engine, which reads
large files with as many threads as there are processors. Each size has a process of its own, whose memory is looked
at before and after a first round; the files are made by another, for what it has freed would be there for the step to
take. The step runs as in the worker, on objects in a folder: so its seconds hold no network, and the peer's hold none
either.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

import click
import numpy as np
import pandas as pd
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.goals import Goal, keep
from benchmarks.models import machine
from ventas.contract import DATE, TARGET
from ventas.ingest import ingest
from ventas.ledger import Ledger, Run, UploadEvent
from ventas.ledger.migrate import upgrade
from ventas.pipeline.context import Context
from ventas.pipeline.etl import etl
from ventas.pipeline.runner import run_step
from ventas.sample_chain import STORE, generate_chain
from ventas.settings import Settings
from ventas.states import Step
from ventas.store import ObjectVersion

GOAL_ROWS = 1_000_000
SLOWER = (
    "pandas reads with both processors, and is told the file's form; reading the cells as text, which must come "
    "before they can be judged, takes as long as all of read_csv."
)
LARGER = "The text of the cells, the cleaned frame, and its parts for training and testing are there at once."
SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
BAD_SHARE, SEED = 0.01, 7
COLUMNS = [DATE, "DíaDeLaSemana", "Promociones", "Festivo", TARGET, STORE]


def write(rows: int, dirty: Path, clean: Path) -> None:
    """The made-up file of about so many rows, and its clean copy."""
    frame = generate_chain(max(rows // 1000, 1), min(rows, 1000), SEED).frame[COLUMNS]
    rng = np.random.default_rng(SEED)
    frame[TARGET] = frame[TARGET] + rng.integers(0, 100, len(frame)) / 100
    bad = rng.random(len(frame)) < BAD_SHARE
    frame[~bad].to_csv(clean, index=False)
    texts = frame.astype({STORE: "str"})
    texts[DATE] = pd.to_datetime(frame[DATE]).dt.strftime("%d/%m/%Y")
    texts[TARGET] = frame[TARGET].map("{:.2f}".format).str.replace(".", ",")
    texts["Promociones"] = texts["Promociones"].astype("str")
    places = np.array_split(rng.permutation(np.flatnonzero(bad)), 4)
    texts.loc[texts.index[places[0]], TARGET] = "n/d"
    texts.loc[texts.index[places[1]], DATE] = "31/02/2023"
    texts.loc[texts.index[places[2]], "Promociones"] = "2"
    lines = texts.to_csv(index=False, sep=";").splitlines()
    for place in places[3]:
        lines[place + 1] += ";7"  # one cell too many
    dirty.write_bytes(("\n".join(lines) + "\n").encode("cp1252"))


class Folder:
    """The store's part that the step needs, on files in a folder."""

    def __init__(self, home: Path):
        self.home = home

    def put_bytes(self, bucket: str, key: str, data: bytes, content_type: str) -> None:  # noqa: ARG002
        path = self.home / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def upload_file(self, bucket: str, key: str, path: Path, content_type: str) -> None:  # noqa: ARG002
        target = self.home / bucket / key
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)

    def get_bytes(self, bucket: str, key: str, max_bytes: int) -> bytes:  # noqa: ARG002
        return (self.home / bucket / key).read_bytes()

    def download(self, bucket: str, key: str, version_id: str, target: Path, max_bytes: int) -> None:  # noqa: ARG002
        shutil.copyfile(self.home / bucket / key, target)

    def versions(self, bucket: str, prefix: str) -> Iterator[ObjectVersion]:  # noqa: ARG002
        return iter(())


def site(home: Path) -> Context:
    """What the step works with, in a folder of its own."""
    settings = Settings(
        _env_file=None, VENTAS_HOME=home, DATABASE_URL="", MAX_UPLOAD_BYTES=1 << 30, MAX_ROWS=10_000_000
    )
    upgrade(settings)
    return cast(
        Context, SimpleNamespace(settings=settings, ledger=Ledger(settings), store=Folder(home / "objects"))
    )


def whole_step(context: Context, dirty: Path, number: int) -> None:
    """One upload through `etl`; raises RuntimeError where it does not end well."""
    key = f"{number}_ventas.csv"
    context.store.put_bytes("ventas", key, dirty.read_bytes() + b"\n" * number, "text/csv")  # no bytes twice
    cleaned(context, key, str(number))


def cleaned(context: Context, key: str, version: str) -> Run:
    """The upload `key`, which is there, through `etl`; raises RuntimeError where it does not end well."""
    event = UploadEvent("ventas", key, version, "e", 1)
    run_id = context.ledger.intake.record([event])[0].run_id
    assert run_id is not None  # nobody sent it before
    run_step(context, run_id, Step.ETL, etl, "benchmark")
    run = context.ledger.runs.get(run_id)
    if run is None or run.status != "retrain":
        raise RuntimeError(f"The upload ended as {run}")
    return run


def timed(work: Callable[[], object]) -> tuple[float, float, float]:
    """Seconds, processor seconds, and by how many bytes the process grew at most."""
    process, over = psutil.Process(), threading.Event()
    before = most = process.memory_info().rss

    def watch() -> None:
        nonlocal most
        while not over.wait(0.005):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun, spent = time.perf_counter(), time.process_time()
    try:
        work()
        took = time.perf_counter() - begun, time.process_time() - spent
    finally:
        over.set()
        watcher.join()
    return *took, float(most - before)


def measure(rows: int, rounds: int) -> dict[str, Any]:
    """Medians of each way in turn, after one round that warms up and tells of the memory; for this process alone."""
    with TemporaryDirectory(prefix="ventas-etl-") as folder:
        home = Path(folder)
        dirty, clean = home / "dirty_ventas.csv", home / "clean.csv"
        small = home / "small.csv"  # has the process import what the step needs, as an idle worker has
        with ProcessPoolExecutor(1, get_context("spawn")) as other:
            other.submit(write, rows, dirty, clean).result()
            other.submit(write, 10_000, small, home / "small_clean.csv").result()
        context, numbers = site(home), iter(range(rounds + 1))
        ways: dict[str, Callable[[], object]] = {
            "step": lambda: whole_step(context, dirty, next(numbers)),
            "clean": lambda: ingest(dirty, context.settings),
            "read": lambda: pd.read_csv(clean),
            "read and write": lambda: pd.read_csv(clean).to_csv(home / "out.csv", index=False),
        }
        whole_step(context, small, rounds + 1)
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
        for _ in range(rounds + 1):
            for name, way in ways.items():
                found[name].append(timed(way))
        grown = found["step"][0][2] / dirty.stat().st_size
        medians = {
            name: [median(one[which] for one in all_rounds[1:]) for which in (0, 1)]
            for name, all_rounds in found.items()
        }
        return {"rows": rows, "megabytes": dirty.stat().st_size / 1e6, "memory": grown, **medians}


def in_a_process(rows: int, rounds: int) -> dict[str, Any]:
    """`measure` in a process of its own, that holds nothing of the last one."""
    argv = [sys.executable, "-m", "benchmarks.etl", "--measure", str(rows), "--rounds", str(rounds)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    known: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return known


def table(found: list[dict[str, Any]]) -> Table:
    """The medians in seconds (and of the processor's in brackets), and the ratios of these."""
    shown = Table(title="Medians: s (processor s)", title_justify="left")
    for name in ("rows", "MB", "read_csv", "clean", "ratio", "+ to_csv", "etl", "ratio", "memory, x file"):
        shown.add_column(name, justify="right")
    for one in found:
        read, clean, both, step = (one[name] for name in ("read", "clean", "read and write", "step"))
        texts = [f"{wall:.2f} ({cpu:.2f})" for wall, cpu in (read, clean, both, step)]
        ratios = [
            f"{ours[0] / peer[0]:.1f} ({ours[1] / peer[1]:.1f})"
            for ours, peer in ((clean, read), (step, both))
        ]
        cells = [texts[0], texts[1], ratios[0], texts[2], texts[3], ratios[1], f"{one['memory']:.1f}"]
        shown.add_row(f"{one['rows']:,}", f"{one['megabytes']:.1f}", *cells)
    return shown


def goals(found: list[dict[str, Any]]) -> list[Goal]:
    """What the sizes show."""
    by_rows = {one["rows"]: one for one in found}
    at = by_rows.get(GOAL_ROWS)
    if at is None:
        return []
    name = f"{GOAL_ROWS:,} rows"
    clean, whole = at["clean"][0] / at["read"][0], at["step"][0] / at["read and write"][0]
    a_row = {rows: one["step"][0] / rows for rows, one in by_rows.items() if rows > GOAL_ROWS}
    longer = {f"{rows:,} rows": spent / (at["step"][0] / GOAL_ROWS) for rows, spent in a_row.items()}
    memory = {f"{rows:,} rows": one["memory"] for rows, one in by_rows.items() if rows >= GOAL_ROWS}
    return [
        Goal("etl: reading and cleaning", "read_csv of a clean copy", 3.0, {name: clean}, why=SLOWER),
        Goal("etl: the whole step", "read_csv + to_csv", 2.0, {name: whole}),
        Goal("etl: memory over an idle worker", "the file", 6.0, memory, why=LARGER),
        Goal("etl: time of a row", f"that of {name}", 2.0, longer),
    ]


@click.command()
@click.option("--rows", "sizes", multiple=True, type=int, help="Only files of so many rows.")
@click.option("--rounds", default=5, help="Rounds that are counted.")
@click.option("--measure", "one", type=int, help="Measure one size in this process, and print JSON.")
def main(sizes: tuple[int, ...], rounds: int, one: int | None) -> None:
    """Measure the cleaning, and print a table."""
    if one:
        click.echo(json.dumps(measure(one, rounds)))
        return
    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    console.print(f"{machine()}, load {os.getloadavg()[0]:.1f}")
    found = []
    for rows in sizes or SIZES:
        console.print(f"{rows:,} rows are made and measured")
        found.append(in_a_process(rows, 1 if rows > GOAL_ROWS else rounds))
    console.print(table(found))
    keep("etl", machine(), goals(found))


if __name__ == "__main__":
    main()
