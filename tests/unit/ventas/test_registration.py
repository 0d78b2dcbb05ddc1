"""Two attempts of one run leave one version, whatever dies in between; on a real MLflow without its server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.tracking._tracking_service.utils import _get_store
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import update

import ventas.spans
import ventas.tracing
from ventas.card_files import CARD_JSON, CARD_MARKDOWN, add_verdict
from ventas.checks import checked
from ventas.errors import LeaseLost, NotFound
from ventas.ledger import Ledger, Run, UploadEvent
from ventas.logbook import ATTEMPT_TAG, Registered, log_training
from ventas.pipeline.retrain import retrain
from ventas.pipeline.runner import run_step
from ventas.registry import PREDICTIONS_FILE, RECIPE_TAG, RUN_TAG, Registry, served_file
from ventas.served import load_served
from ventas.settings import EXPERIMENT, MODEL_NAME, Settings
from ventas.split import to_csv_bytes
from ventas.states import RunStatus, Step
from ventas.training import refit
from ventas.verdict import Verdict

# MLflow uses what SQLAlchemy and pandas call outdated; its store runs in this process here.
pytestmark = pytest.mark.filterwarnings("ignore")

DATES = pd.date_range("2024-01-01", periods=90)
SALES = pd.DataFrame(
    {
        "Fecha": DATES,
        "DíaDeLaSemana": DATES.day_of_week + 1,
        "Promociones": np.arange(90) % 2,
        "Festivo": (DATES.day_of_week == 6).astype(int),
        "Ventas": 100.0 * (DATES.day_of_week + 1) + np.arange(90) % 5,
    }
)


class FakeStore:
    """Our own fake of the store's port: one dataset."""

    def __init__(self) -> None:
        self.files = {"train.csv": SALES[:60], "test.csv": SALES[60:], "outliers.csv": SALES[:0]}

    def get_bytes(self, bucket: str, key: str, **_: object) -> bytes:
        name = key.rsplit("/", 1)[1]
        if name not in self.files:
            raise NotFound(f"There is no {key}.")
        return to_csv_bytes(self.files[name])


@dataclass
class Parts:
    settings: Settings
    ledger: Ledger
    registry: Registry
    store: FakeStore = field(default_factory=FakeStore)


@pytest.fixture(scope="module")
def tracking_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow's database, made once."""
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    before = mlflow.get_tracking_uri()
    mlflow.MlflowClient(uri).create_experiment(EXPERIMENT, artifact_location=str(folder / "artifacts"))
    yield uri
    mlflow.set_tracking_uri(before)


@pytest.fixture
def parts(settings: Settings, ledger: Ledger, tracking_uri: str) -> Parts:
    quick = settings.model_copy(
        update={
            "SEARCH": "grid",
            "GRID_N_ESTIMATORS": [3],
            "GRID_MAX_DEPTH": [None],
            "GRID_MIN_SAMPLES_SPLIT": [2],
            "MLFLOW_TRACKING_URI": tracking_uri,
        }
    )
    return Parts(quick, ledger, Registry(quick))


@pytest.fixture
def run_id(parts: Parts) -> str:
    """A run whose dataset is there."""
    runs = parts.ledger.runs
    (recorded,) = parts.ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v1", "e", 1)])
    lease = runs.acquire(recorded.run_id, Step.ETL, "w")
    runs.note(lease, recipe_digest=parts.settings.recipe_digest)
    runs.finish(lease, RunStatus.RETRAIN)
    return recorded.run_id


def versions_of(parts: Parts, run_id: str) -> list[int]:
    """The versions that are found by their run, and those that an attempt left behind."""
    found = parts.registry.client.search_model_versions(f"name='{MODEL_NAME}'")
    return sorted(
        int(one.version) for one in found if run_id in (one.tags.get(RUN_TAG), one.tags.get(ATTEMPT_TAG))
    )


def mlflow_runs_of(parts: Parts, run_id: str) -> list[str]:
    experiment = parts.registry.client.get_experiment_by_name(EXPERIMENT)
    found = parts.registry.client.search_runs([experiment.experiment_id], f"tags.`{RUN_TAG}` = '{run_id}'")
    return [one.info.run_id for one in found]


def test_a_training_is_registered_once_and_passes_its_checks(
    parts: Parts, run_id: str, tmp_path: Path
) -> None:
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    run = parts.ledger.runs.get(run_id)
    (version,) = versions_of(parts, run_id)
    described = parts.registry.version(version)
    assert (run.model_version, run.mlflow_run_id) == (version, described.run_id)
    assert (described.pipeline_run_id, described.stage) == (run_id, "Staging")
    assert "challenger" in described.aliases
    assert described.tags[RECIPE_TAG] == parts.settings.recipe_digest
    assert checked(parts.registry, described, tmp_path).version == version


def test_mlflows_run_and_version_name_the_trace_of_the_upload(
    parts: Parts, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = InMemorySpanExporter()
    monkeypatch.setattr(ventas.spans, "exporter_to", lambda _endpoint: kept)
    spans = ventas.spans.Spans("http://127.0.0.1:1", "worker")
    monkeypatch.setattr(ventas.tracing, "of", lambda _settings, _service: spans)
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    spans.close()
    (span,) = kept.get_finished_spans()
    described = parts.registry.version(parts.ledger.runs.get(run_id).model_version)
    trace_id = run_id.replace("-", "")
    named = {"trace_id": trace_id, "traceparent": f"00-{trace_id}-{span.context.span_id:016x}-01"}
    mlflow_run = parts.registry.client.get_run(described.run_id)
    for tags in (described.tags, mlflow_run.data.tags):
        assert {name: tags.get(name) for name in named} == named


def test_an_experiment_that_was_deleted_is_restored(parts: Parts, run_id: str) -> None:
    client = parts.registry.client
    client.delete_experiment(client.get_experiment_by_name(EXPERIMENT).experiment_id)
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    assert client.get_experiment_by_name(EXPERIMENT).lifecycle_stage == "active"


@pytest.mark.parametrize("gone", ["version", "run"])
def test_a_run_whose_version_is_gone_is_trained_anew(parts: Parts, run_id: str, gone: str) -> None:
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    run, client = parts.ledger.runs.get(run_id), parts.registry.client
    if gone == "version":
        client.delete_model_version(MODEL_NAME, str(run.model_version))
    else:
        client.delete_run(run.mlflow_run_id)
        _get_store(parts.registry.settings.mlflow_uri)._hard_delete_run(run.mlflow_run_id)
    with parts.ledger.database.write() as session:
        session.execute(update(Run).values(status=RunStatus.RETRAIN))
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    again = parts.ledger.runs.get(run_id)
    assert again.model_version > run.model_version
    assert parts.registry.of_pipeline_run(run_id) == again.model_version


@pytest.mark.parametrize("has_outliers", [True, False])  # a dataset of an earlier release has none
def test_a_lasting_new_level_is_left_aside_from_the_judged_fit_and_served(
    parts: Parts, run_id: str, tmp_path: Path, has_outliers: bool
) -> None:
    """Sales triple on the 50th day: the fence leaves ten days of train aside, and all of test lies outside it."""
    tripled = SALES.assign(Ventas=3 * SALES["Ventas"] + 1000)
    outliers = {"outliers.csv": tripled[50:60]} if has_outliers else {}
    parts.store.files = {"train.csv": SALES[:50], **outliers, "test.csv": tripled[60:]}
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    described = parts.registry.version(parts.ledger.runs.get(run_id).model_version)
    judged = checked(parts.registry, described, tmp_path)
    path = parts.registry.download(described, served_file(described), tmp_path)
    week = SALES[-7:].drop(columns="Ventas")
    on_all_rows = refit(judged.estimator, pd.concat(parts.store.files.values(), ignore_index=True))
    assert judged.predict(week).max() < 800
    assert (described.params["family"], described.params["n_estimators"]) == ("seasonal_naive", "3")
    assert load_served(path, 1).predict(week) == pytest.approx(on_all_rows.predict(week))
    assert load_served(path, 1).predict(week).mean() > 1000


def test_a_model_card_is_logged_and_takes_the_verdict(parts: Parts, run_id: str, tmp_path: Path) -> None:
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    described = parts.registry.version(parts.ledger.runs.get(run_id).model_version)

    def card() -> dict[str, Any]:
        read = parts.registry.download(described, CARD_JSON, tmp_path / "read").read_text("utf-8")
        return dict(json.loads(read))

    made = card()
    assert (made["data"]["train"]["rows"], made["verdict"]) == (60, None)
    assert made["errors"]["test_rmse"] == pytest.approx(described.metrics["test_rmse"])
    verdict = Verdict(promoted=False, kind="checks", reason="Not promoted: it stumbles.").as_dict()
    add_verdict(parts.registry, described, verdict, tmp_path / "written")
    assert card() == made | {"verdict": verdict}
    text = parts.registry.download(described, CARD_MARKDOWN, tmp_path / "read").read_text("utf-8")
    assert "Not promoted: it stumbles." in text


def test_what_the_judged_fit_says_of_the_test_rows_is_logged(
    parts: Parts, run_id: str, tmp_path: Path
) -> None:
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    described = parts.registry.version(parts.ledger.runs.get(run_id).model_version)
    told = json.loads(parts.registry.text(described, PREDICTIONS_FILE))
    points = told["points"]
    assert (told["rows"], points["actual"]) == (30, SALES["Ventas"][60:].tolist())
    errors = np.subtract(points["actual"], points["prediction"])
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(described.metrics["test_rmse"], abs=1e-3)
    with pytest.raises(NotFound, match="has no file judged/nothing"):
        parts.registry.text(described, "judged/nothing")
    with pytest.raises(NotFound, match="has no file judged/nothing"):
        parts.registry.download(described, "judged/nothing", tmp_path)


def test_mlflow_alone_tells_where_a_model_comes_from_and_can_use_it(parts: Parts, run_id: str) -> None:
    parts.store.files["train.csv"] = SALES[
        1:60
    ]  # rows of its own: MLflow keeps the first source of equal ones
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    run, client = parts.ledger.runs.get(run_id), parts.registry.client
    logged = client.get_run(run.mlflow_run_id)
    assert (logged.info.status, logged.info.run_name) == ("FINISHED", run_id)
    recipe = {name: str(value) for name, value in parts.settings.recipe().items()}
    assert recipe.items() <= logged.data.params.items()
    assert logged.data.metrics["test_rmse"] == pytest.approx(run.test_rmse)
    (dataset,) = logged.inputs.dataset_inputs
    assert [tag.value for tag in dataset.tags] == ["training"]
    assert run_id in dataset.dataset.source
    (output,) = logged.outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    assert (model.status, model.source_run_id) == ("READY", run.mlflow_run_id)
    assert {one.key: one.value for one in model.metrics} == logged.data.metrics
    assert model.params == logged.data.params
    version = client.get_model_version(MODEL_NAME, str(run.model_version))
    loaded = mlflow.pyfunc.load_model(version.source)
    assert loaded.metadata.model_id == model.model_id
    rows = SALES[60:].drop(columns="Ventas").astype(dict.fromkeys(SALES.columns[1:4], "float64"))
    actual = SALES["Ventas"][60:]
    error = float(np.sqrt(np.mean((loaded.predict(rows) - actual) ** 2)))
    assert error == pytest.approx(run.test_rmse)


def test_a_zombie_that_registers_deletes_its_own_version_and_the_taker_has_the_only_one(
    parts: Parts, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker stands still after its upload to MLflow; its lease runs out, and another one takes over."""
    taken_over = []

    def slow(registry, training, run_id, settings, take):
        def stand_still_first(made: Registered) -> None:
            monkeypatch.setattr("ventas.pipeline.retrain.log_training", log_training)
            _expire(parts, run_id)
            taken_over.append(run_step(parts, run_id, Step.RETRAIN, retrain, "taker"))
            take(made)

        return log_training(registry, training, run_id, settings, stand_still_first)

    monkeypatch.setattr("ventas.pipeline.retrain.log_training", slow)
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "zombie") is None
    assert taken_over == [Step.PROMOTE]
    run = parts.ledger.runs.get(run_id)
    assert versions_of(parts, run_id) == [run.model_version]
    assert mlflow_runs_of(parts, run_id) == [run.mlflow_run_id]
    assert run.status == RunStatus.PROMOTE


def test_what_a_worker_that_died_left_behind_is_deleted_by_the_next(
    parts: Parts, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(registry, training, run_id, settings, take):
        def killed(made: Registered) -> None:
            raise KeyboardInterrupt

        return log_training(registry, training, run_id, settings, killed)

    monkeypatch.setattr("ventas.pipeline.retrain.log_training", dies)
    with pytest.raises(KeyboardInterrupt):
        run_step(parts, run_id, Step.RETRAIN, retrain, "dies")
    (left,) = versions_of(parts, run_id)
    assert parts.registry.of_pipeline_run(run_id) is None, "nobody takes it for the run's version"
    monkeypatch.setattr("ventas.pipeline.retrain.log_training", log_training)
    _expire(parts, run_id)
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "next") == Step.PROMOTE
    run = parts.ledger.runs.get(run_id)
    assert versions_of(parts, run_id) == [run.model_version]
    assert run.model_version != left
    assert mlflow_runs_of(parts, run_id) == [run.mlflow_run_id]


def test_a_version_that_the_ledger_has_taken_is_used_and_not_trained_again(
    parts: Parts, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker died between the ledger's note and MLflow's tags."""

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ventas.logbook.confirm", dies)
        with pytest.raises(KeyboardInterrupt):
            run_step(parts, run_id, Step.RETRAIN, retrain, "dies")
    taken = parts.ledger.runs.get(run_id).model_version
    assert taken is not None
    _expire(parts, run_id)
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "next") == Step.PROMOTE
    assert parts.ledger.runs.get(run_id).model_version == taken
    assert parts.registry.of_pipeline_run(run_id) == taken
    assert versions_of(parts, run_id) == [taken]


def test_a_run_started_again_with_other_settings_is_trained_anew(parts: Parts, run_id: str) -> None:
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    first = parts.ledger.runs.get(run_id).model_version
    lease = parts.ledger.runs.acquire(run_id, Step.PROMOTE, "w")
    parts.ledger.runs.finish(lease, RunStatus.FAILED, reason="MLflow was away.")
    parts.ledger.replays.retry(run_id, "ana")
    lease = parts.ledger.runs.acquire(run_id, Step.ETL, "w")
    parts.ledger.runs.note(lease, recipe_digest="another")
    parts.ledger.runs.finish(lease, RunStatus.RETRAIN)
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    second = parts.ledger.runs.get(run_id).model_version
    assert second > first
    assert parts.registry.of_pipeline_run(run_id) == second
    assert parts.registry.version(first).pipeline_run_id is None, "it stays, but is the run's no more"


def test_a_retry_with_the_same_settings_uses_the_version_that_is_there(parts: Parts, run_id: str) -> None:
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    first = parts.ledger.runs.get(run_id).model_version
    lease = parts.ledger.runs.acquire(run_id, Step.PROMOTE, "w")
    parts.ledger.runs.finish(lease, RunStatus.FAILED, reason="MLflow was away.")
    parts.ledger.replays.retry(run_id, "ana")
    lease = parts.ledger.runs.acquire(run_id, Step.ETL, "w")
    parts.ledger.runs.finish(lease, RunStatus.RETRAIN)
    assert run_step(parts, run_id, Step.RETRAIN, retrain, "w") == Step.PROMOTE
    assert parts.ledger.runs.get(run_id).model_version == first


def test_losing_the_lease_before_the_upload_leaves_nothing(parts: Parts, run_id: str) -> None:
    def lost(context, lease):
        _expire(parts, run_id)
        assert parts.ledger.runs.acquire(run_id, Step.RETRAIN, "taker") is not None
        with pytest.raises(LeaseLost):
            retrain(context, lease)
        raise LeaseLost("as it found")

    assert run_step(parts, run_id, Step.RETRAIN, lost, "zombie") is None
    assert versions_of(parts, run_id) == []
    assert mlflow_runs_of(parts, run_id) == []


def _expire(parts: Parts, run_id: str) -> None:
    row = parts.ledger.runs.get(run_id)
    with parts.ledger.database.write() as session:
        session.get(type(row), run_id).lease_expires_at = row.created_at
