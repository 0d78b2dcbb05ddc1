"""What every step works with, opened once per process."""

from ventas.champion import ChampionSource, LoadedChampion
from ventas.ledger import Ledger
from ventas.registry import Registry
from ventas.settings import DATA_BUCKET, Settings
from ventas.store import Store


class Context:
    """Settings, ledger, store, registry and the champion as this process has loaded it."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.ledger = Ledger(settings)
        self.store = Store(settings)
        self.registry = Registry(settings)
        self.champion = LoadedChampion(ChampionSource(settings, self.ledger, self.registry))


def dataset_key(run_id: str, name: str) -> str:
    """Where a file of a run's dataset lies in bucket `data`."""
    return f"runs/{run_id}/{name}"


def dataset_uri(run_id: str, name: str) -> str:
    """The same as a URI, for those who look from outside."""
    return f"s3://{DATA_BUCKET}/{dataset_key(run_id, name)}"
