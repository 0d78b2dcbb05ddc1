"""What the API needs of the model registry, as ports: the real ones are in `ventas`, tests bring their own."""

from collections.abc import Sequence
from typing import Protocol

from ventas.ledger import Promotion
from ventas.registry import ModelVersion
from ventas.served import ServedModel


class ModelSource(Protocol):
    """Where the champion comes from."""

    def current_version(self) -> int | None:
        """The champion's version, or None while there is none. Raises LedgerUnavailable."""

    def fetch(self, version: int) -> ServedModel:
        """The model of `version`. Raises RegistryUnavailable and ModelUnusable."""

    def last_good(self) -> ServedModel | None:
        """The newest local copy, without any network; None where there is none."""

    def reconcile(self) -> None:
        """Bring ledger and registry together. Raises RegistryUnavailable and LedgerUnavailable."""

    def promote(self, version: int, actor: str, reason: str) -> Promotion:
        """Make `version` the champion by hand.

        Raises NotFound, Conflict, ModelUnusable, ChampionChanged, RegistryUnavailable and LedgerUnavailable.
        """

    def approve(self, version: int, actor: str, reason: str) -> Promotion:
        """Let a held promotion of `version` happen.

        Raises Conflict where it is not held or its verdict no longer holds, and NotFound, ModelUnusable,
        RegistryUnavailable and LedgerUnavailable.
        """


class ShadowModels(Protocol):
    """Where the shadow comes from."""

    def current_version(self) -> int | None:
        """The shadow's version, or None while there is none. Raises LedgerUnavailable."""

    def fetch(self, version: int) -> ServedModel:
        """The model of `version`. Raises RegistryUnavailable and ModelUnusable."""


class ModelCatalogue(Protocol):
    """What is registered."""

    def versions(self) -> Sequence[ModelVersion]:
        """All versions, newest first. Raises RegistryUnavailable."""

    def version(self, number: int) -> ModelVersion:
        """One version. Raises NotFound and RegistryUnavailable."""

    def text(self, version: ModelVersion, artifact: str) -> str:
        """One text file of a version. Raises NotFound and RegistryUnavailable."""
