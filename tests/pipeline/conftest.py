"""One real system for the pipeline tests: MinIO, Redis, MLflow, Celery and granian, on free ports."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline_world import World

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
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder runs on real processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.pipeline)


def running(home: Path, **settings: str) -> Iterator[World]:
    """A started system with an API and workers; what a laptop has not got is a skip, in CI a failure."""
    try:
        with System.on_free_ports(home, **(QUICK | settings)) as system:
            system.start()
            system.wait_ready(timeout=180)
            world = World(system)
            yield world
            world.close()
    except NoMinio as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The system that most tests share; each test uses keys and dates of its own."""
    yield from running(tmp_path_factory.mktemp("world"))


@pytest.fixture(autouse=True)
def _needs_notifications(request: pytest.FixtureRequest) -> None:
    """On the stand-in for MinIO, skip by name what cannot be had there."""
    if request.node.get_closest_marker("notifications") and "world" in request.fixturenames:
        world: World = request.getfixturevalue("world")
        if world.system.store.is_stand_in:
            pytest.skip("needs bucket notifications; the stand-in for MinIO has none")


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """A failure in here is explained by the services' logs more often than by the test."""
    world = getattr(item, "funcargs", {}).get("world")
    if call.excinfo is not None and call.when == "call" and isinstance(world, World):
        for name in ("webhooks", "worker", "trainer", "api"):
            item.add_report_section("call", f"{name}.log", world.system.log(name, 30))
