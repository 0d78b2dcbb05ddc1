"""What is gone from MLflow hides nothing else; on a real MLflow without its server."""

import pytest
from mlflow.tracking._tracking_service.utils import _get_store

import ventas.registry
from ventas.errors import NotFound
from ventas.registry import JUDGED_FILE, Registry
from ventas.settings import EXPERIMENT, MODEL_NAME, Settings

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, of the libraries that it uses


@pytest.fixture
def registry(settings: Settings, tracking_uri: str) -> Registry:
    return Registry(settings.model_copy(update={"MLFLOW_TRACKING_URI": tracking_uri}))


def _registered(registry: Registry) -> int:
    client = registry.client
    run = client.create_run(client.get_experiment_by_name(EXPERIMENT).experiment_id)
    client.log_metric(run.info.run_id, "test_rmse", 3.0)
    client.log_text(run.info.run_id, "12345", JUDGED_FILE)
    return int(client.create_model_version(MODEL_NAME, run.info.artifact_uri, run.info.run_id).version)


def _collect(registry: Registry, version: int) -> None:
    """Delete the MLflow run of a version for good, as `mlflow gc` does."""
    run_id = registry.version(version).run_id
    registry.client.delete_run(run_id)
    _get_store(registry.settings.mlflow_uri)._hard_delete_run(run_id)


def test_a_version_whose_run_is_gone_is_listed_without_figures(registry: Registry) -> None:
    gone, there = _registered(registry), _registered(registry)
    _collect(registry, gone)
    told = {one.version: (one.metrics, one.missing) for one in registry.versions()}
    assert (told[gone], told[there]) == (({}, "run"), ({"test_rmse": 3.0}, None))
    described = registry.version(gone)
    assert (described.missing, described.is_ours) == ("run", False)
    for use in (registry.text, lambda *of: registry.download(*of, registry.settings.home)):
        with pytest.raises(NotFound, match=f"MLflow run of version {gone} is gone"):
            use(described, JUDGED_FILE)
    assert registry.lacking(described, [JUDGED_FILE]) == [JUDGED_FILE]


def test_all_pages_are_listed(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [_registered(registry) for _ in range(5)]
    monkeypatch.setattr(ventas.registry, "PAGE", 2)
    asked: list[str] = []
    monkeypatch.setattr(registry, "_run", asked.append)
    told = [one.version for one in registry.versions()]
    assert (told[:5], told) == (made[::-1], sorted(told, reverse=True))
    known = {one.run_id for one in registry.versions() if one.version in made}
    assert known.isdisjoint(asked), "the pages have them"


def test_a_deleted_experiment_hides_no_version(registry: Registry) -> None:
    version, client = _registered(registry), registry.client
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    client.delete_experiment(experiment)
    try:
        (described,) = [one for one in registry.versions() if one.version == version]
        assert described.metrics == {"test_rmse": 3.0}
        assert registry.text(registry.version(version), JUDGED_FILE) == "12345"
    finally:
        client.restore_experiment(experiment)


def test_a_run_that_may_be_restored_is_there(registry: Registry) -> None:
    version = _registered(registry)
    registry.client.delete_run(registry.version(version).run_id)
    (described,) = [one for one in registry.versions() if one.version == version]
    assert (described.missing, described.metrics) == (None, {"test_rmse": 3.0})
