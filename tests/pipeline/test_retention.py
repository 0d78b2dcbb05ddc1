"""KEEP_VERSIONS on a running system: files of versions that nobody uses leave MLflow and its bucket, the rest serves.

It takes the files of other tests' versions, too: no test needs those of one before it, but for the champion.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pipeline_world import PREDICT, World, sales

from ventas.ledger.alerts import NewAlert
from ventas.settings import MODEL_NAME

CARD = {"card/model_card.json", "card/model_card.md"}


@pytest.mark.timeout(400)  # the start of the system is in it, where no test has started it before
def test_files_that_nobody_uses_are_gone_from_mlflow_and_its_bucket_and_the_rest_serves(world: World) -> None:
    named = world.ensure_champion()
    runs = [_promoted(world, number) for number in range(5)]
    idle, champion, fallback, newest, previous = (run["model_version"] for run in runs)
    _change_by_hand(world, champion)
    for blamed in (previous, newest):
        _alert_about(world, blamed, runs[-1]["id"])
    world.registry.set_alias("favourite", named)
    try:
        kept = {
            version: _objects(world, version) for version in (named, champion, fallback, newest, previous)
        }
        aliases = _aliases(world)
        _retention(world, idle)
        assert _gone(world).isdisjoint(kept)
        assert {version: _objects(world, version) for version in kept} == kept
        assert _aliases(world) == aliases
        _is_told_gone(world, idle)
        assert world.champion() == champion, "all the while"
        for version, place in ((fallback, 2), (previous, 4)):  # fetched, checked and served
            _change_by_hand(world, version)
            answer = world.api.post("/predict", json=PREDICT).json()
            assert answer["prediction"] == pytest.approx(_level(place), rel=0.05), "that of no other version"
    finally:
        world.registry.client.delete_registered_model_alias(MODEL_NAME, "favourite")


def _level(number: int) -> float:
    """What is sold a day, about, in a file of these tests."""
    return 200_000 * (1 + number)


def _promoted(world: World, number: int) -> dict[str, Any]:
    """The run of an upload whose level no version before has seen; its files are all there when it returns."""
    table = sales(f"20{70 + number}-01-01", seed=number, level=_level(number))
    run = world.settled(world.drop("retention/ventas.csv", table))
    assert run["status"] == "promoted", run["reason"]
    return run


def _change_by_hand(world: World, version: int) -> None:
    answer = _promote(world, version)
    assert answer.status_code == 200, answer.text
    world.served_by(version)


def _promote(world: World, version: int) -> Any:
    token = {"Authorization": f"Bearer {world.system.settings.admin_token}"}
    return world.api.post(f"/models/{version}/promote", json={"reason": "A test."}, headers=token)


def _alert_about(world: World, version: int, run_id: str) -> None:
    """So that no alert about the champion falls back to `version`."""
    told = NewAlert("live_error", f"retention:{version}", version, "It misses by far.", 2.0, 1.5)
    assert world.ledger.alerts.raise_once(told, run_id, "record")


def _aliases(world: World) -> dict[str, int]:
    return {alias: one.version for one in world.registry.versions() for alias in one.aliases}


def _gone(world: World) -> set[int]:
    """Versions that the API says retention has taken the files of."""
    models = world.api.get("/models", params={"limit": 1000}).json()
    return {one["version"] for one in models if one["files_deleted"]}


def _retention(world: World, idle: int) -> None:
    """`ventas retention` deletes what it has counted: so much, and of `idle` all but the card."""
    counted = _ventas_retention(world, "--dry-run")
    gone = _gone(world)
    assert idle not in gone
    assert len(_objects(world, idle)) > 5, "files of its run, and of MLflow's own model"
    before = _bytes_stored(world)
    done = _ventas_retention(world)
    assert done == counted
    assert idle in _gone(world)
    assert done["runs"] == len(_gone(world) - gone)
    assert done["bytes"] == before - _bytes_stored(world) > 0
    assert {name.partition("/artifacts/")[2] for name in _objects(world, idle)} == CARD


def _ventas_retention(world: World, *arguments: str) -> dict[str, Any]:
    """What `ventas retention` says of KEEP_VERSIONS=1."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ventas")), "retention", "--json", *arguments],
        env=world.system.env | {"KEEP_VERSIONS": "1"},
        cwd=world.system.cwd,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["files"]
    assert told.pop("setting") == "KEEP_VERSIONS"
    return dict(told)


def _objects(world: World, version: int) -> list[str]:
    """Names of the objects of a version: of its MLflow run and of the model that the run has made."""
    client = world.registry.client
    run = client.get_run(world.registry.version(version).run_id)
    (made,) = run.outputs.model_outputs
    model = client.get_logged_model(made.model_id)
    places = [
        place.removeprefix("mlflow-artifacts:/") for place in (run.info.artifact_uri, model.artifact_location)
    ]
    return [name for name in _stored(world) if name.startswith(tuple(f"{place}/" for place in places))]


def _stored(world: World) -> dict[str, int]:
    """All that MLflow keeps: names and sizes, in its bucket or, beside the stand-in for MinIO, on disk."""
    if world.system.store.is_stand_in:
        folder = world.system.home / "mlflow" / "artifacts"
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    found = world.s3.list_objects("mlflow", recursive=True)
    return {str(one.object_name): one.size or 0 for one in found}


def _bytes_stored(world: World) -> int:
    return sum(_stored(world).values())


def _is_told_gone(world: World, version: int) -> None:
    """Its figures and its card stay; whoever wants its files is told which setting took them."""
    asked = [_promote(world, version), world.api.get(f"/models/{version}/predictions")]
    assert [answer.status_code for answer in asked] == [410, 410]
    for answer in asked:
        assert f"The files of version {version} went by retention on " in answer.json()["detail"]
        assert "KEEP_VERSIONS" in answer.json()["detail"]
    assert world.api.get(f"/models/{version}").json()["metrics"]["test_rmse"] > 0
    assert world.api.get(f"/models/{version}/card").json()["version"] == version
