"""Starts a system of its own on free ports, does the worst to it, and tells what became of the uploads."""

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from chaos.audit import champions, endure
from chaos.faults import Fault, faults
from chaos.huge import FED, feed
from chaos.report import Report
from chaos.site import NotInTime, Site, wait_until
from chaos.swaps import swap
from chaos.uploads import Batch
from ventas.launcher.readiness import NotReady
from ventas.launcher.system import System

# Leases and sweep are the defaults. The grid has two candidates, the second long enough to be killed in it.
SETTINGS = {
    "SEARCH": "grid",
    "GRID_N_ESTIMATORS": "[50, 300]",
    "GRID_MAX_DEPTH": "[null]",
    "GRID_MIN_SAMPLES_SPLIT": "[2]",
}
SERVICES = ["minio", "redis", "mlflow", "webhooks", "worker", "trainer", "beat", "api"]
SWAPS = 20
WIDTH = 150  # of the table, where no terminal says its own
LEAST_PER_FAULT = 2  # one before the fault and one after it


@dataclass(frozen=True)
class Plan:
    """What is to be done in one go."""

    faults: list[Fault]
    uploads: int
    huge: bool
    swaps: int


@click.command()
@click.option("--uploads", default=100, show_default=True, envvar="CHAOS_UPLOADS", help="Uploads in all.")
@click.option(
    "--only", multiple=True, type=click.Choice([fault.name for fault in faults()]), help="These faults alone."
)
@click.option("--huge/--no-huge", default=True, show_default=True, help="Feed it huge files, too.")
@click.option("--swaps", default=SWAPS, show_default=True, help="Swaps of the champion under load.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the results here as well.")
def main(uploads: int, only: tuple[str, ...], huge: bool, swaps: int, json_file: Path | None) -> None:
    """Kill the parts of a real system in turn; exit with 1 if anything was lost or happened twice."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    chosen = [fault for fault in faults() if not only or fault.name in only]
    home = Path(tempfile.mkdtemp(prefix="ventas-chaos-"))
    report = Report()
    with System.on_free_ports(home, **SETTINGS) as system:
        if system.store.is_stand_in:
            raise click.ClickException(f"This needs MinIO itself: {system.store.note}")
        system.start(SERVICES)
        system.wait_ready(timeout=180)
        with Site(system) as site:
            warm_up(site)
            work(site, Plan(chosen, uploads, huge, swaps), report, console)
    report.show(console)
    if json_file:
        report.write(json_file)
    _leave(home, report, console)


def _leave(home: Path, report: Report, console: Console) -> None:
    """Keep the state folder only where there is something to look for in it."""
    if report.problems:
        console.print(f"State and logs: {home}", markup=False)
        sys.exit(1)
    shutil.rmtree(home)


def warm_up(site: Site) -> None:
    """A first champion, so that every process has loaded what it needs before anything is timed."""
    batch = Batch(site, "first", 1)
    batch.put_rest()
    wait_until(batch.all_final, "the first champion", 120)
    wait_until(site.served_version, "the first champion to be served", 60)


def work(site: Site, plan: Plan, report: Report, console: Console) -> None:
    """Do all of the plan; what was seen is in `report` also where a step did not come to its end."""
    for fault, number in zip(plan.faults, shares(plan.uploads, len(plan.faults)), strict=True):
        console.print(f"{fault.title}: {number} uploads", markup=False)
        try:
            report.rows.append(endure(site, fault, number))
        except (NotInTime, NotReady) as error:
            report.accidents.append(f"{fault.title}: {error}")
    for huge, megabytes in FED if plan.huge else ():
        console.print(f"Huge file: {huge.name} of {megabytes} MB", markup=False)
        report.meals.append(feed(site, huge, megabytes))
    console.print(f"{plan.swaps} swaps of the champion under load")
    report.swaps = swap(site, plan.swaps)
    report.champions = champions(site)


def shares(uploads: int, parts: int) -> list[int]:
    """How many of the uploads go with each fault: as even as can be, two at least."""
    return [max(LEAST_PER_FAULT, uploads // parts + (place < uploads % parts)) for place in range(parts)]


if __name__ == "__main__":
    main()
