"""`ventas doctor` as the parts go, one after the other: conftest.py runs it last, for they stay away."""

import json
import subprocess
import sys
from pathlib import Path

from pipeline_world import World, wait_for


def _wrong(world: World) -> set[str]:
    """The parts that `ventas doctor` names."""
    command = [str(Path(sys.executable).with_name("ventas")), "doctor", "--json"]
    done = subprocess.run(
        command, env=world.system.env, cwd=world.system.cwd, capture_output=True, text=True, timeout=60
    )
    wrong = {one["part"] for one in json.loads(done.stdout) if not one["ok"]}
    assert done.returncode == bool(wrong), done.stderr
    return wrong


def test_the_doctor_names_each_part_that_is_stopped(world: World) -> None:
    world.ensure_champion()
    wait_for(lambda: _wrong(world) == set(), "the doctor to find nothing")
    # In three goes, for each look takes seconds; what is left must be found well.
    goes = [
        ["dashboard", "webhooks", "beat", "trainer"],
        ["flower", "worker", "minio", "mlflow"],
        ["redis", "api"],
    ]
    follows = [set(), {"champion"}, {"champion"}]  # without MLflow nobody knows the alias
    stopped: set[str] = set()
    for names, follow in zip(goes, follows, strict=True):
        world.system.stop(names)
        stopped |= set(names)
        assert _wrong(world) == stopped | follow
