"""One real system for the pipeline tests: MinIO, Redis, MLflow, Celery and granian, on free ports."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline_system import running, with_passwords
from pipeline_world import World
from trace_collector import Collector
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# Files that start systems of their own.
OWN_SYSTEMS = {"test_doors", "test_hosts", "test_restore_drill", "test_stand_in", "test_up"}

# Stops the shared system's services and leaves it so: to start them again would take as long as the first time.
LAST = "test_doctor"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder runs on real processes."""
    items.sort(key=lambda item: item.path.stem == LAST)
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.pipeline)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> "BySystem":
    """With `-n 2`, one process has the tests of the shared system, the other has those of systems of their own."""
    return BySystem(config, log)


class BySystem(LoadFileScheduling):
    """Keeps the tests of a system together. xdist has `--dist loadgroup` for this, which pytest 9.2 has outgrown."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        shared = Path(file).parent.name == "pipeline" and Path(file).stem not in OWN_SYSTEMS
        return "world" if shared else file


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Who gets the traces of the system that most tests share."""
    with Collector().running() as collector:
        yield collector


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[World]:
    """The system that most tests share; each test uses keys and dates of its own."""
    home = tmp_path_factory.mktemp("world")
    yield from running(home, **with_passwords(home), OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)


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
