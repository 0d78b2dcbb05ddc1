"""`ventas up` as a person meets it: one table, a champion by itself, and Ctrl-C that leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from pipeline_system import QUICK
from pipeline_world import PREDICT, wait_for

from ventas.launcher.environment import own_ports, without_settings


def _processes(home: Path) -> list[str]:
    """The command lines of all processes that belong to the state folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("VENTAS_HOME") == str(home):
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or another user's
    return found


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {**without_settings(os.environ), **own_ports(tmp_path / "home"), **QUICK}


@pytest.fixture
def up(env: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("ventas"), "up"],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        yield process
        process.terminate()
        process.wait(20)


def test_up_shows_one_table_makes_a_champion_and_leaves_no_orphan(up, env, tmp_path: Path) -> None:
    output = tmp_path / "output"
    wait_for(lambda: "The champion is live" in output.read_text("utf-8"), "the champion of the sample", 200)
    text = output.read_text("utf-8")
    for name in ("API_URL", "MLFLOW_TRACKING_URI"):
        assert env[name] in text
    assert "ventas drop FILE" in text
    assert httpx.get(f"{env['API_URL']}/health").json()["model_version"] == 1
    monday = httpx.post(f"{env['API_URL']}/predict", json=PREDICT).json()["prediction"]
    assert 1000 < monday < 2500, "near the sample's Mondays"
    assert len(_processes(tmp_path / "home")) > 10
    up.send_signal(signal.SIGINT)
    assert up.wait(20) == 0
    wait_for(lambda: not _processes(tmp_path / "home"), "all processes to be gone", 10)
    assert not list((tmp_path / "home" / "tmp").glob("*")), "no temporary files are left"
