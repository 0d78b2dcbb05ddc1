"""What the benchmark of serving is to show: its limits, and what the runs say of them."""

from collections.abc import Sequence
from typing import Any

from benchmarks.goals import Goal
from benchmarks.load import Measured, middle

GOAL_RATE, GOAL_P99, GOAL_BARE, GOAL_BATCH = 10.0, 0.1, 0.5, 2.0
MLFLOW = "mlflow models serve, its best run"
ALONE = "A request that comes alone pays its own commit, about 0.1 ms, which bare has not."
ROWS = "Reading and writing 10,000 rows as JSON is in it; where the model takes less than that, it cannot be met."


def beside_mlflow(runs: Sequence[Measured], ours: Measured) -> tuple[float, float]:
    """How many times the requests/s of MLflow's best run, and what share of its lowest 99th percentile."""
    return ours.rate / max(run.rate for run in runs), ours.p99 / min(run.p99 for run in runs)


def goals(results: dict[str, dict[str, Any]]) -> list[Goal]:
    """What the runs show, by model; `results` as `measure` gives them."""
    rates, p99s = {}, {}
    for model, found in results.items():
        if "mlflow|8" in found:
            rates[model], p99s[model] = beside_mlflow(found["mlflow|8"], middle(found["ours, distinct|8"]))
    shares = {f"{model}, {at}": _of_bare(found, at) for model, found in results.items() for at in (1, 8, 64)}
    times = {model: found["batch"][0] / found["batch"][1] for model, found in results.items()}
    return [
        Goal("POST /predict, durable, 8 connections", MLFLOW, GOAL_RATE, rates, at_least=True),
        Goal("the same: 99th percentile", MLFLOW, GOAL_P99, p99s),
        Goal(
            "POST /predict, durable, by connections",
            "bare Flask, same server",
            GOAL_BARE,
            shares,
            True,
            why=ALONE,
        ),
        Goal("10,000 rows in one request", "model.predict", GOAL_BATCH, times, why=ROWS),
    ]


def _of_bare(found: dict[str, Any], connections: int) -> float:
    ours, bare = (middle(found[f"{who}|{connections}"]).rate for who in ("ours, distinct", "bare"))
    return ours / bare
