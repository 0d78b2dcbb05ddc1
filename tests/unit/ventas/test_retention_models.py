"""Files of model versions that nobody uses go where KEEP_VERSIONS says so; on a real MLflow without its server."""

from datetime import timedelta
from pathlib import Path

import pytest
from mlflow.entities import LoggedModelOutput
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking._tracking_service.utils import _get_store
from old_runs import NOW, ended, promoted

from ventas.champion import ChampionSource
from ventas.errors import Deleted
from ventas.ledger import Ledger
from ventas.ledger.shadows import NewShadowPrediction
from ventas.registry import DELETED_TAG, JUDGED_FILE, Registry
from ventas.retention import delete_part, kinds
from ventas.retention.models import OldModels
from ventas.retention.old import Amount
from ventas.settings import EXPERIMENT, MODEL_NAME, Settings

# MLflow uses what SQLAlchemy and pandas call outdated; its store runs in this process here.
pytestmark = pytest.mark.filterwarnings("ignore")
CARD = "card/model_card.json"
BYTES = 5 + 3 + 7  # of what goes of one version


@pytest.fixture
def kept(settings: Settings, tracking_uri: str) -> Settings:
    return settings.model_copy(
        update={"MLFLOW_TRACKING_URI": tracking_uri, "KEEP_VERSIONS": 1, "REDIS_URL": "redis://127.0.0.1:1/0"}
    )


@pytest.fixture
def registry(kept: Settings) -> Registry:
    return Registry(kept)


@pytest.fixture
def versions(registry: Registry, tmp_path: Path) -> list[int]:
    """Six new versions with files of their run, a card, and files of MLflow's own model."""
    return [_registered(registry, tmp_path) for _ in range(6)]


def _registered(registry: Registry, folder: Path) -> int:
    client = registry.client
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    run = client.create_run(experiment)
    run_id = run.info.run_id
    for name, text in {JUDGED_FILE: "12345", "plot.svg": "123", CARD: "{}"}.items():
        client.log_text(run_id, text, name)
    model = client.create_logged_model(experiment, "model", run_id)
    (folder / "MLmodel").write_text("1234567")
    get_artifact_repository(model.artifact_location).log_artifact(str(folder / "MLmodel"))
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return int(
        client.create_model_version(
            MODEL_NAME, f"models:/{model.model_id}", run_id, model_id=model.model_id
        ).version
    )


def _judged(ledger: Ledger, versions: list[int], **columns: object) -> list[str]:
    return [
        ended(ledger, 100 - number, model_version=version, **columns)
        for number, version in enumerate(versions)
    ]


def _deleted(registry: Registry, versions: list[int]) -> set[int]:
    """Which of the versions say so; each of the others has all its files."""
    gone = {version for version in versions if DELETED_TAG in registry.version(version).tags}
    for version in set(versions) - gone:
        assert registry.text(registry.version(version), JUDGED_FILE) == "12345"
    return gone


def test_files_beyond_the_newest_go_and_the_version_stays(
    kept: Settings, ledger: Ledger, registry: Registry, versions: list[int]
) -> None:
    runs = _judged(ledger, versions)
    delete_part(ledger, kept.model_copy(update={"KEEP_VERSIONS": 0}))
    assert _deleted(registry, versions) == set()
    (kind,) = kinds(ledger, kept.model_copy(update={"KEEP_VERSIONS": 4}))
    assert kind.count() == Amount(runs=2, bytes=2 * BYTES)
    assert _deleted(registry, versions) == set(), "counting deletes nothing"
    assert kind.delete() == Amount(runs=2, bytes=2 * BYTES)
    assert _deleted(registry, versions) == set(versions[:2])
    described = registry.version(versions[0])
    assert registry.text(described, CARD) == "{}"
    with pytest.raises(Deleted, match=r"went by retention on .* \(KEEP_VERSIONS\)"):
        registry.text(described, JUDGED_FILE)
    assert ledger.runs.get(runs[0]).model_deleted_at is not None
    assert kind.count() == kind.delete() == Amount(0, 0), "asked twice"


def test_what_is_in_use_or_named_stays(
    kept: Settings, ledger: Ledger, registry: Registry, versions: list[int]
) -> None:
    before, earlier, champion, awaited, named, newest = versions
    _judged(ledger, versions)
    promoted(ledger, before, None, 100)
    promoted(ledger, earlier, before, 50)
    promoted(ledger, champion, earlier, 20)
    day = NOW.date() + timedelta(days=3)
    ledger.shadows.add([NewShadowPrediction(NOW, awaited, day, "", 0, 0, 1.0, None, None)])
    registry.set_alias("favourite", named)
    try:
        delete_part(ledger, kept)
        assert _deleted(registry, versions) == {before}
        with pytest.raises(Deleted, match="KEEP_VERSIONS"):
            ChampionSource(kept, ledger, registry).promote(before, "Ana", "Sundays.")
        assert ledger.promotions.head().model_version == champion
    finally:
        registry.client.delete_registered_model_alias(MODEL_NAME, "favourite")
    assert newest not in _deleted(registry, versions)


def test_what_may_be_started_again_or_waits_for_approval_stays(
    kept: Settings, ledger: Ledger, registry: Registry, versions: list[int]
) -> None:
    ended(ledger, 50, "failed", model_version=versions[0])
    ended(ledger, 49, "promote", model_version=versions[1], finished_at=None)
    held = {"kind": "first", "held": True, "champion_version": None}
    ended(ledger, 48, model_version=versions[2], verdict=held)
    _judged(ledger, versions[3:])
    delete_part(ledger, kept)
    assert _deleted(registry, versions) == {versions[3], versions[4]}


def test_a_sweep_deletes_only_so_many_the_oldest_first(
    kept: Settings, ledger: Ledger, registry: Registry, versions: list[int]
) -> None:
    _judged(ledger, versions)
    kind = OldModels(ledger, registry, kept)
    assert kind.delete(runs=2).runs == 2
    assert _deleted(registry, versions) == set(versions[:2])
    assert kind.delete(runs=None).runs == 3
    assert _deleted(registry, versions) == set(versions[:5])


@pytest.mark.parametrize("at", ["set_tags", "note_model_deleted"])
def test_whoever_is_killed_in_between_does_it_again(
    kept: Settings,
    ledger: Ledger,
    registry: Registry,
    versions: list[int],
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    runs = _judged(ledger, versions[4:])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(registry if at == "set_tags" else ledger.old_files, at, killed)
        with pytest.raises(KeyboardInterrupt):
            OldModels(ledger, registry, kept).delete()
    assert ledger.runs.get(runs[0]).model_deleted_at is None
    assert OldModels(ledger, registry, kept).delete() == Amount(runs=1, bytes=0)
    assert _deleted(registry, versions) == {versions[4]}
    assert ledger.runs.get(runs[0]).model_deleted_at is not None


def test_a_version_that_is_in_mlflow_no_more_is_no_trouble(
    kept: Settings, ledger: Ledger, registry: Registry, versions: list[int]
) -> None:
    runs = _judged(ledger, versions[3:])
    registry.client.delete_model_version(MODEL_NAME, str(versions[4]))
    gone = registry.version(versions[3]).run_id
    registry.client.delete_run(gone)
    _get_store(kept.mlflow_uri)._hard_delete_run(gone)
    assert OldModels(ledger, registry, kept).delete() == Amount(0, 0)
    assert OldModels(ledger, registry, kept).count() == Amount(0, 0)
    assert all(ledger.runs.get(run).model_deleted_at for run in runs[:2]), "nothing is left to look for"


def test_a_model_that_somebody_deleted_in_mlflow_stops_nothing(
    kept: Settings, ledger: Ledger, registry: Registry, versions: list[int]
) -> None:
    _judged(ledger, versions[3:])
    client = registry.client
    run = client.get_run(registry.version(versions[3]).run_id)
    client.delete_logged_model(run.outputs.model_outputs[0].model_id)
    assert OldModels(ledger, registry, kept).delete().runs == 2
    assert _deleted(registry, versions[3:]) == set(versions[3:5])
