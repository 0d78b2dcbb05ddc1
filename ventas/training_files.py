"""The files that one training leaves in MLflow: what is written, and how it is sent."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import mlflow
import pandas as pd
import skops.io
from matplotlib.figure import Figure
from mlflow.entities import LoggedModel
from mlflow.models import Model, infer_signature
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from ventas.card_files import card_files
from ventas.checks import Example
from ventas.contract import TARGET
from ventas.judged_rows import JudgedRows
from ventas.promotion import date_keys
from ventas.registry import EXAMPLE_FILE, JUDGED_FILE, PREDICTIONS_FILE, TRAINED_ON_FILE
from ventas.served import TRUSTED_TYPES
from ventas.settings import Settings
from ventas.training import Metrics, Search, inputs

REFIT_FILE = "refit/model.skops"
REQUIREMENTS = ("scikit-learn", "skops", "pandas", "numpy")

# MLflow's copy to a folder fails where another, at the same moment, makes the same folder in it.
_ON_DISK = Lock()


@dataclass(frozen=True)
class Description:
    """What is made of a search's winner to be logged: `refitted` is None where the judged fit itself is served.

    `judged` is what the judged fit says of the test rows, `card` the model card but for its verdict.
    """

    refitted: Any | None
    card: dict[str, Any]
    judged: JudgedRows


@dataclass(frozen=True)
class Training:
    """All that is logged of one training; its `description` is made while MLflow opens a run for it.

    `tags` lead back to the upload; `digest` is that of the uploaded bytes, `recipe_digest` that of the settings;
    `source` says where train.csv lies.
    """

    found: Search
    metrics: Metrics
    train: pd.DataFrame
    description: Future[Description]
    tags: dict[str, str]
    digest: str
    recipe_digest: str
    source: str

    @property
    def served_file(self) -> str:
        """The file that is served if this training wins."""
        return JUDGED_FILE if self.description.result().refitted is None else REFIT_FILE


def send(settings: Settings, uri: str, folder: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill `folder`, and send its files to the artifacts' address `uri`. Raises MLflow's errors."""
    folder.mkdir()
    write(folder)
    repository = get_artifact_repository(uri, settings.mlflow_uri)
    with _ON_DISK if isinstance(repository, LocalArtifactRepository) else nullcontext():
        repository.log_artifacts(str(folder))


def write_fits(training: Training, folder: Path) -> None:
    """The fits as plain skops files, what they answer, and the dates of train."""
    fits = {JUDGED_FILE: training.found.estimator}
    if (refitted := training.description.result().refitted) is not None:
        fits[REFIT_FILE] = refitted
    for name, fit in fits.items():
        _place(folder, name)
        skops.io.dump(fit, folder / name)
    example = Example.of(inputs(training.train), fits)
    _place(folder, EXAMPLE_FILE).write_text(example.to_json(), encoding="utf-8")
    _place(folder, TRAINED_ON_FILE).write_text("\n".join(sorted(date_keys(training.train))), encoding="ascii")


def write_card(training: Training, folder: Path) -> None:
    """The model card, and what the judged fit says of the test rows."""
    described = training.description.result()
    for name, text in (card_files(described.card) | {PREDICTIONS_FILE: described.judged.to_json()}).items():
        _place(folder, name).write_text(text, encoding="utf-8")


def write_plot(training: Training, folder: Path) -> None:
    """Actual and predicted sales of the test rows by date; without pyplot, which keeps global state."""
    points = training.description.result().judged.points
    figure = Figure(figsize=(10, 4))
    axes = figure.subplots()
    axes.plot(points["date"], points["actual"], label="actual")
    axes.plot(points["date"], points["prediction"], label="predicted")
    axes.set(title=f"Test rows, RMSE {training.metrics.rmse:.2f}", ylabel=TARGET)
    axes.legend()
    figure.autofmt_xdate()
    figure.savefig(folder / "actual_vs_predicted.png", dpi=100)


def write_model(training: Training, model: LoggedModel, folder: Path) -> None:
    """The judged fit as MLflow's own tools load and serve it."""
    example = as_numbers(inputs(training.train.head(3)))
    fit = training.found.estimator
    mlflow.sklearn.save_model(
        fit,
        str(folder),
        mlflow_model=Model(
            artifact_path=model.artifact_location,
            model_uuid=model.model_id,
            run_id=model.source_run_id,
            model_id=model.model_id,
        ),
        serialization_format="skops",
        skops_trusted_types=TRUSTED_TYPES,
        signature=infer_signature(example, fit.predict(example)),
        input_example=example,
        pip_requirements=list(REQUIREMENTS),
    )


def as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Integers as floats: MLflow's schemas let no gap into an integer column ever after."""
    return frame.astype(dict.fromkeys(frame.select_dtypes("integer").columns, "float64"))


def _place(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    return path
