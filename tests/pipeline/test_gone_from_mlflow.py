"""A champion of which MLflow lacks a file, or everything, on a running system: uploads and rollbacks go on."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pipeline_world import World, sales

from ventas.registry import TRAINED_ON_FILE
from ventas.settings import MODEL_NAME


@pytest.mark.timeout(400)  # the start of the system is in it, where no test has started it before
def test_a_champion_that_is_gone_stops_neither_uploads_nor_rollbacks(world: World) -> None:
    oldest = world.ensure_champion()
    champion = world.settled(world.drop("gone/ventas.csv", _sales(1)))["model_version"]
    world.served_by(champion)
    _delete_file(world, champion, TRAINED_ON_FILE)
    run = world.drop("gone/ventas.csv", _sales(2))
    assert (run["status"], run["verdict"]["kind"]) == ("not_promoted", "recipe"), run["reason"]
    assert f"Version {champion} has no file {TRAINED_ON_FILE}." in run["reason"]
    _delete_version(world, champion)
    assert world.champion() == champion, "the API has its copy"
    listed = {one["version"]: one["missing"] for one in world.api.get("/models").json()}
    assert (listed[champion], listed[oldest]) == ("version", None)
    run = world.settled(world.drop("gone/ventas.csv", _sales(3)))
    assert (run["status"], run["verdict"]["kind"]) == ("promoted", "first"), run["reason"]
    assert (
        f"champion version {champion} cannot be compared (There is no version {champion} of" in run["reason"]
    )
    world.served_by(run["model_version"])
    done = _rollback(world)
    assert f"Version {champion} is passed over: There is no version {champion} of" in done.stderr
    assert f"Version {oldest} is the champion now" in done.stdout
    world.served_by(oldest)


def _sales(number: int) -> pd.DataFrame:
    return sales(f"{2040 + number}-01-01", seed=number, level=7000 + 500 * number)


def _delete_file(world: World, version: int, name: str) -> None:
    """From the place where MLflow keeps its files: its bucket or, beside the stand-in for MinIO, the disk."""
    run = world.registry.client.get_run(world.registry.version(version).run_id)
    place = run.info.artifact_uri.removeprefix("mlflow-artifacts:/")
    if world.system.store.is_stand_in:
        (world.system.home / "mlflow" / "artifacts" / place / name).unlink()
    else:
        world.s3.remove_object("mlflow", f"{place}/{name}")


def _delete_version(world: World, version: int) -> None:
    """In MLflow, and with it the copies of champions that judging could make do with."""
    world.registry.client.delete_model_version(MODEL_NAME, str(version))
    shutil.rmtree(Path(world.system.home) / "champion")


def _rollback(world: World) -> subprocess.CompletedProcess[Any]:
    command = [str(Path(sys.executable).with_name("ventas")), "rollback", "--reason", "It overshoots."]
    return subprocess.run(
        command, env=world.system.env, cwd=world.system.cwd, capture_output=True, text=True, timeout=120
    )
