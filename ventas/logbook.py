"""What one training leaves in MLflow: a run of the experiment and a version of the model."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import pandas as pd
import skops.io
from matplotlib.figure import Figure
from mlflow.models import infer_signature

from ventas.card_files import card_files
from ventas.checks import Example
from ventas.contract import TARGET
from ventas.errors import LeaseLost, NotFound
from ventas.judged_rows import JudgedRows
from ventas.promotion import date_keys
from ventas.provenance import provenance
from ventas.registry import (
    CHALLENGER,
    EXAMPLE_FILE,
    EXAMPLE_TAG,
    JUDGED_FILE,
    PREDICTIONS_FILE,
    RECIPE_TAG,
    RUN_TAG,
    SERVED_TAG,
    STAGE_TAG,
    STAGING,
    TRAINED_ON_FILE,
    Registry,
    translated,
)
from ventas.served import TRUSTED_TYPES
from ventas.settings import EXPERIMENT, MODEL_NAME, Settings
from ventas.training import Metrics, Search, inputs

REFIT_FILE = "refit/model.skops"
# Without RUN_TAG beside it: a version that the ledger has not taken yet, and perhaps never will.
ATTEMPT_TAG = "ventas.attempt_of_run"
LONGEST_PARAM = 6000  # characters that MLflow keeps of one
REQUIREMENTS = ("scikit-learn", "skops", "pandas", "numpy")


@dataclass(frozen=True)
class Training:
    """All that is logged of one training; `refitted` is None where the judged fit itself is served.

    `judged` is what the judged fit says of the test rows, `card` the model card but for its verdict. `tags` lead back
    to the upload; `digest` is that of the uploaded bytes, `recipe_digest` that of the settings; `source` says where
    train.csv lies.
    """

    found: Search
    refitted: Any | None
    metrics: Metrics
    train: pd.DataFrame
    test: pd.DataFrame
    card: dict[str, Any]
    judged: JudgedRows
    tags: dict[str, str]
    digest: str
    recipe_digest: str
    source: str


@dataclass(frozen=True)
class Registered:
    """Where a training can be found again: MLflow's run and the model's version."""

    mlflow_run_id: str
    version: int


def log_training(
    registry: Registry,
    training: Training,
    run_id: str,
    settings: Settings,
    take: Callable[[Registered], None],
) -> Registered:
    """Log a training and register its model as challenger, if the ledger takes it.

    MLflow has no compare-and-set, so `take` decides: it notes the new version in the ledger, or raises LeaseLost
    where another worker owns the run. Only then does the version get the run's tag, by which others find it; one
    that was not taken is deleted, and so is what a worker that died in between has left behind.
    Raises RegistryUnavailable and whatever `take` raises.
    """
    forget_attempts(registry, run_id)
    with _run(registry, run_id, training.tags | provenance()) as mlflow_run_id:
        _log_numbers(training, settings)
        _log_dataset(training)
        _log_files(training)
        model_id = _log_model(training)
    made = Registered(mlflow_run_id, _register(registry, model_id, mlflow_run_id, training, run_id))
    try:
        take(made)
    except LeaseLost:
        forget(registry, made)
        raise
    confirm(registry, made.version, run_id)
    return made


def confirm(registry: Registry, version: int, run_id: str) -> None:
    """Let a version that the ledger has taken be found by its run, as challenger; may be repeated."""
    registry.set_tags(version, {RUN_TAG: run_id})
    registry.set_alias(CHALLENGER, version)


def forget(registry: Registry, made: Registered) -> None:
    """Delete a version and its MLflow run, unless the worker that took over was quicker."""
    with suppress(NotFound), translated():
        registry.client.delete_model_version(MODEL_NAME, str(made.version))
    with suppress(NotFound), translated():
        registry.client.delete_run(made.mlflow_run_id)


def forget_attempts(registry: Registry, run_id: str) -> None:
    """Delete what attempts of this run left in MLflow that the ledger has not taken: versions, unfinished runs."""
    client = registry.client
    with translated():
        versions = client.search_model_versions(f"name='{MODEL_NAME}' and tags.`{ATTEMPT_TAG}`='{run_id}'")
    for version in versions:
        if RUN_TAG not in version.tags:
            forget(registry, Registered(version.run_id, int(version.version)))
    with translated():
        experiment = client.get_experiment_by_name(EXPERIMENT)
        unfinished = f"attributes.status != 'FINISHED' and tags.`{RUN_TAG}` = '{run_id}'"
        for run in client.search_runs([experiment.experiment_id], unfinished) if experiment else ():
            client.delete_run(run.info.run_id)


def disown(registry: Registry, version: int) -> None:
    """Let a version be no longer found by its run; it stays, for somebody may have made it champion."""
    with translated(f"There is no version {version} of {MODEL_NAME}."):
        for tag in (RUN_TAG, ATTEMPT_TAG):
            registry.client.delete_model_version_tag(MODEL_NAME, str(version), tag)


@contextmanager
def _run(registry: Registry, run_id: str, tags: dict[str, str]) -> Iterator[str]:
    with translated():
        registry.client  # noqa: B018 - sets the tracking server and its patience
        mlflow.set_experiment(EXPERIMENT)
        with mlflow.start_run(run_name=run_id, tags=tags) as run:
            yield run.info.run_id


def _log_numbers(training: Training, settings: Settings) -> None:
    found, metrics = training.found, training.metrics
    about = {"candidates": found.candidates, "family": found.family, "search_stopped": found.stopped}
    if found.table_note:
        about["table_note"] = found.table_note[:LONGEST_PARAM]
    mlflow.log_params(found.params | settings.recipe() | about)
    mlflow.log_metrics(
        {
            "cv_mse": found.cv_mse,
            "cv_rmse": found.cv_mse**0.5,
            "test_mse": metrics.mse,
            "test_rmse": metrics.rmse,
            "test_r2": metrics.r2,
            **({} if metrics.coverage is None else {"test_coverage": metrics.coverage}),
        }
    )


def _log_dataset(training: Training) -> None:
    dataset = mlflow.data.from_pandas(
        _as_numbers(training.train),
        source=training.source,
        targets=TARGET,
        name="ventas",
        digest=training.digest[:36],
    )
    mlflow.log_input(dataset, context="training")


def _as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Integers as floats: MLflow's schemas let no gap into an integer column ever after."""
    return frame.astype(dict.fromkeys(frame.select_dtypes("integer").columns, "float64"))


def _log_files(training: Training) -> None:
    """The fits as plain skops files, what they answer, the dates of train, card, plot, all in one upload."""
    fits = {JUDGED_FILE: training.found.estimator}
    if training.refitted is not None:
        fits[REFIT_FILE] = training.refitted
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name, fit in fits.items():
            _dump(fit, root / name)
        example = Example.of(inputs(training.train), fits)
        (root / EXAMPLE_FILE).write_text(example.to_json(), encoding="utf-8")
        (root / TRAINED_ON_FILE).write_text("\n".join(sorted(date_keys(training.train))), encoding="ascii")
        (root / PREDICTIONS_FILE).write_text(training.judged.to_json(), encoding="utf-8")
        for name, text in card_files(training.card).items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        _plot(training).savefig(root / "actual_vs_predicted.png", dpi=100)
        mlflow.log_artifacts(folder)


def _dump(estimator: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    skops.io.dump(estimator, path)


def _plot(training: Training) -> Figure:
    """Actual and predicted sales of the test rows by date; without pyplot, which keeps global state."""
    points = training.judged.points
    figure = Figure(figsize=(10, 4))
    axes = figure.subplots()
    axes.plot(points["date"], points["actual"], label="actual")
    axes.plot(points["date"], points["prediction"], label="predicted")
    axes.set(title=f"Test rows, RMSE {training.metrics.rmse:.2f}", ylabel=TARGET)
    axes.legend()
    figure.autofmt_xdate()
    return figure


def _log_model(training: Training) -> str:
    example = _as_numbers(inputs(training.train.head(3)))
    fit = training.found.estimator
    info = mlflow.sklearn.log_model(
        fit,
        name="model",
        serialization_format="skops",
        skops_trusted_types=TRUSTED_TYPES,
        signature=infer_signature(example, fit.predict(example)),
        input_example=example,
        pip_requirements=list(REQUIREMENTS),
    )
    return str(info.model_id)


def _register(registry: Registry, model_id: str, mlflow_run_id: str, training: Training, run_id: str) -> int:
    client = registry.client
    with translated():
        if not client.search_registered_models(f"name='{MODEL_NAME}'"):
            client.create_registered_model(MODEL_NAME)
        version = client.create_model_version(
            MODEL_NAME,
            source=f"models:/{model_id}",
            run_id=mlflow_run_id,
            model_id=model_id,
            await_creation_for=0,  # the files are there already
            tags={name: text for name, text in training.tags.items() if name != RUN_TAG}
            | {
                ATTEMPT_TAG: run_id,
                STAGE_TAG: STAGING,
                SERVED_TAG: JUDGED_FILE if training.refitted is None else REFIT_FILE,
                EXAMPLE_TAG: EXAMPLE_FILE,
                RECIPE_TAG: training.recipe_digest,
            },
        )
        return int(version.version)
