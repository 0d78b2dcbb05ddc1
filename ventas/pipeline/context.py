"""What every step works with, opened once per process."""

from ventas.champion import ChampionSource, LoadedChampion
from ventas.ledger import Ledger
from ventas.lost_knowledge import KnowledgeBase
from ventas.registry import Registry
from ventas.settings import Settings
from ventas.store import Store


class Context:
    """Settings, ledger, store, registry and the champion as this process has loaded it."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.ledger = Ledger(settings)
        self.store = Store(settings)
        self.registry = Registry(settings)
        self.knowledge = KnowledgeBase(settings, self.ledger, self.store)
        self.champion = LoadedChampion(ChampionSource(settings, self.ledger, self.registry))
