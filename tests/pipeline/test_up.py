"""`ventas up` as a person meets it: one table, a champion by itself, and Ctrl-C that leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import psutil
import pytest
from minio import Minio
from minio.error import S3Error
from pipeline_system import QUICK
from pipeline_world import PREDICT, wait_for

from ventas.launcher.environment import own_ports, without_settings
from ventas.sample_chain import generate_chain


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
    return {**without_settings(os.environ), **own_ports(tmp_path / "home"), **QUICK, "ON_LOSS": "hold"}


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


def _a_small_file_dethrones_no_chain(env: dict[str, str], folder: Path) -> None:
    """The sample's model gives way to a chain whatever it knows; three of the stores alone do not replace that."""
    chain = generate_chain(12, 400, seed=1).frame
    early = chain[chain["Fecha"] < "2021-07-20"]
    assert "Version 2 is the champion now." in _drop(env, early, folder / "chain_ventas.csv")
    assert httpx.get(f"{env['API_URL']}/models/champion").json()["verdict"]["kind"] == "first"
    few = chain[chain["Tienda"].isin(chain["Tienda"].unique()[:3])].copy()
    few.loc[few["Fecha"] >= "2021-07-20", "Ventas"] *= 3  # which the champion does not know
    printed = _drop(env, few, folder / "three_ventas.csv")
    assert "Version 3 waits for approval." in printed
    assert "Held for approval: Of the 12 series that champion version 2 knows, 9 with " in printed
    losses = httpx.get(f"{env['API_URL']}/models/3/losses").json()
    assert [loss["code"] for loss in losses] == ["series_lost"]


def _secrets_are_random_and_had_on_request(env: dict[str, str], table: str) -> None:
    """The operator's ways into MinIO and Flower after a first start; no well-known password opens either."""
    command = [Path(sys.executable).with_name("ventas"), "credentials"]
    secret, password = (
        subprocess.run([*command, name], env=env, capture_output=True, text=True, check=True).stdout.strip()
        for name in ("minio", "flower")
    )
    assert "minio, see tokens/minio" in table
    assert "admin, see tokens/flower" in table
    assert not [shown for shown in (secret, password) if shown in table]
    opened = Minio(env["MINIO_ENDPOINT"], access_key="minio", secret_key=secret, secure=False)
    assert opened.bucket_exists(bucket_name="ventas")
    known = Minio(env["MINIO_ENDPOINT"], access_key="minio", secret_key="minio123", secure=False)
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        known.list_buckets()
    workers = f"http://{env['FLOWER_BIND']}/api/workers"
    assert httpx.get(workers, auth=("admin", password)).status_code == 200
    assert httpx.get(workers).status_code == 401


def _drop(env: dict[str, str], sales: pd.DataFrame, path: Path) -> str:
    sales.to_csv(path, index=False)
    command = [Path(sys.executable).with_name("ventas"), "drop", path]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_up_shows_one_table_makes_a_champion_and_leaves_no_orphan(up, env, tmp_path: Path) -> None:
    output = tmp_path / "output"
    wait_for(lambda: "The champion is live" in output.read_text("utf-8"), "the champion of the sample", 200)
    text = output.read_text("utf-8")
    for name in ("API_URL", "MLFLOW_TRACKING_URI"):
        assert env[name] in text
    assert "ventas drop FILE" in text
    _secrets_are_random_and_had_on_request(env, text)
    assert httpx.get(f"{env['API_URL']}/health").json()["model_version"] == 1
    monday = httpx.post(f"{env['API_URL']}/predict", json=PREDICT).json()["prediction"]
    assert 1000 < monday < 2500, "near the sample's Mondays"
    assert httpx.get(f"{env['API_URL']}/health").json()["example"] is True
    _a_small_file_dethrones_no_chain(env, tmp_path)
    assert len(_processes(tmp_path / "home")) > 10
    up.send_signal(signal.SIGINT)
    assert up.wait(20) == 0
    wait_for(lambda: not _processes(tmp_path / "home"), "all processes to be gone", 10)
    assert not list((tmp_path / "home" / "tmp").glob("*")), "no temporary files are left"
