"""Files of model versions beyond the newest KEEP_VERSIONS that nobody uses.

The version stays registered with figures, tags and card: predictions, promotions and verdicts name it for ever. What
goes is what takes room, the files of its MLflow run and of MLflow's own model. First they go, then a tag says so,
then the ledger.
"""

from collections.abc import Iterator
from datetime import timedelta

from mlflow import MlflowClient
from mlflow.entities import LoggedModel
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from ventas.errors import NotFound
from ventas.ledger import Ledger
from ventas.ledger.old_files import OldModel
from ventas.registry import CARD_FOLDER, DELETED_TAG, ModelVersion, Registry, translated
from ventas.retention.in_use import versions_in_use
from ventas.retention.old import Amount
from ventas.settings import Settings
from ventas.times import iso_z, utc_now

VERSIONS_A_SWEEP = 5  # some twenty requests each


class OldModels:
    """The versions that KEEP_VERSIONS limits."""

    setting, what, limit = "KEEP_VERSIONS", "Model files", None

    def __init__(self, ledger: Ledger, registry: Registry, settings: Settings):
        self._ledger, self._registry, self._settings = ledger, registry, settings

    def count(self) -> Amount:
        """What would go. Raises LedgerUnavailable and RegistryUnavailable."""
        sizes = [self._size(version) for _, version in self._found() if version is not None]
        return Amount(len(sizes), sum(sizes))

    def delete(self, runs: int | None = VERSIONS_A_SWEEP) -> Amount:
        """Delete the files of the oldest `runs` versions (None: of all). Raises as `count`.

        What is deleted by then stays so; what has no note yet is looked for again.
        """
        done = size = 0
        for old, version in self._found():
            if done == runs:
                break
            if version is not None:
                size += self._delete(version)
                done += 1
            self._ledger.old_files.note_model_deleted(old.run_id)
        return Amount(done, size)

    def _found(self) -> Iterator[tuple[OldModel, ModelVersion | None]]:
        """Runs and their versions that may go, the oldest first; None for one that MLflow has nothing of."""
        kept = versions_in_use(self._ledger)
        found = self._ledger.old_files.models_beyond(self._settings.KEEP_VERSIONS, kept)
        if not found:
            return
        since = utc_now() - timedelta(days=self._settings.ALERT_WINDOW_DAYS)
        awaited = self._ledger.old_files.needed_by_alerts(since)
        head = self._ledger.promotions.head()
        if head:
            awaited.update(self._ledger.alerts.fallbacks(head.model_version)[:1])
        for old in found:
            if old.version in awaited:
                continue
            try:
                version = self._registry.version(old.version)
            except NotFound:
                yield old, None
                continue
            if version.missing:
                yield old, None
                continue
            # Whoever gave it a name in MLflow wants it; and a run of another experiment is none of ours.
            if not version.aliases and version.is_ours:
                yield old, version

    def _size(self, version: ModelVersion) -> int:
        with translated():
            return sum(size for place in self._places(version) for _, size in _entries(place))

    def _delete(self, version: ModelVersion) -> int:
        size = 0
        with translated():
            for place in self._places(version):
                for name, of_entry in _entries(place):
                    place.delete_artifacts(name)
                    size += of_entry
        self._registry.set_tags(version.version, {DELETED_TAG: str(iso_z(utc_now()))})
        return size

    def _places(self, version: ModelVersion) -> list[ArtifactRepository]:
        """Where the files of a version are: those of its run, and of the models that its run has made."""
        client = self._registry.client
        run = client.get_run(version.run_id)
        made = run.outputs.model_outputs if run.outputs else []
        models = [model for one in made if (model := _logged_model(client, one.model_id)) is not None]
        places = [one.artifact_location for one in models if one.source_run_id == version.run_id]
        uri = self._settings.mlflow_uri
        return [get_artifact_repository(place, uri) for place in (run.info.artifact_uri, *places)]


def _logged_model(client: MlflowClient, model_id: str) -> LoggedModel | None:
    """A model that MLflow keeps of a run, or None where somebody has deleted it."""
    try:
        with translated():
            return client.get_logged_model(model_id)
    except NotFound:
        return None


def _entries(place: ArtifactRepository) -> list[tuple[str, int]]:
    """What lies at the top of a place, folders with all below them, and the bytes of each; the card stays."""
    return [
        (one.path, _bytes(place, one.path) if one.is_dir else one.file_size or 0)
        for one in place.list_artifacts()
        if one.path != CARD_FOLDER
    ]


def _bytes(place: ArtifactRepository, folder: str) -> int:
    return sum(
        _bytes(place, one.path) if one.is_dir else one.file_size or 0 for one in place.list_artifacts(folder)
    )
