"""How long `ventas up` takes until all is ready, and what all its processes hold in memory: `make benchmark-start`.

A system of its own on free ports: started on an empty state folder, stopped, and started again on what it left. It
has the packages that `make up` installs, in a copy of this project: those of the tests beside them would be imported
too (sklearn takes Dask where it is), and are in no user's memory.
MinIO is built beforehand, for that is done once on a machine. Memory is PSS, which counts what processes share once:
that of an idle system, once its first model is served.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import httpx
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.goals import Goal, keep
from benchmarks.load import as_json, machine
from ventas.launcher.environment import own_ports, settings_of, without_settings
from ventas.launcher.object_store import choose_store
from ventas.launcher.services import SERVICES
from ventas.settings import Settings

PACKAGES = ("granian", "mlflow", "celery", "dash")
LONGEST_SECONDS = 300
LOOK_SECONDS = 0.1
IDLE_SECONDS, IDLE_SHARE = 5, 0.2  # all processes together use less than a fifth of a processor
STARTS = ("first start", "next start")
GOAL_SECONDS, GOAL_MB = 30, 2048


def installed(target: Path, env: dict[str, str]) -> Path:
    """The command `ventas` of a copy of this project with what `make up` installs."""
    root = Path(__file__).resolve().parents[1]
    shutil.copytree(root, target, ignore=shutil.ignore_patterns(".venv", ".git", ".*_cache", "__pycache__"))
    words = ["sh", str(target / "scripts" / "bootstrap.sh"), "run"]
    subprocess.run(words, check=True, env=env, stdout=sys.stderr)
    return target / ".venv" / "bin" / "ventas"


@contextmanager
def up(command: Path, env: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], dict[str, float]]]:
    """A running `ventas up`, and after how many seconds it found each service ready."""
    words = [str(command), "up", "--timeout", str(LONGEST_SECONDS)]
    began = time.monotonic()
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True)
    try:
        yield process, _ready(process, began)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _ready(process: subprocess.Popen[str], began: float) -> dict[str, float]:
    """By what it prints: the services that it still waits for, whenever that changes."""
    assert process.stdout is not None
    waiting, found = set(SERVICES), dict[str, float]()
    for line in process.stdout:
        passed = time.monotonic() - began
        if line.startswith(("waiting for ", "all answer")):
            left = set(line.removeprefix("waiting for ").strip().split(", ")) & waiting
            found |= dict.fromkeys(waiting - left, passed)
            waiting = left
        if not waiting:
            return found
    raise click.ClickException(f"`ventas up` ended before {', '.join(sorted(waiting))} answered.")


def memory(process: subprocess.Popen[str]) -> dict[str, tuple[int, float]]:
    """Processes and megabytes of PSS of each service, and of what starts and watches them."""
    found: dict[str, tuple[int, float]] = {}
    for one in psutil.Process(process.pid).children(recursive=True):
        name = one.environ().get("VENTAS_SERVICE", "supervisors")
        count, before = found.get(name, (0, 0.0))
        found[name] = count + 1, before + _pss(one.pid)
    count, before = found.get("supervisors", (0, 0.0))
    found["supervisors"] = count + 1, before + _pss(process.pid)
    return found


def _pss(pid: int) -> float:
    told = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text("ascii"), re.MULTILINE)
    assert told is not None
    return int(told.group(1)) / 1024


def _idle(process: subprocess.Popen[str], settings: Settings) -> None:
    """Return when a model is served and all processes together have had little to do for a while."""
    with httpx.Client(base_url=settings.API_URL, trust_env=False) as api:
        while not api.get("/health").is_success:
            time.sleep(LOOK_SECONDS)
    before = _busy(process)
    while True:
        time.sleep(IDLE_SECONDS)
        now = _busy(process)
        if now - before < IDLE_SHARE * IDLE_SECONDS:
            return
        before = now


def _busy(process: subprocess.Popen[str]) -> float:
    """Processor seconds of all processes so far."""
    times = [one.cpu_times() for one in psutil.Process(process.pid).children(recursive=True)]
    return sum(one.user + one.system for one in times)


def measure(folder: Path) -> tuple[list[dict[str, float]], dict[str, tuple[int, float]]]:
    """Two starts on one state folder, and the memory after the first, which has trained a model."""
    home = folder / "home"
    home.mkdir()
    env = {**without_settings(os.environ), **own_ports(home)}
    # An installation has its bytecode: without, imports take three times as long.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    command = installed(folder / "project", env)
    choose_store(env, click.echo)  # built now, if need be
    starts, held = [], dict[str, tuple[int, float]]()
    for _ in STARTS:
        with up(command, env) as (process, ready):
            starts.append(ready)
            _idle(process, settings_of(env))
            held = held or memory(process)
    return starts, held


def show(console: Console, starts: Sequence[dict[str, float]], held: dict[str, tuple[int, float]]) -> None:
    """One row for each service, and what the goals say of the sums."""
    table = Table(
        title="`ventas up` on an empty folder and again, and memory when idle", title_justify="left"
    )
    for name in ("service", *(f"{name}, s" for name in STARTS), "processes", "PSS, MB"):
        table.add_column(name, justify="left" if name == "service" else "right")
    for name, (count, megabytes) in sorted(held.items(), key=lambda one: -one[1][1]):
        seconds = (f"{start[name]:.1f}" if name in start else "-" for start in starts)
        table.add_row(name, *seconds, str(count), f"{megabytes:.0f}")
    table.add_section()
    ready = [max(start.values()) for start in starts]
    whole = sum(megabytes for _, megabytes in held.values())
    count = sum(count for count, _ in held.values())
    table.add_row("all", *(f"{seconds:.1f}" for seconds in ready), str(count), f"{whole:.0f}")
    console.print(table)
    console.print(f"Goal: {GOAL_SECONDS} s and {GOAL_MB} MB at most.")


def goals(starts: Sequence[dict[str, float]], held: dict[str, tuple[int, float]]) -> list[Goal]:
    """What the two starts show."""
    took = {name: max(start.values()) for name, start in zip(STARTS, starts, strict=True)}
    memory = {"PSS of all processes": sum(megabytes for _, megabytes in held.values())}
    slow = "Nearly all of it is Python importing packages: MLflow, sklearn and pandas, in as many processes."
    return [
        Goal("start, installed, to all ready", "-", GOAL_SECONDS, took, unit="s", why=slow),
        Goal("memory when idle", "-", GOAL_MB, memory, unit="MB", why="It moves by 50 MB from run to run."),
    ]


@click.command()
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here as well.")
def main(json_file: Path | None) -> None:
    """Measure two starts and the memory of an idle system, and print a table."""
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    measured_on = machine(PACKAGES)
    console.print(measured_on)
    with tempfile.TemporaryDirectory(prefix="ventas-start-") as folder:
        starts, held = measure(Path(folder))
    show(console, starts, held)
    keep("start", measured_on, goals(starts, held))
    if json_file:
        json_file.write_text(as_json({"machine": measured_on, "starts": starts, "memory_mb": held}))


if __name__ == "__main__":
    main()
