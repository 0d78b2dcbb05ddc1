"""A sales file much larger than its memory through the first step, `etl`: `make benchmark-large`.

The made-up file has semicolons, decimal commas and cp1252; each row is a store's day, and one in a hundred is bad.
The step runs as in the worker, in a process of its own, on objects in a folder. Memory is that process' resident set,
looked at every 50 ms; what it holds before (imports, no data) is told too. There is no peer: pandas reads such a file
into ten times its size, or not at all.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from benchmarks.etl import cleaned, site, timed
from benchmarks.goals import Goal, keep
from benchmarks.models import machine

STORES, SEED, BAD_EVERY = 15_000, 7, 100
GOAL_MB = 1000.0
_KEY = "large_ventas.csv"
_FIRST_DAY = np.datetime64("1990-01-01")
_HEADER = "Fecha;DíaDeLaSemana;Promociones;Festivo;Ventas;Tienda\n"


def write(path: Path, megabytes: float) -> int:
    """The made-up file, day by day, until it is so large; its rows."""
    rng = np.random.default_rng(SEED)
    stores = pa.array([f"T{number:05}" for number in range(STORES)], pa.large_string())
    amounts = pa.array(
        [f"{number // 100},{number % 100:02}" for number in range(10_000, 500_000, 7)], pa.large_string()
    )
    size, rows = path.write_bytes(_HEADER.encode("cp1252")), 0
    with path.open("ab") as file:
        while size < megabytes * 1e6:
            size += file.write(_day(_FIRST_DAY + rows // STORES, rng, stores, amounts))
            rows += STORES
    return rows


def _day(day: np.datetime64, rng: np.random.Generator, stores: pa.Array, amounts: pa.Array) -> bytes:
    """One day of all stores as text."""
    iso, weekday = str(day), (day.astype(int) + 3) % 7 + 1
    start = f"{iso[8:]}/{iso[5:7]}/{iso[:4]};{weekday};"
    flags = pa.array(["0;0;", "1;0;", "0;1;"], pa.large_string()).take(pa.array(rng.integers(0, 3, STORES)))
    sold = amounts.take(pa.array(rng.integers(0, len(amounts), STORES)))
    bad = pa.array(rng.integers(0, BAD_EVERY, STORES) == 0)
    sold = pc.if_else(bad, pa.scalar("n/d", pa.large_string()), sold)
    one = [pa.scalar(text, pa.large_string()) for text in (start, ";", "\n", "")]
    lines = pc.binary_join_element_wise(one[0], flags, sold, one[1], stores, one[2], one[3])
    return "".join(lines.to_pylist()).encode()


def measure(path: Path) -> dict[str, float]:
    """Seconds and memory of the step, for this process alone; `path` is moved into the store."""
    with TemporaryDirectory(prefix="ventas-large-", dir=path.parent) as folder:
        context = site(Path(folder))
        limits = {"MAX_UPLOAD_BYTES": 1 << 40, "MAX_ROWS": 1 << 40}
        context.settings.__dict__.update(limits)
        bucket = Path(folder) / "objects" / "ventas"
        bucket.mkdir(parents=True)
        shutil.move(path, bucket / _KEY)
        idle = psutil.Process().memory_info().rss
        quality: dict[str, int] = {}
        begun = time.perf_counter()
        _, cpu, grown = timed(lambda: quality.update(cleaned(context, _KEY, "1").quality or {}))
        took = time.perf_counter() - begun
        return {
            "seconds": took,
            "cpu": cpu,
            "idle": idle / 1e6,
            "most": (idle + grown) / 1e6,
            **{name: quality[name] for name in ("rows_in", "rows_kept", "rows_rejected", "rows_older")},
        }


def table(size: float, found: dict[str, float]) -> Table:
    """What was measured."""
    shown = Table(title="etl on a file larger than its memory", title_justify="left")
    for name in (
        "file, MB",
        "rows",
        "bad",
        "not trained on",
        "seconds (processor)",
        "MB/s",
        "idle, MB",
        "at most, MB",
    ):
        shown.add_column(name, justify="right")
    shown.add_row(
        f"{size:,.0f}",
        *(f"{found[name]:,.0f}" for name in ("rows_in", "rows_rejected", "rows_older")),
        f"{found['seconds']:,.0f} ({found['cpu']:,.0f})",
        f"{size / found['seconds']:.1f}",
        *(f"{found[name]:,.0f}" for name in ("idle", "most")),
    )
    return shown


def goals(size: float, found: dict[str, float]) -> list[Goal]:
    """What the file shows."""
    what = f"etl on {found['rows_in']:,.0f} rows, {size:,.0f} MB: memory"
    return [Goal(what, "-", GOAL_MB, {"at most": found["most"]}, unit="MB")]


@click.command()
@click.option("--megabytes", default=5_000.0, help="Size of the file.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to work; needs three times the size.")
@click.option("--measure", "one", type=click.Path(path_type=Path), help="Measure this file in this process.")
def main(megabytes: float, folder: Path | None, one: Path | None) -> None:
    """Measure the cleaning of one large file, and print a table."""
    if one:
        click.echo(json.dumps(measure(one)))
        return
    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    console.print(f"{machine()}, load {os.getloadavg()[0]:.1f}")
    with TemporaryDirectory(prefix="ventas-large-", dir=folder) as home:
        path = Path(home) / _KEY
        console.print(f"{megabytes:,.0f} MB are made")
        write(path, megabytes)
        console.print("They are cleaned")
        size = path.stat().st_size / 1e6
        argv = [sys.executable, "-m", "benchmarks.large", "--measure", str(path)]
        done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
    console.print(table(size, found))
    keep("large", machine(), goals(size, found))


if __name__ == "__main__":
    main()
