"""MLflow: the experiment's runs, the model's versions and their aliases.

All errors of MLflow and of its HTTP client leave this module as RegistryUnavailable or NotFound.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from ventas.credentials import credentials
from ventas.errors import Conflict, Deleted, ModelUnusable, NotFound, RegistryUnavailable
from ventas.settings import EXPERIMENT, MODEL_NAME, Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion
    from mlflow.tracking._model_registry.client import ModelRegistryClient

PAGE = 1000
AT_ONCE = 4  # files that are sent or fetched together
CHAMPION, CHALLENGER = "champion", "challenger"
PRODUCTION, ARCHIVED, STAGING, REJECTED = "Production", "Archived", "Staging", "Rejected"
STAGE_TAG, RUN_TAG, SERVED_TAG = "stage", "ventas.run_id", "ventas.served_artifact"
EXAMPLE_TAG, RECIPE_TAG = "ventas.example_artifact", "ventas.recipe_digest"
# When retention deleted the files of a version, as text; its card stays.
DELETED_TAG, CARD_FOLDER = "ventas.deleted_by_retention", "card"
JUDGED_FILE = "judged/model.skops"
TRAINED_ON_FILE = "judged/trained_on.txt"
EXAMPLE_FILE = "judged/example.json"
PREDICTIONS_FILE = "judged/predictions.json"

# Where an alias must still be for a request to move it; our server heeds it (`ventas.launcher.mlflow_alias`).
ALIAS_FROM_HEADER = "X-Ventas-Alias-From"
# When somebody other than us set the alias `champion` last, as text; our server writes it.
HAND_TAG = "ventas.champion_set_by_hand"

# MLflow's own defaults retry a dead server for minutes.
_CLIENT_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


@dataclass(frozen=True)
class ModelVersion:
    """A registered version; `run_id` is MLflow's, `pipeline_run_id` the ledger's, `created_at` in UTC.

    `is_ours`: whether its MLflow run is one of our experiment; the files of any other are not loaded.
    `missing`: the MLflow run is gone for good, and with it figures, parameters and files; or the version itself is,
    of which only the ledger knows.
    """

    version: int
    aliases: tuple[str, ...]
    stage: str
    metrics: dict[str, float]
    params: dict[str, str]
    run_id: str
    pipeline_run_id: str | None
    created_at: datetime
    tags: dict[str, str]
    is_ours: bool = True
    missing: Literal["run", "version"] | None = None


@dataclass(frozen=True)
class AliasPlace:
    """Where the alias `champion` is: `version` is None where it is on none, `hand_mark` is HAND_TAG's value."""

    version: int | None
    hand_mark: str | None = None

    @classmethod
    def of(cls, model: Any) -> "AliasPlace":
        """The place in a registered model as MLflow has it."""
        version = model.aliases.get(CHAMPION)
        return cls(None if version is None else int(version), model.tags.get(HAND_TAG))

    @property
    def by_hand_at(self) -> datetime | None:
        """When somebody set it by hand last, by the clock of MLflow's server; None where that is not known."""
        try:
            return datetime.fromisoformat(self.hand_mark) if self.hand_mark else None
        except ValueError:  # somebody has changed the tag
            return None

    @property
    def mark_text(self) -> str:
        """The mark in `as_text`."""
        return f"by hand {self.hand_mark or 'never'}"

    def as_text(self) -> str:
        """The place in a header."""
        return f"{self.version or 'none'} {self.mark_text}"


class Registry:
    """Reads and changes the registered model. Importing MLflow takes seconds, so it waits for the first use."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self._artifacts: dict[str, str] = {}
        self._our_experiments: set[str] = set()
        self._gone_runs: set[str] = set()

    @cached_property
    def client(self) -> "MlflowClient":
        """MLflow's client, patient for seconds rather than minutes."""
        for name, value in _CLIENT_ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        uri = self.settings.mlflow_uri
        if uri != self.settings.MLFLOW_TRACKING_URI and (
            login := credentials(self.settings.MLFLOW_TRACKING_URI)
        ):
            # MLflow's errors name the address, and those end in logs and answers.
            os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"] = login
        import mlflow

        mlflow.set_tracking_uri(uri)
        return mlflow.MlflowClient(uri)

    def versions(self) -> list[ModelVersion]:
        """All versions, newest first; one whose MLflow run is gone is among them."""
        with translated():
            listed = [
                version for version in self._listed() if version.run_id
            ]  # else it was registered by hand
            if not listed:
                return []
            aliases, runs = self._aliases(), self._runs({version.run_id for version in listed})
            described = [_described(version, aliases, runs.get(version.run_id)) for version in listed]
            return sorted(described, key=lambda version: version.version, reverse=True)

    def version(self, number: int) -> ModelVersion:
        """One version, its MLflow run there or not; raises NotFound."""
        with translated(f"There is no version {number} of {MODEL_NAME}."):
            version = self.client.get_model_version(MODEL_NAME, str(number))
        if not version.run_id:
            raise NotFound(f"Version {number} of {MODEL_NAME} is of no MLflow run, so it is none of ours.")
        aliases = {number: tuple(version.aliases)}
        with translated():
            run = self._run(version.run_id)
            is_ours = run is not None and self._is_ours(run.info.experiment_id)
        if run is not None:
            self._artifacts[run.info.run_id] = run.info.artifact_uri
        return replace(_described(version, aliases, run), is_ours=is_ours)

    def of_pipeline_run(self, run_id: str) -> int | None:
        """The version that a pipeline run registered, or None."""
        with translated():
            found = self.client.search_model_versions(f"name='{MODEL_NAME}' and tags.`{RUN_TAG}`='{run_id}'")
            return min((int(version.version) for version in found), default=None)

    def champion_alias(self) -> int | None:
        """The version that MLflow calls champion, or None."""
        return self.champion_place().version

    def champion_place(self) -> AliasPlace:
        """Where the alias is, and when somebody set it by hand last."""
        try:
            with translated():
                return AliasPlace.of(self.client.get_registered_model(MODEL_NAME))
        except NotFound:
            return AliasPlace(None)

    def has_version(self, number: int) -> bool:
        """Whether a version is registered."""
        try:
            with translated():
                self.client.get_model_version(MODEL_NAME, str(number))
        except NotFound:
            return False
        return True

    def set_alias(self, alias: str, version: int) -> None:
        """Move an alias."""
        with translated(f"There is no version {version} of {MODEL_NAME}."):
            self._changes.set_registered_model_alias(MODEL_NAME, alias, str(version))

    def move_champion(self, version: int, place: AliasPlace) -> bool:
        """Move the alias `champion` that still is as it was seen at `place`, and tell whether it was.

        An MLflow that was not started by us compares nothing, and always moves it. Raises as `set_alias`.
        """
        try:
            with _further_headers({ALIAS_FROM_HEADER: place.as_text()}):
                self.set_alias(CHAMPION, version)
        except Conflict:
            return False
        return True

    def set_tags(self, version: int, tags: dict[str, str]) -> None:
        """Set tags of a version."""
        with translated(f"There is no version {version} of {MODEL_NAME}."):
            for name, value in tags.items():
                self._changes.set_model_version_tag(MODEL_NAME, str(version), name, value)

    @cached_property
    def _changes(self) -> "ModelRegistryClient":
        """What MLflow's client itself writes by: the client asks before each tag and alias whether the name is
        that of a prompt."""
        from mlflow.tracking._model_registry.client import ModelRegistryClient

        _ = self.client  # sets the patience
        return ModelRegistryClient(self.settings.mlflow_uri, self.settings.mlflow_uri)

    def download(self, version: ModelVersion, artifact: str, folder: Path) -> Path:
        """Fetch one file of the MLflow run behind a version into `folder`.

        Raises NotFound, and ModelUnusable for a run of another experiment or a name that leads out of its run.
        """
        _require_run(version)
        if not version.is_ours:
            raise ModelUnusable(f"Version {version.version} is of no run of experiment {EXPERIMENT!r}.")
        _require_inside(version, artifact)
        _require_kept(version, artifact)
        return self._download(version, artifact, folder)

    def _download(self, version: ModelVersion, artifact: str, folder: Path) -> Path:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        folder.mkdir(parents=True, exist_ok=True)
        path = folder / PurePosixPath(artifact).name
        missing = f"Version {version.version} has no file {artifact}."
        try:
            with translated(missing):
                artifacts = get_artifact_repository(
                    self._artifacts_of(version.run_id), self.settings.mlflow_uri
                )
                # `download_artifacts` asks first whether it is a folder; by the run's id it asks seven times.
                artifacts._download_file(artifact, str(path))
        except RegistryUnavailable as error:
            # A download of what is not there looks like an MLflow that is away.
            if artifact in self.lacking(version, [artifact]):
                raise NotFound(missing) from error
            raise
        return path

    def lacking(self, version: ModelVersion, artifacts: Iterable[str]) -> list[str]:
        """Those of `artifacts` that the MLflow run of a version does not have. Raises RegistryUnavailable."""
        names = list(dict.fromkeys(artifacts))
        if version.missing:
            return names
        folders = dict.fromkeys(str(PurePosixPath(name).parent) for name in names)
        with translated(f"The MLflow run of version {version.version} is gone."):
            stored = {
                file.path
                for folder in folders
                for file in self.client.list_artifacts(version.run_id, None if folder == "." else folder)
            }
        return [name for name in names if name not in stored]

    def download_all(self, version: ModelVersion, artifacts: Iterable[str], folder: Path) -> dict[str, Path]:
        """The same for several files at once, by their names; each gets its own place below `folder`."""
        names = list(dict.fromkeys(artifacts))
        for name in names:
            _require_inside(version, name)
        _ = self.client, self._artifacts_of(version.run_id)  # once, before the threads
        with ThreadPoolExecutor(AT_ONCE) as pool:
            # Several have the same last name, by which they are stored.
            paths = pool.map(lambda name: self.download(version, name, (folder / name).parent), names)
            return dict(zip(names, paths, strict=True))

    def _is_ours(self, experiment_id: str) -> bool:
        """Whether the experiment is ours; asked once, for that it is."""
        if experiment_id not in self._our_experiments:
            if self.client.get_experiment(experiment_id).name != EXPERIMENT:
                return False
            self._our_experiments.add(experiment_id)
        return True

    def _artifacts_of(self, run_id: str) -> str:
        """Where the files of an MLflow run are; that never changes."""
        if run_id not in self._artifacts:
            self._artifacts[run_id] = self.client.get_run(run_id).info.artifact_uri
        return self._artifacts[run_id]

    def text(self, version: ModelVersion, artifact: str) -> str:
        """One text file of the MLflow run behind a version; raises NotFound."""
        _require_run(version)
        _require_kept(version, artifact)
        if self.lacking(version, [artifact]):  # asked first, for MLflow answers a lack as slowly as a fault
            raise NotFound(f"Version {version.version} has no file {artifact}.")
        with TemporaryDirectory() as folder:
            return self._download(version, artifact, Path(folder)).read_text("utf-8")

    def log_text(self, version: ModelVersion, text: str, artifact: str) -> None:
        """Write a file of the MLflow run behind a version, in place of one that is there."""
        with translated(f"The MLflow run of version {version.version} is gone."):
            self.client.log_text(version.run_id, text, artifact)

    def _aliases(self) -> dict[int, tuple[str, ...]]:
        aliases: dict[int, tuple[str, ...]] = {}
        for alias, version in self.client.get_registered_model(MODEL_NAME).aliases.items():
            aliases[int(version)] = (*aliases.get(int(version), ()), alias)
        return aliases

    def _listed(self) -> "Iterator[MlflowVersion]":
        return _pages(
            lambda token: self.client.search_model_versions(
                f"name='{MODEL_NAME}'", max_results=PAGE, page_token=token
            )
        )

    def _runs(self, wanted: set[str]) -> "dict[str, Run]":
        """The MLflow runs of these ids that there are: a request a page, where each one's own would take as many."""
        from mlflow.entities import ViewType

        runs: dict[str, Run] = {}
        experiment = self.client.get_experiment_by_name(EXPERIMENT)
        if experiment is not None:
            of_experiment = _pages(
                lambda token: self.client.search_runs(
                    [experiment.experiment_id], run_view_type=ViewType.ALL, max_results=PAGE, page_token=token
                )
            )
            for run in of_experiment:
                if run.info.run_id in wanted:
                    runs[run.info.run_id] = run
                if len(runs) == len(wanted):
                    break
        others = {run_id: self._run(run_id) for run_id in wanted - runs.keys()}
        return runs | {run_id: run for run_id, run in others.items() if run is not None}

    def _run(self, run_id: str) -> "Run | None":
        """An MLflow run, or None where it is gone for good: that is asked once, as ids never come again."""
        if run_id in self._gone_runs:
            return None
        try:
            with translated():
                return self.client.get_run(run_id)
        except NotFound:
            self._gone_runs.add(run_id)
            return None


def _pages(page_of: Callable[[str | None], Any]) -> Iterator[Any]:
    """All entries of a list that MLflow gives page by page."""
    token = None
    while True:
        page = page_of(token)
        yield from page
        token = page.token
        if not token:
            return


def served_file(version: ModelVersion) -> str:
    """The file of a version that is served if it becomes champion."""
    return version.tags.get(SERVED_TAG, JUDGED_FILE)


def _require_inside(version: ModelVersion, artifact: str) -> None:
    """Names of files come from tags, which anybody who reaches MLflow may set; raises ModelUnusable."""
    path = PurePosixPath(artifact)
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise ModelUnusable(
            f"Version {version.version} names the file {artifact!r}, which is none of its run."
        )


def _require_run(version: ModelVersion) -> None:
    if version.missing:
        raise NotFound(f"The MLflow run of version {version.version} is gone, and its files with it.")


def _require_kept(version: ModelVersion, artifact: str) -> None:
    when = version.tags.get(DELETED_TAG)
    if when and PurePosixPath(artifact).parts[0] != CARD_FOLDER:
        raise Deleted(
            f"The files of version {version.version} went by retention on {when[:10]} (KEEP_VERSIONS); only its "
            "figures, its card and its verdict are left."
        )


def _described(
    version: "MlflowVersion", aliases: dict[int, tuple[str, ...]], run: "Run | None"
) -> ModelVersion:
    tags = dict(version.tags)
    number = int(version.version)
    return ModelVersion(
        version=number,
        aliases=aliases.get(number, ()),
        stage=tags.get(STAGE_TAG, ""),
        metrics=dict(run.data.metrics) if run else {},
        params=dict(run.data.params) if run else {},
        run_id=version.run_id,
        pipeline_run_id=tags.get(RUN_TAG),
        created_at=datetime.fromtimestamp(version.creation_timestamp / 1000, tz=UTC),
        tags=tags,
        missing=None if run else "run",
    )


_headers: ContextVar[dict[str, str]] = ContextVar("headers", default={})  # noqa: B039 - never changed in place


@contextmanager
def _further_headers(headers: dict[str, str]) -> Iterator[None]:
    """Send headers with the requests of MLflow's client."""
    _register_headers()
    token = _headers.set(headers)
    try:
        yield
    finally:
        _headers.reset(token)


@cache
def _register_headers() -> None:
    """Let MLflow's client ask for further headers, by its registry of plugins."""
    from mlflow.tracking.request_header.abstract_request_header_provider import RequestHeaderProvider
    from mlflow.tracking.request_header.registry import _request_header_provider_registry

    class FurtherHeaders(RequestHeaderProvider):  # type: ignore[misc]
        def in_context(self) -> bool:
            return bool(_headers.get())

        def request_headers(self) -> dict[str, str]:
            return _headers.get()

    _request_header_provider_registry.register(FurtherHeaders)


@contextmanager
def translated(missing: str = "MLflow knows nothing of the kind.") -> Iterator[None]:
    """Turn MLflow's errors into ours; `missing` is the sentence for what is not there."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException

    try:
        yield
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
            raise NotFound(missing) from error
        if error.error_code == "RESOURCE_CONFLICT":
            raise Conflict(error.message) from error
        raise RegistryUnavailable(f"MLflow cannot be used: {error.message}") from error
    except (RequestException, OSError) as error:
        answer = getattr(error, "response", None)
        if answer is not None and answer.status_code == HTTPStatus.NOT_FOUND:
            raise NotFound(missing) from error
        raise RegistryUnavailable(f"MLflow does not answer: {error}") from error
