"""Fixtures that every tier shares."""

from pathlib import Path

import pytest

from ventas.ledger import Ledger
from ventas.ledger.migrate import upgrade
from ventas.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a system of its own, apart from this machine's environment and `.env`."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
    return Settings(_env_file=None, VENTAS_HOME=tmp_path / "home")


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    """A migrated ledger on SQLite."""
    upgrade(settings)
    ledger = Ledger(settings)
    yield ledger
    ledger.close()
