"""What answers on the usual port may be another system's: nothing of it is copied, replaced or deleted."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from ventas.backup.create import take_backup
from ventas.cli.main import cli
from ventas.errors import Conflict
from ventas.launcher.addresses import address, is_free
from ventas.launcher.environment import own_ports, settings_of
from ventas.launcher.leftovers import marks
from ventas.launcher.places import make_home, try_lock
from ventas.launcher.strangers import refuse_strangers
from ventas.ledger.migrate import upgrade
from ventas.settings import Settings

SERVER = """
    import http.server, sys
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
Serve = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The state folder of another system."""
    return tmp_path / "other"


@pytest.fixture
def ours(tmp_path: Path) -> Settings:
    """A system that runs nothing, its MinIO and MLflow on ports that nobody listens on yet."""
    settings = settings_of(own_ports(tmp_path / "ours"))
    make_home(settings.home)
    return settings


@pytest.fixture
def serve(start: Serve, until: Callable[..., None]) -> Serve:
    """Something that answers on a port, with a service's marks in its environment or without."""

    def run(port: int, **env: str) -> "subprocess.Popen[bytes]":
        process = start(SERVER, port, **env)
        until(lambda: not is_free(address(f"127.0.0.1:{port}", "X")), "the port is taken")
        return process

    return run


def _port(settings: Settings) -> int:
    return address(settings.MINIO_ENDPOINT, "MINIO_ENDPOINT").port


def _unnamed(settings: Settings) -> Settings:
    """The same, its MinIO where no setting says so: on the default port."""
    found = settings.model_copy()
    found.model_fields_set.discard("MINIO_ENDPOINT")
    return found


def test_another_systems_service_is_refused_by_its_process_and_folder(
    ours: Settings, other: Path, serve: Serve
) -> None:
    process = serve(_port(ours), **marks("minio", other))
    for settings in (ours, _unnamed(ours)):
        with pytest.raises(Conflict) as told:
            refuse_strangers(settings, "minio")
        assert f"is another system's (process {process.pid}, state folder {other})" in str(told.value)
        assert "MINIO_ENDPOINT=127.0.0.1:" in str(told.value)
        assert "MINIO_CONSOLE_PORT=" in str(told.value), "its console's port is taken too"


def test_retention_asks_the_same_of_mlflow(ours: Settings, other: Path, serve: Serve) -> None:
    port = address(ours.MLFLOW_TRACKING_URI, "X").port
    serve(port, **marks("mlflow", other))
    with pytest.raises(Conflict, match=rf"The MLflow on 127\.0\.0\.1:{port} is another system's"):
        refuse_strangers(ours, "minio", "mlflow")


def test_ones_own_service_passes(ours: Settings, serve: Serve) -> None:
    serve(_port(ours), **marks("minio", ours.home))
    refuse_strangers(_unnamed(ours), "minio")


def test_nothing_that_answers_passes_and_so_does_another_host(ours: Settings) -> None:
    refuse_strangers(_unnamed(ours), "minio", "mlflow")
    refuse_strangers(ours.model_copy(update={"MINIO_ENDPOINT": "minio:9000"}), "minio")


def test_an_operators_own_server_is_used_where_a_setting_names_it(ours: Settings, serve: Serve) -> None:
    serve(_port(ours))
    with pytest.raises(Conflict, match=rf"was not started for {ours.home}.*MINIO_ENDPOINT to 127\.0\.0\.1"):
        refuse_strangers(_unnamed(ours), "minio")
    refuse_strangers(ours, "minio")
    lock = try_lock(ours.home / "run" / "minio.lock")
    assert lock is not None
    with lock:
        refuse_strangers(_unnamed(ours), "minio")


@pytest.mark.parametrize("replace", [[], ["--replace"]])
def test_a_restore_into_another_systems_store_is_refused_before_anything(
    replace: list[str],
    ours: Settings,
    other: Path,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    serve(_port(ours), **marks("minio", other))
    for name, value in own_ports(ours.home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MINIO_ENDPOINT", ours.MINIO_ENDPOINT)
    before = sorted(ours.home.rglob("*"))
    told = CliRunner().invoke(cli, ["restore", str(tmp_path / "no.tar"), *replace])
    assert told.exit_code != 0
    assert "is another system's" in str(told.exception or "") + told.output
    assert sorted(ours.home.rglob("*")) == before


def test_a_backup_of_another_systems_buckets_is_refused(
    ours: Settings, other: Path, serve: Serve, tmp_path: Path
) -> None:
    upgrade(ours)
    serve(_port(ours), **marks("minio", other))
    with pytest.raises(Conflict, match="is another system's"):
        take_backup(ours, tmp_path / "backup", lambda *_: None)
    assert not list(tmp_path.glob("backup*"))


def test_retention_deletes_nothing_of_another_system(
    ours: Settings, other: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(ours)
    for name, value in own_ports(ours.home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MINIO_ENDPOINT", ours.MINIO_ENDPOINT)
    monkeypatch.setenv("KEEP_DATASETS_DAYS", "90")
    serve(_port(ours), **marks("minio", other))
    told = CliRunner().invoke(cli, ["retention"])
    assert told.exit_code != 0
    assert "is another system's" in str(told.exception or "") + told.output
