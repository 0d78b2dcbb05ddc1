"""How good the models are, beside the tables, the seed's grid and the noise floor: `make benchmark-models`.

Every measurement runs in a process of its own, so that its memory and processor time are its own.
"""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.datasets import DATASETS, REAL, Data, available
from benchmarks.goals import Goal, keep
from ventas.contract import TARGET
from ventas.launcher.services import PATIENT_THREADS
from ventas.served import served_model
from ventas.tables import baselines
from ventas.training import inputs, refit, search

MODELS = ("means", "seasonal_naive", "grid", "ours")
GRID_ROWS = 50_000  # the seed's grid takes hours on more
SAMPLED_FROM_ROWS = 100_000
PACKAGES = ("scikit-learn", "numpy", "pandas")
GOAL = 0.25
SLOWER = "With many series it tries boosting and more views of the rows, which the grid has not, for its lower error."
WORSE = "On the rows held out, which no search sees, ours errs as little or less: the next row."
NAMES = {"means": "cell means", "seasonal_naive": "seasonal naive", "grid": "seed's grid", "ours": "ours"}


def measure(dataset: str, model: str) -> dict[str, Any]:
    """Fit one model on one dataset and score it on the test rows of open days."""
    data = DATASETS[dataset]()
    wall, cpu = time.monotonic(), time.process_time()
    estimator, note, cv_rmse = _fitted(data, model)
    spent = {"fit": time.monotonic() - wall, "cpu": time.process_time() - cpu}
    if model == "ours":
        wall = time.monotonic()
        refit(estimator, data.train)
        spent["refit"] = time.monotonic() - wall
    rows = data.test[data.roles.is_open(data.test)]
    said = served_model(estimator, 1).forecast(inputs(rows))
    actual, floor = rows[TARGET].to_numpy(), data.floor
    missed = np.abs(actual - said.values)
    sold = actual > 0
    rmse = float(np.sqrt(np.mean(missed**2)))
    inside = None
    if model in ("grid", "ours") and said.low is not None and said.high is not None:
        inside = float(np.mean((actual >= said.low) & (actual <= said.high)))
    return spent | {
        "rmse": rmse,
        "cv_rmse": cv_rmse,
        "mape": float(np.mean(missed[sold] / actual[sold])),
        "wape": float(missed.sum() / actual.sum()),
        "coverage": inside,
        "to_floor": None if np.isnan(floor) else rmse / floor,
        "floor": None if np.isnan(floor) else floor,
        "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "rows": len(data.train),
        "note": note,
    }


def _fitted(data: Data, model: str) -> tuple[Any, str, float | None]:
    """The fit, what is to be said of it, and its RMSE in cross-validation where it was searched for."""
    if model in ("means", "seasonal_naive"):
        return baselines(data.roles)[model].fit(inputs(data.train), data.train[TARGET]), "", None
    train, note, settings = data.train, "", data.settings
    if model == "grid":
        settings = settings.model_copy(update={"SEARCH": "grid"})
        if len(train) > SAMPLED_FROM_ROWS:
            train, note = train.sample(GRID_ROWS, random_state=settings.SEED), f"{GRID_ROWS:,} sampled rows"
    found = search(train, settings, lambda *_: None, data.roles)
    if model == "ours":
        note = str(found.params["candidate"]) + (" (stopped by the clock)" if found.stopped else "")
    return found.estimator, note, found.cv_mse**0.5


def in_a_process(dataset: str, model: str) -> dict[str, Any]:
    """`measure` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.models", "--measure", dataset, model],
        check=True,
        stdout=subprocess.PIPE,
        env=os.environ | PATIENT_THREADS,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show(console: Console, dataset: str, found: dict[str, dict[str, Any]]) -> None:
    """One table of one dataset."""
    floor = found["ours"]["floor"]
    title = f"{dataset}: {found['ours']['rows']:,} rows to train on"
    table = Table(title=title + (f", noise floor {floor:.1f}" if floor else ""), title_justify="left")
    for name in (
        "model",
        "CV RMSE",
        "RMSE",
        "MAPE",
        "WAPE",
        "coverage",
        "to floor",
        "fit, s",
        "CPU, s",
        "GB",
        "note",
    ):
        table.add_column(name, justify="left" if name in ("model", "note") else "right")
    for model, one in found.items():
        table.add_row(NAMES[model], *_cells(one))
    console.print(table)
    console.print(_closer(found))
    spent = found["ours"]["cpu"] / found["grid"]["cpu"]
    console.print(f"Our search took {spent:.2f} of the grid's processor time (goal: {GOAL}).\n")


def _cells(one: dict[str, Any]) -> list[str]:
    return [
        f"{one['cv_rmse']:.1f}" if one["cv_rmse"] else "-",
        f"{one['rmse']:.1f}",
        f"{one['mape']:.3f}",
        f"{one['wape']:.3f}",
        f"{one['coverage']:.3f}" if one["coverage"] else "-",
        f"{one['to_floor']:.3f}" if one["to_floor"] else "-",
        f"{one['fit']:.1f}",
        f"{one['cpu']:.1f}",
        f"{one['memory_gb']:.1f}",
        one["note"] + (f"; refit {one['refit']:.1f} s" if one.get("refit") else ""),
    ]


def goals(results: dict[str, dict[str, dict[str, Any]]]) -> list[Goal]:
    """What the searches show; where the grid had sampled rows alone, the two have nothing to compare."""
    both = {name: (one["ours"], one["grid"]) for name, one in results.items() if not one["grid"]["note"]}
    spent = {name: ours["cpu"] / grid["cpu"] for name, (ours, grid) in both.items()}
    errors = {name: ours["cv_rmse"] / grid["cv_rmse"] for name, (ours, grid) in both.items()}
    tested = {name: ours["rmse"] / grid["rmse"] for name, (ours, grid) in both.items()}
    peer = "the seed's grid, 12 x 5 fits"
    return [
        Goal("the search: processor time", peer, GOAL, spent, why=SLOWER),
        Goal("the search: RMSE in cross-validation", peer, 1.0, errors, why=WORSE),
        Goal("the search: RMSE on the test rows", peer, 1.0, tested),
    ]


def _closer(found: dict[str, dict[str, Any]]) -> str:
    """What the goal is about: beside the means, or between the grid and the noise floor."""
    ours, means, grid = (found[name]["rmse"] for name in ("ours", "means", "grid"))
    floor = found["ours"]["floor"]
    if floor is None:
        return f"ours is {ours / means - 1:+.1%} from the cell means (goal: within 2 %)\n"
    return (
        f"ours is {(grid - ours) / (grid - floor):.0%} of the way from the seed's grid to the floor "
        f"(goal: 20 % or more), {ours / means - 1:+.1%} from the cell means\n"
    )


def machine() -> str:
    """What this was measured on."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(DATASETS)), help="These datasets alone.")
@click.option("--measure", "one", nargs=2, type=str, help="Measure one dataset and model, and print JSON.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here as well.")
def main(only: tuple[str, ...], one: tuple[str, str] | None, json_file: Path | None) -> None:
    """Measure the models, and print a table for each dataset."""
    if one:
        click.echo(json.dumps(measure(*one)))
        return
    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    console.print(machine())
    if left_out := DATASETS.keys() - available():
        console.print(f"Left out, for {REAL} is not there: {'; '.join(sorted(left_out))}")
    results = {}
    for dataset in only or available():
        results[dataset] = {model: in_a_process(dataset, model) for model in MODELS}
        show(console, dataset, results[dataset])
    keep("models", machine(), goals(results))
    if json_file:
        json_file.write_text(json.dumps({"machine": machine(), "results": results}, indent=1))


if __name__ == "__main__":
    main()
