"""MLflow's server as we start it: an alias that somebody has moved meanwhile is not set over."""

import os
import socket
import subprocess
from collections.abc import Iterator

import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from ventas.errors import RegistryUnavailable
from ventas.launcher import services
from ventas.registry import AliasPlace, Registry
from ventas.settings import MODEL_NAME, Settings


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """A model with three versions on a server of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{probe.getsockname()[1]}"
    settings.home.mkdir(parents=True)
    there = settings.model_copy(
        update={
            "MLFLOW_TRACKING_URI": uri,
            "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{settings.home / 'mlflow.db'}",
        }
    )
    launch = services.mlflow(there)
    with subprocess.Popen(launch.argv, env=os.environ | launch.env, cwd=settings.home) as server:
        try:
            yield _with_versions(Registry(there))
        finally:
            server.terminate()


@retry(retry=retry_if_exception_type(RegistryUnavailable), stop=stop_after_delay(60), wait=wait_fixed(0.2))
def _with_versions(registry: Registry) -> Registry:
    registry.champion_alias()  # raises RegistryUnavailable until the server answers
    registry.client.create_registered_model(MODEL_NAME)
    for _ in range(3):
        registry.client.create_model_version(MODEL_NAME, "s3://nowhere/model")
    return registry


def test_the_alias_is_moved_only_from_where_it_was_seen(registry: Registry) -> None:
    nowhere = registry.champion_place()
    assert nowhere == AliasPlace(None)
    assert registry.move_champion(1, nowhere)
    assert registry.move_champion(1, nowhere), "a request that is sent once more"
    assert not registry.move_champion(2, nowhere)
    first = registry.champion_place()
    assert first == AliasPlace(1), "moved by us"
    registry.set_alias("champion", 1)  # by hand, where it is
    assert not registry.move_champion(2, first)
    chosen = registry.champion_place()
    assert (chosen.version, chosen.by_hand_at is None) == (1, False)
    assert registry.move_champion(2, chosen)
    assert registry.champion_place() == AliasPlace(2, chosen.hand_mark)
