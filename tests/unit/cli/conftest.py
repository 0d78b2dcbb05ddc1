"""The command line as a user meets it: run in a folder of its own, against an API that plays a script."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_stand_ins import ScriptedApi
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

from ventas.cli.main import cli
from ventas.launcher.environment import own_ports
from ventas.settings import UPLOADS_BUCKET, Settings
from ventas.store import Store


@pytest.fixture
def api(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedApi]:
    """An API that plays a script, on a real port, where API_URL leads (`settings` empties the environment first)."""
    scripted = ScriptedApi()
    server = make_server("127.0.0.1", 0, scripted.app(), threaded=True)
    monkeypatch.setenv("API_URL", f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield scripted
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def uploads(s3_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store with the bucket of uploads, where MINIO_ENDPOINT leads."""
    monkeypatch.setenv("MINIO_ENDPOINT", s3_settings.MINIO_ENDPOINT)
    store = Store(s3_settings)
    store.ensure_bucket(UPLOADS_BUCKET, versioned=True)
    return store


@pytest.fixture
def ventas(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `ventas` with these arguments in an empty folder, where no `.env` is.

    Services lie at ports where nothing listens, unless a fixture placed them: this machine may run a system.
    """
    for name, value in own_ports(tmp_path).items():
        if name != "VENTAS_HOME" and name not in os.environ:
            monkeypatch.setenv(name, value)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr("ventas.cli.following.POLL_SECONDS", 0.02)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli, [str(one) for one in arguments], prog_name="ventas")

    return run


@pytest.fixture
def sales_file(tmp_path: Path) -> Path:
    """A small file with a fitting name."""
    file = tmp_path / "ventas.csv"
    file.write_text(
        "Fecha,DíaDeLaSemana,Promociones,Festivo,Ventas\n2022-01-01,6,0,1,4000\n", encoding="utf-8"
    )
    return file
