"""MLflow's server as we start it: an alias that somebody has moved meanwhile is not set over."""

import os
import socket
import subprocess
from collections.abc import Iterator

import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from ventas.errors import RegistryUnavailable
from ventas.launcher import services
from ventas.registry import Registry
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


def test_an_alias_is_moved_only_from_where_it_is_known_to_be(registry: Registry) -> None:
    assert not registry.move_alias("champion", 1, from_version=2)
    assert registry.champion_alias() is None
    assert registry.move_alias("champion", 1, from_version=None)
    registry.set_alias("champion", 3)  # by hand
    assert not registry.move_alias("champion", 2, from_version=1)
    assert registry.champion_alias() == 3
    assert registry.move_alias("champion", 2, from_version=3)
    assert registry.move_alias("champion", 2, from_version=3), "a request that is sent once more"
    assert registry.champion_alias() == 2
