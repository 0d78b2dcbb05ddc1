"""The restore drill: a system in use is backed up while it runs, and an empty one goes on from there."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pipeline_system import QUICK, WITHOUT_PAGES, running
from pipeline_world import PREDICT, World, sales, wait_for

from ventas.launcher.system import System

pytestmark = pytest.mark.timeout(900)  # two systems, one after the other

DAYS = [PREDICT | {"Fecha": day} for day in ("2026-12-07", "2026-12-14")]
FIRST = sales("2024-01-01", seed=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The system that is lost: of its own, for the shared one holds what other tests made."""
    for world in running(tmp_path / "lost", WITHOUT_PAGES):
        if world.system.store.is_stand_in:
            pytest.skip("the stand-in for MinIO keeps nothing that could be backed up")
        yield world


def _ventas(system: System, *arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("ventas")), *map(str, arguments)]
    return subprocess.run(
        command, env=system.env | env, cwd=system.cwd, capture_output=True, text=True, timeout=180
    )


def _answers(world: World) -> list[Any]:
    told = [world.api.post("/predict", json=day).json() for day in DAYS]
    return [(one["model_version"], one["prediction"], one["interval"]) for one in told]


def _seen(world: World) -> dict[str, Any]:
    """What users see of history, runs and models, but for ids that a store gives."""
    runs = [
        {name: run[name] for name in ("id", "key", "status", "uploaded_at", "model_version", "verdict")}
        for run in world.runs()
    ]
    models = [(one["version"], one["stage"], one["aliases"]) for one in world.api.get("/models").json()]
    return {"runs": runs, "models": models, "promotions": world.api.get("/models/promotions").json()}


def test_an_empty_system_goes_on_from_a_backup_of_one_in_use(world: World, tmp_path: Path) -> None:
    champion = int(world.settled(world.drop("tienda/ventas.csv", FIRST))["model_version"])
    world.served_by(champion)
    rejected = world.drop("mal/ventas.csv", b"Fecha,Ventas\n2024-01-01,5\n")
    answers = _answers(world)
    before, history = _seen(world), world.api.get("/history/").json()
    token = world.system.settings.admin_token

    backup = tmp_path / "backup.tar"
    taken = _ventas(world.system, "backup", backup, "--json")
    assert taken.returncode == 0, taken.stderr
    assert json.loads(taken.stdout)["objects"].keys() == {"ventas", "data", "mlflow"}
    assert token.encode() not in backup.read_bytes(), "secrets stay where they are"
    _not_into_the_running_one(world, backup, tmp_path / "third")
    world.system.stop()

    for empty in _restored(tmp_path / "empty", backup):
        empty.served_by(champion)
        assert _answers(empty) == answers
        assert _seen(empty) == before
        assert empty.api.get("/history/", params={"sort": "timestamp"}).json()[-1]["id"] >= history[0]["id"]
        old = empty.api.get(f"/history/{history[-1]['id']}").json()
        assert old == history[-1]
        _old_files_are_found(empty, before["runs"], rejected)
        _what_is_new_goes_on(empty, champion)


def _not_into_the_running_one(world: World, backup: Path, home: Path) -> None:
    """Another state folder, on the same ports: the store that answers there is not its own."""
    objects = sorted(str(one.object_name) for one in world.s3.list_objects("data", recursive=True))
    refused = _ventas(world.system, "restore", backup, "--replace", VENTAS_HOME=str(home))
    assert refused.returncode != 0
    assert f"is another system's (process {world.system.pid('minio')}, state folder" in refused.stderr
    assert sorted(str(one.object_name) for one in world.s3.list_objects("data", recursive=True)) == objects
    assert objects


def _restored(home: Path, backup: Path) -> Iterator[World]:
    """A system of its own that begins with a restore."""
    system = System.on_free_ports(home, **QUICK)
    done = _ventas(system, "restore", backup)
    assert done.returncode == 0, done.stderr
    assert "Restored" in done.stdout
    assert f"Start it with `VENTAS_HOME={system.home} make up`" in done.stdout
    with system:
        system.start(WITHOUT_PAGES)
        system.wait_ready(timeout=180)
        world = World(system)
        yield world
        world.close()


def _old_files_are_found(world: World, runs: list[dict[str, Any]], rejected: dict[str, Any]) -> None:
    """Each run's version id is that of an object here, and the sweep takes none of them for a new upload."""
    swept = world.ledger.sweeps.last()
    wait_for(
        lambda: (
            (now := world.ledger.sweeps.last()) is not None
            and now.finished_at is not None
            and (swept is None or now.finished_at != swept.finished_at)
        ),
        "a sweep of the restored bucket",
    )
    for run in world.runs():
        assert world.s3.stat_object("ventas", run["key"], version_id=run["version_id"])
    assert {run["id"] for run in world.runs()} == {run["id"] for run in runs}
    again = _ventas(world.system, "retry", rejected["id"])
    assert again.returncode == 0, again.stderr
    ended = wait_for(
        lambda: (
            (now := world.api.get(f"/runs/{rejected['id']}").json())["finished_at"] != rejected["finished_at"]
            and now["finished_at"]
            and now
        ),
        "the rejected run to end once more",
    )
    assert (ended["status"], ended["reason"]) == ("rejected", rejected["reason"])
    assert ended["uploaded_at"] == rejected["uploaded_at"], "it came when it first came"


def _what_is_new_goes_on(world: World, champion: int) -> None:
    same = world.drop("otra/ventas.csv", FIRST)
    assert (same["status"], same["verdict"]["kind"]) == ("not_promoted", "same_bytes")
    newer = world.drop("tienda/ventas.csv", sales("2025-01-01", seed=2, level=9000))
    assert (newer["status"], newer["model_version"]) == ("promoted", champion + 1)
    world.served_by(champion + 1)
