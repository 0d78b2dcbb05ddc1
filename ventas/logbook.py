"""What one training leaves in MLflow: a run of the experiment and a version of the model."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import structlog
from mlflow.entities import LifecycleStage, LoggedModelOutput, LoggedModelStatus, Metric, Param, Run

from ventas.contract import TARGET
from ventas.errors import LeaseLost, NotFound
from ventas.provenance import provenance
from ventas.registry import (
    AT_ONCE,
    CHALLENGER,
    EXAMPLE_FILE,
    EXAMPLE_TAG,
    RECIPE_TAG,
    RUN_TAG,
    SERVED_TAG,
    STAGE_TAG,
    STAGING,
    Registry,
    translated,
)
from ventas.settings import EXPERIMENT, MODEL_NAME, Settings
from ventas.times import utc_now
from ventas.training_files import (
    Training,
    as_numbers,
    send,
    write_card,
    write_fits,
    write_model,
    write_plot,
)

log = structlog.get_logger()

MODEL = "model"  # MLflow's name of its own copy, beside our files
# Without RUN_TAG beside it: a version that the ledger has not taken yet, and perhaps never will.
ATTEMPT_TAG = "ventas.attempt_of_run"
LONGEST_PARAM = 6000  # characters that MLflow keeps of one


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
    that was not taken is deleted. What a worker that died in between has left behind is for `forget_attempts`.
    Raises RegistryUnavailable and whatever `take` raises.
    """
    with _run(registry, run_id, training.tags | provenance()) as run:
        model_id = _log(registry, run, training, settings)
    made = Registered(run.info.run_id, _register(registry, model_id, run.info.run_id, training, run_id))
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
def _run(registry: Registry, run_id: str, tags: dict[str, str]) -> Iterator[Run]:
    with translated():
        registry.client  # noqa: B018 - sets the tracking server and its patience
        _choose_experiment(registry)
        with mlflow.start_run(run_name=run_id, tags=tags) as run:
            yield run


def _choose_experiment(registry: Registry) -> None:
    """Let the next run be one of our experiment, made where it is missing, restored where somebody deleted it."""
    experiment = registry.client.get_experiment_by_name(EXPERIMENT)
    if experiment is not None and experiment.lifecycle_stage == LifecycleStage.DELETED:
        # MLflow takes no run in it, nor another experiment of its name; and registered versions are of its runs.
        registry.client.restore_experiment(experiment.experiment_id)
        log.warning("experiment_restored", experiment=EXPERIMENT)
    mlflow.set_experiment(EXPERIMENT)


def _log(registry: Registry, run: Run, training: Training, settings: Settings) -> str:
    """Log all of a training, files beside numbers; returns the id of MLflow's model, which is ready then."""
    client, run_id, params = registry.client, run.info.run_id, _params(training, settings)
    model = client.create_logged_model(run.info.experiment_id, MODEL, run_id, params=params)
    ours = run.info.artifact_uri
    parts = {
        "model": (model.artifact_location, partial(write_model, training, model)),
        "fits": (ours, partial(write_fits, training)),
        "card": (ours, partial(write_card, training)),
        "plot": (ours, partial(write_plot, training)),
    }
    with TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        sending = [
            pool.submit(send, settings, uri, Path(folder, name), write)
            for name, (uri, write) in parts.items()
        ]
        # The metrics are the model's, too: MLflow's `log_model` reads the run and each of them back for that.
        metrics = _metrics(training, model.model_id)
        client.log_batch(run_id, metrics, [Param(name, value) for name, value in params.items()])
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
        _log_dataset(training)
        for one in sending:
            one.result()
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    return str(model.model_id)


def _params(training: Training, settings: Settings) -> dict[str, str]:
    found = training.found
    about = {"candidates": found.candidates, "family": found.family, "search_stopped": found.stopped}
    if found.table_note:
        about["table_note"] = found.table_note[:LONGEST_PARAM]
    if found.replaced:
        about |= found.replaced.as_params()
    # Those of the search stay where a table took its winner's place: they are what the grid came to.
    chosen = found.searched | found.params
    return {name: str(value) for name, value in (chosen | settings.recipe() | about).items()}


def _metrics(training: Training, model_id: str) -> list[Metric]:
    found, metrics = training.found, training.metrics
    values = {
        "cv_mse": found.cv_mse,
        "cv_rmse": found.cv_mse**0.5,
        "test_mse": metrics.mse,
        "test_rmse": metrics.rmse,
        "test_r2": metrics.r2,
        **({} if metrics.coverage is None else {"test_coverage": metrics.coverage}),
    }
    now = int(utc_now().timestamp() * 1000)
    return [Metric(name, value, now, 0, model_id=model_id) for name, value in values.items()]


def _log_dataset(training: Training) -> None:
    dataset = mlflow.data.from_pandas(
        as_numbers(training.train),
        source=training.source,
        targets=TARGET,
        name="ventas",
        digest=training.digest[:36],
    )
    mlflow.log_input(dataset, context="training")


def _register(registry: Registry, model_id: str, mlflow_run_id: str, training: Training, run_id: str) -> int:
    create = partial(
        registry.client.create_model_version,
        MODEL_NAME,
        source=f"models:/{model_id}",
        run_id=mlflow_run_id,
        model_id=model_id,
        await_creation_for=0,  # the files are there already
        tags={name: text for name, text in training.tags.items() if name != RUN_TAG}
        | {
            ATTEMPT_TAG: run_id,
            STAGE_TAG: STAGING,
            SERVED_TAG: training.served_file,
            EXAMPLE_TAG: EXAMPLE_FILE,
            RECIPE_TAG: training.recipe_digest,
        },
    )
    try:
        with translated():
            return int(create().version)
    except NotFound:  # the first version of all
        with translated():
            registry.client.create_registered_model(MODEL_NAME)
            return int(create().version)
