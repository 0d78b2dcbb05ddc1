"""The shadow: the newest challenger that lost to the present champion, asked the same questions unseen."""

from ventas.champion import scratch_folder
from ventas.errors import ModelUnusable, NotFound
from ventas.ledger import Ledger
from ventas.registry import Registry, served_file
from ventas.served import ServedModel, load_served
from ventas.settings import Settings


class ShadowSource:
    """Where the API gets its shadow from. No copy is kept: without a shadow nobody misses anything."""

    def __init__(self, settings: Settings, ledger: Ledger | None = None, registry: Registry | None = None):
        self._settings = settings
        self._ledger = ledger or Ledger(settings)
        self._registry = registry or Registry(settings)

    def current_version(self) -> int | None:
        """The shadow's version, or None while there is none or SHADOW is off. Raises LedgerUnavailable."""
        return None if self._settings.SHADOW == "off" else self._ledger.shadows.current_version()

    def fetch(self, version: int) -> ServedModel:
        """The fit that would have been served. Raises RegistryUnavailable and ModelUnusable."""
        try:
            described = self._registry.version(version)
            with scratch_folder(self._settings) as folder:
                artifact = served_file(described)
                return load_served(self._registry.download(described, artifact, folder), version)
        except NotFound as error:
            raise ModelUnusable(str(error)) from error
