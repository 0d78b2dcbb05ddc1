"""The doctor's word on a champion of which MLflow lacks something; on a real MLflow without its server."""

import pytest
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking._tracking_service.utils import _get_store

from ventas.doctor import CHECKS
from ventas.doctor_checks import Trouble
from ventas.ledger import Ledger
from ventas.registry import JUDGED_FILE, Registry
from ventas.settings import EXPERIMENT, MODEL_NAME, Settings

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, of the libraries that it uses


@pytest.fixture
def system(settings: Settings, tracking_uri: str) -> Settings:
    return settings.model_copy(update={"MLFLOW_TRACKING_URI": tracking_uri, "API_URL": "http://127.0.0.1:1"})


@pytest.fixture
def registry(system: Settings) -> Registry:
    return Registry(system)


@pytest.fixture
def champion(registry: Registry, ledger: Ledger) -> int:
    """A version that ledger and alias name."""
    client = registry.client
    run = client.create_run(client.get_experiment_by_name(EXPERIMENT).experiment_id)
    client.log_text(run.info.run_id, "12345", JUDGED_FILE)
    made = int(client.create_model_version(MODEL_NAME, run.info.artifact_uri, run.info.run_id).version)
    ledger.promotions.record_manual(made, None, "ana", "The first.", mirrored=True)
    registry.set_alias("champion", made)
    return made


def _trouble(system: Settings) -> Trouble:
    with pytest.raises(Trouble) as caught:
        CHECKS["champion"](system)
    return caught.value


def test_a_champion_that_was_deleted(system: Settings, registry: Registry, champion: int) -> None:
    registry.client.delete_model_version(MODEL_NAME, str(champion))
    trouble = _trouble(system)
    assert str(trouble).startswith(f"Champion version {champion} is no longer in MLflow.")
    assert "`ventas rollback" in trouble.remedy


def test_a_champion_whose_run_is_gone(system: Settings, registry: Registry, champion: int) -> None:
    run_id = registry.version(champion).run_id
    registry.client.delete_run(run_id)
    _get_store(system.mlflow_uri)._hard_delete_run(run_id)
    assert f"MLflow run of champion version {champion} is gone" in str(_trouble(system))


def test_a_champion_whose_file_is_gone(system: Settings, registry: Registry, champion: int) -> None:
    described = registry.version(champion)
    registry.client.log_text(described.run_id, "", "judged/other.txt")
    place = registry.client.get_run(described.run_id).info.artifact_uri
    get_artifact_repository(place).delete_artifacts(JUDGED_FILE)
    assert f"Champion version {champion} has no {JUDGED_FILE} in MLflow any more." in str(_trouble(system))


def test_an_alias_that_was_deleted_is_mended_by_the_api(
    system: Settings, registry: Registry, champion: int
) -> None:
    registry.client.delete_registered_model_alias(MODEL_NAME, "champion")
    trouble = _trouble(system)
    assert str(trouble) == f"The ledger says version {champion}, MLflow's alias None."
    assert trouble.remedy.startswith("The API mends it")
