"""Systems as the pipeline tests start them."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline_world import World

from ventas.launcher.environment import own_ports
from ventas.launcher.minio import NoMinio
from ventas.launcher.system import System

# Two small candidates: what is tested is the path, not the search.
QUICK = {
    "LEASE_SECONDS": "6",
    "LEASE_RENEW_SECONDS": "2",
    "SWEEP_INTERVAL_SECONDS": "5",
    "SEARCH": "grid",
    "GRID_N_ESTIMATORS": "[10]",
    "GRID_MAX_DEPTH": "[null, 8]",
    "GRID_MIN_SAMPLES_SPLIT": "[2]",
    "CV_FOLDS": "3",
    "CHAMPION_POLL_SECONDS": "0.5",
    # Each test has dates of its own, in no order; test_up.py has the guard against what would be lost.
    "ON_LOSS": "promote",
}

# All that an upload meets on its way; not what only people look at.
WITHOUT_PAGES = ["minio", "redis", "mlflow", "webhooks", "worker", "trainer", "beat", "api"]


def with_passwords(home: Path) -> dict[str, str]:
    """Settings with keys and passwords that stand nowhere else, so that one which is told can be found.

    Neither Redis nor MLflow asks for a password as we start them; both take one.
    """
    places = own_ports(home)
    for name, user in (("REDIS_URL", "default"), ("MLFLOW_TRACKING_URI", "ventas")):
        places[name] = places[name].replace("://", f"://{user}:{secrets.token_hex(12)}@")
    return places | {name: secrets.token_hex(12) for name in ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY")}


def running(home: Path, names: list[str] | None = None, **settings: str) -> Iterator[World]:
    """A started system with an API and workers; all services if no `names`.

    What a laptop has not got is a skip, in CI a failure.
    """
    try:
        with System.on_free_ports(home, **(QUICK | settings)) as system:
            system.start(names)
            system.wait_ready(timeout=180)
            world = World(system)
            yield world
            world.close()
    except NoMinio as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
