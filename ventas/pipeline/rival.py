"""The champion as a challenger's rival, as far as it can still be had."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ventas.champion import local_copy, scratch_folder
from ventas.checks import fetched
from ventas.errors import ModelUnusable, NotFound
from ventas.pipeline.context import Context
from ventas.promotion import Case, Contender, date_keys
from ventas.registry import JUDGED_FILE, TRAINED_ON_FILE
from ventas.reproducible import unfittable
from ventas.served import ServedModel, load_served


@dataclass(frozen=True)
class Rival:
    """The champion; `model` is None where it cannot be compared any more, `lack` says what is missing of it.

    `trained_on` is None where it is not known which days it has seen: then only its recipe can be compared.
    """

    version: int
    model: ServedModel | None = None
    trained_on: frozenset[str] | None = None
    lack: str = ""

    def contender(self, case: Case) -> Contender | None:
        """The champion to be compared on a case; None where nothing is left of it."""
        if self.model is None:
            return None
        # A fit that may have seen any of the rows leaves none to compare fits on.
        trained_on = date_keys(case.test) if self.trained_on is None else self.trained_on
        return Contender(self.version, self.model.estimator, trained_on)

    def checked(self, case: Case) -> "Rival":
        """The same, without a model whose recipe must be compared and cannot be fitted."""
        if self.model is None or self.trained_on is not None:
            return self
        fault = unfittable(self.model.estimator, case.train, case.settings.SEED)
        return Rival(self.version, lack=f"{self.lack} Its recipe {fault}") if fault else self

    @property
    def note(self) -> str:
        """Why its recipe was compared, as a sentence; empty where nothing is missing."""
        return f"{self.lack} So its recipe was compared." if self.lack else ""

    @property
    def absence(self) -> str:
        """Why a challenger has no rival, as the end of a sentence about it."""
        return (
            f"has no rival, for champion version {self.version} cannot be compared ({self.lack.rstrip('.')})"
        )


def rival(context: Context, version: int) -> Rival:
    """The champion, by its judged fit; what is gone from MLflow is made up for by the copy that is served here.

    Raises RegistryUnavailable.
    """
    try:
        described = context.registry.version(version)
        with scratch_folder(context.settings) as folder:
            model = load_served(
                fetched(context.registry, described, [JUDGED_FILE], folder)[JUDGED_FILE], version
            )
            return _with_dates(context, described, model, folder)
    except (NotFound, ModelUnusable) as error:
        return _of_copy(context, version, str(error))


def _with_dates(context: Context, described: Any, model: ServedModel, folder: Path) -> Rival:
    try:
        file = fetched(context.registry, described, [TRAINED_ON_FILE], folder)[TRAINED_ON_FILE]
        return Rival(model.version, model, frozenset(file.read_text("ascii").split()))
    except (ModelUnusable, NotFound) as error:
        return Rival(model.version, model, lack=str(error))
    except UnicodeDecodeError:
        return Rival(model.version, model, lack=f"Its file {TRAINED_ON_FILE} cannot be read.")


def _of_copy(context: Context, version: int, lack: str) -> Rival:
    path = local_copy(context.settings, version)
    try:
        return (
            Rival(version, load_served(path, version), lack=lack)
            if path.exists()
            else Rival(version, lack=lack)
        )
    except ModelUnusable:
        return Rival(version, lack=lack)
