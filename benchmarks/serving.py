"""How fast predictions are served, beside MLflow's own server and a bare Flask endpoint: `make benchmark-serving`.

All servers have two workers and the same model. They are asked in turn, in several rounds, by wrk on the same
machine; figures are the medians of the rounds, but of MLflow's server, which is unsteady, the best round counts.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import click
import httpx
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.goals import keep
from benchmarks.load import (
    Measured,
    Server,
    as_json,
    granian,
    machine,
    middle,
    need_wrk,
    served,
    wrk,
    wrk_script,
)
from benchmarks.serving_goals import GOAL_BATCH, GOAL_P99, GOAL_RATE, beside_mlflow, goals
from ventas.candidates import Candidate, Task, grid, matrix_of, plan, tables
from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET, WEEKDAY
from ventas.launcher.environment import own_ports, settings_of, without_settings
from ventas.launcher.services import SERVICES
from ventas.ledger import Ledger
from ventas.ledger.migrate import upgrade
from ventas.roles import Roles
from ventas.sample import generate
from ventas.training import inputs

PACKAGES = ("granian", "flask", "mlflow", "scikit-learn", "numpy", "pandas")
CONNECTIONS = (1, 8, 64)
WORKERS = 2
DISTINCT = 3000  # questions
BATCH_ROWS = 10_000
ROLES = Roles()


def candidates() -> dict[str, Candidate]:
    """The models that are served: a table, the forest of the system that ours replaces, and boosting."""
    task = Task(rows=31_000, columns=5, series=1, days=900, folds=3)
    settings = settings_of(without_settings({}))
    boosting = next(one for one in plan(task, settings).candidates if one.family == "boosting")
    forest = next(one for one in grid(settings, 255).candidates if one.params["n_estimators"] == 100)
    return {"means": tables()[0], "forest": forest, "boosting": boosting}


def fitted(one: Candidate, sales: pd.DataFrame) -> Any:
    """The pipeline as a search leaves it, with an interval."""
    pipeline = one.pipeline(matrix_of(one.view, ROLES, 42), offsets=[[-0.1, 0.1]] * 4, relative=True)
    return pipeline.fit(inputs(sales), sales[TARGET])


def questions(count: int) -> list[dict[str, Any]]:
    """Questions that differ in their day; the same for everybody."""
    random = np.random.RandomState(1)
    days = [date(2026, 1, 1) + timedelta(days=at % 1500) for at in range(count)]
    flags = random.randint(0, 2, size=(count, 2)).tolist()
    return [
        {DATE: day.isoformat(), WEEKDAY: day.isoweekday(), PROMOTION: promotion, HOLIDAY: holiday}
        for day, (promotion, holiday) in zip(days, flags, strict=True)
    ]


@contextmanager
def our_api(folder: Path, estimator: Any) -> Iterator[Server]:
    """The API as the launcher starts it, its champion and its ledger in `folder`."""
    import skops.io

    env = {
        **without_settings(os.environ),
        **own_ports(folder),
        "LOG_LEVEL": "ERROR",
        "HISTORY_TIMEOUT_SECONDS": "1",
    }
    settings = settings_of(env)
    upgrade(settings)
    copy = folder / "champion" / "1" / "model.skops"
    copy.parent.mkdir(parents=True)
    skops.io.dump(estimator, copy)
    ledger = Ledger(settings)
    ledger.promotions.record_manual(1, None, "benchmark", "To be measured.", mirrored=True)
    ledger.close()
    launch = SERVICES["api"].launch(settings)
    port = int(settings.API_BIND.rpartition(":")[2])
    with served(launch.argv, port, "/predict", env | launch.env, "/health/live") as server:
        end = time.monotonic() + 60
        while httpx.get(f"{server.url}/health", trust_env=False).status_code != 200:
            if time.monotonic() > end:
                raise click.ClickException("The API serves no champion.")
            time.sleep(0.2)
        yield server


@contextmanager
def mlflow_server(folder: Path, estimator: Any, rows: pd.DataFrame) -> Iterator[Server]:
    """`mlflow models serve` with the same pipeline."""
    import mlflow
    from mlflow.models import infer_signature

    from ventas.launcher.addresses import free_ports

    signature = infer_signature(rows, estimator.predict(rows))
    path = folder / "mlflow-model"
    mlflow.sklearn.save_model(estimator, path, signature=signature, serialization_format="cloudpickle")
    port = free_ports(1)[0]
    words = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(path)]
    words += ["--env-manager", "local", "--workers", str(WORKERS), "--port", str(port)]
    env = {"MLFLOW_DISABLE_TELEMETRY": "true", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with served(words, port, "/invocations", env, "/ping") as server:
        yield server


def measure(model: str, rounds: int, seconds: int, *, with_mlflow: bool) -> dict[str, list[Measured]]:
    """All servers with one model: the runs by server, kind of questions and connections."""
    sales = generate(400, 42)
    estimator = fitted(candidates()[model], sales)
    asked = [json.dumps(one, ensure_ascii=False) for one in questions(DISTINCT)]
    found: dict[str, list[Measured]] = {}
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        distinct = wrk_script(folder / "distinct.lua", asked, {})
        equal = wrk_script(folder / "equal.lua", asked[:1], {})
        ours = stack.enter_context(our_api(_made(folder / "home"), estimator))
        words, port = granian("benchmarks.bare:parses", "wsgi", WORKERS)
        bare = stack.enter_context(served(words, port, "/predict", {}))
        words, port = granian("benchmarks.bare:constant", "rsgi", WORKERS)
        constant = stack.enter_context(served(words, port, "/", {}))
        plan_of_round = [("generator's ceiling", constant, distinct), ("bare", bare, distinct)]
        plan_of_round += [("ours, distinct", ours, distinct), ("ours, equal", ours, equal)]
        if with_mlflow:
            columns = inputs(sales).head(5)
            told = [
                json.dumps({"dataframe_records": [one]}, ensure_ascii=False) for one in questions(DISTINCT)
            ]
            script = wrk_script(folder / "mlflow.lua", told, {})
            plan_of_round.append(
                ("mlflow", stack.enter_context(mlflow_server(folder, estimator, columns)), script)
            )
        for _ in range(rounds):
            for connections in CONNECTIONS:
                for who, server, script in plan_of_round:
                    key = f"{who}|{connections}"
                    found.setdefault(key, []).append(wrk(server, script, connections, seconds))
        found["batch"] = []
        batch(ours, estimator, rounds, found)
    return found


def batch(ours: Server, estimator: Any, rounds: int, found: dict[str, Any]) -> None:
    """10,000 rows in one request beside `predict` on a table that is there already; seconds, medians."""
    asked = questions(BATCH_ROWS)
    body = json.dumps({"rows": asked}, ensure_ascii=False).encode()
    table = pd.DataFrame(asked)
    table[DATE] = pd.to_datetime(table[DATE])
    ours_took, plain_took = [], []
    with httpx.Client(base_url=ours.url, timeout=60, trust_env=False) as client:
        for _ in range(max(rounds, 5)):
            began = time.perf_counter()
            estimator.predict(table)
            plain_took.append(time.perf_counter() - began)
            began = time.perf_counter()
            answer = client.post("/predict/batch", content=body, headers={"Content-Type": "application/json"})
            ours_took.append(time.perf_counter() - began)
            answer.raise_for_status()
    found["batch"] = [median(ours_took), median(plain_took)]


def show(console: Console, model: str, found: dict[str, Any]) -> None:
    """One table of one model."""
    table = Table(title=f"POST /predict, {model}, {WORKERS} workers", title_justify="left")
    for name in (
        "server",
        "connections",
        "requests/s",
        "p50, ms",
        "p99, ms",
        "CPU, µs",
        "of bare",
        "refused",
    ):
        table.add_column(name, justify="left" if name == "server" else "right")
    for connections in CONNECTIONS:
        bare = middle(found[f"bare|{connections}"])
        for key in (key for key in found if key.endswith(f"|{connections}")):
            one = middle(found[key])
            cells = [f"{one.rate:,.0f}", f"{one.p50:.2f}", f"{one.p99:.2f}", f"{one.cpu:.0f}"]
            table.add_row(
                key.partition("|")[0],
                str(connections),
                *cells,
                f"{one.rate / bare.rate:.2f}",
                str(one.refused),
            )
    console.print(table)
    if "mlflow|8" in found:
        console.print(_beside_mlflow(found["mlflow|8"], middle(found["ours, distinct|8"])))
    ours, plain = found["batch"]
    console.print(
        f"{BATCH_ROWS:,} rows in one request: {1e3 * ours:.0f} ms, model.predict alone {1e3 * plain:.0f} ms: "
        f"{ours / plain:.1f} times (goal: {GOAL_BATCH:.0f})\n"
    )


def _beside_mlflow(runs: list[Measured], ours: Measured) -> str:
    rate, p99 = beside_mlflow(runs, ours)
    return (
        f"mlflow's best of {len(runs)} at 8 connections: {ours.rate / rate:,.0f} requests/s, "
        f"p99 {ours.p99 / p99:.1f} ms; ours is {rate:.1f} times its requests/s (goal: {GOAL_RATE:.0f}) "
        f"and {p99:.2f} of its p99 (goal: {GOAL_P99})"
    )


def _made(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@click.command()
@click.option(
    "--only", multiple=True, type=click.Choice(["means", "forest", "boosting"]), help="These models alone."
)
@click.option("--rounds", default=5, show_default=True, help="Times that each server is asked.")
@click.option("--seconds", default=5, show_default=True, help="How long each time.")
@click.option("--mlflow/--no-mlflow", "with_mlflow", default=True, help="Measure `mlflow models serve` too.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here as well.")
def main(only: tuple[str, ...], rounds: int, seconds: int, with_mlflow: bool, json_file: Path | None) -> None:
    """Measure the servers, and print a table for each model."""
    need_wrk()
    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    measured_on = machine(PACKAGES)
    console.print(measured_on)
    results = {}
    for model in only or candidates():
        results[model] = measure(model, rounds, seconds, with_mlflow=with_mlflow)
        show(console, model, results[model])
    keep("serving", measured_on, goals(results))
    if json_file:
        json_file.write_text(as_json({"machine": measured_on, "results": results}))


if __name__ == "__main__":
    main()
