"""The table of services: what is started, how, and where."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ventas.errors import NotFound, SettingsError
from ventas.launcher.addresses import address, dashboard_origins
from ventas.launcher.environment import around_proxies, own_ports, settings_of, without_settings
from ventas.launcher.services import SERVICES, allowed_hosts, service, wanted
from ventas.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def settings_with(home: Path, **more: str) -> Settings:
    """Settings of a system in `home`, with a Redis and ports of its own."""
    return settings_of({"PATH": os.environ["PATH"], **own_ports(home), **more})


def test_the_procfile_runs_every_service_and_no_other() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert lines == [f"{name}: .venv/bin/ventas run {name}" for name in SERVICES]


def test_an_unknown_service_is_told_with_those_there_are() -> None:
    with pytest.raises(NotFound, match="minio, redis, mlflow"):
        service("mini")


def test_minio_sends_its_events_to_the_receiver_and_keeps_those_undelivered(
    tmp_path: Path, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("minio", "#!/bin/sh\necho 'minio version RELEASE.1'\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    settings = settings_with(tmp_path, WEBHOOK_TOKEN="one-word")
    env = SERVICES["minio"].launch(settings).env
    assert env["MINIO_NOTIFY_WEBHOOK_ENDPOINT_VENTAS"] == f"{settings.WEBHOOKS_URL}/events/minio"
    assert env["MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_VENTAS"] == "one-word"
    assert env["MINIO_NOTIFY_WEBHOOK_ENABLE_VENTAS"] == env["MINIO_API_SYNC_EVENTS"] == "on"
    queue, data = Path(env["MINIO_NOTIFY_WEBHOOK_QUEUE_DIR_VENTAS"]), tmp_path / "minio"
    assert data not in queue.parents
    assert env["MINIO_ROOT_PASSWORD"] == (tmp_path / "tokens" / "minio").read_text("ascii")
    assert env["MINIO_API_CORS_ALLOW_ORIGIN"].startswith(f"http://{settings.DASHBOARD_BIND},")
    assert env["MINIO_UPDATE"] == "off"


def test_the_stand_in_listens_on_the_loopback_only_and_mlflow_keeps_its_files_on_disk(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, S3_STAND_IN="true")
    argv = SERVICES["minio"].launch(settings).argv
    assert argv[argv.index("-H") + 1] == "127.0.0.1"
    mlflow = SERVICES["mlflow"].launch(settings).argv
    assert mlflow[mlflow.index("--artifacts-destination") + 1] == str(tmp_path / "mlflow" / "artifacts")


def test_redis_keeps_its_queue_in_the_state_folder(tmp_path: Path) -> None:
    argv = SERVICES["redis"].launch(settings_with(tmp_path)).argv
    told = dict(zip(argv[1::2], argv[2::2], strict=True))
    assert (told["--appendonly"], told["--appendfsync"]) == ("yes", "everysec")
    assert told["--dir"] == str(tmp_path / "redis")
    assert told["--bind"] == "127.0.0.1"
    assert told["--maxmemory-policy"] == "noeviction"


def test_mlflow_answers_to_both_names_of_this_machine() -> None:
    hosts = allowed_hosts(address("http://127.0.0.1:5000", "X")).split(",")
    assert hosts == ["localhost", "localhost:5000", "127.0.0.1", "127.0.0.1:5000"]


def test_pages_wait_less_for_a_hanging_mlflow_than_work_does(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    assert SERVICES["api"].launch(settings).env["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in SERVICES["trainer"].launch(settings).env


def test_training_has_a_worker_of_its_own(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    queues = {}
    for name in ("worker", "trainer"):
        launch = SERVICES[name].launch(settings)
        queues[name] = launch.argv[launch.argv.index("--queues") + 1]
        assert launch.env["REMAP_SIGTERM"] == "SIGQUIT"
        assert not launch.stop_group
    assert queues == {"worker": "control", "trainer": "training"}


@pytest.mark.parametrize(("given", "host"), [("worker-2", "worker-2"), ("", socket.gethostname())])
def test_workers_are_called_after_their_machine(given: str, host: str, tmp_path: Path) -> None:
    argv = SERVICES["worker"].launch(settings_with(tmp_path, HOST_NAME=given)).argv
    assert argv[argv.index("--hostname") + 1] == f"control@{host}"


def test_a_machine_s_name_is_one_that_celery_takes(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="HOST_NAME"):
        settings_with(tmp_path, HOST_NAME="second@floor")


@pytest.mark.parametrize("bind", ["127.0.0.1:5555", "0.0.0.0:5555"])
def test_flower_asks_for_a_password_of_its_own_wherever_it_listens(bind: str, tmp_path: Path) -> None:
    launch = SERVICES["flower"].launch(settings_with(tmp_path, FLOWER_BIND=bind, ADMIN_TOKEN="secreto"))
    kept = tmp_path / "tokens" / "flower"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert launch.env["FLOWER_BASIC_AUTH"] == f"admin:{kept.read_text('ascii')}"
    assert launch.env["FLOWER_UNAUTHENTICATED_API"] == "false"
    assert not [word for word in launch.argv if kept.read_text("ascii") in word]


def test_flower_takes_the_password_that_is_given(tmp_path: Path) -> None:
    env = SERVICES["flower"].launch(settings_with(tmp_path, FLOWER_BASIC_AUTH="ana:otra")).env
    assert env["FLOWER_BASIC_AUTH"] == "ana:otra"
    assert not (tmp_path / "tokens").exists()


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        ({}, ["http://127.0.0.1:8050", "http://localhost:8050"]),
        ({"DASHBOARD_BIND": "0.0.0.0:80"}, ["http://127.0.0.1", "http://localhost"]),
        ({"DASHBOARD_BIND": "10.0.0.5:8050"}, ["http://10.0.0.5:8050"]),
        ({"DASHBOARD_BIND": "[::1]:81"}, ["http://127.0.0.1:81", "http://localhost:81", "http://[::1]:81"]),
        ({"DASHBOARD_PUBLIC_URL": "https://ventas.example:443/tablero/"}, ["https://ventas.example"]),
        ({"DASHBOARD_PUBLIC_URL": "http://Ventas.example:8080"}, ["http://ventas.example:8080"]),
    ],
)
def test_uploads_come_from_the_dashboards_pages(given: dict[str, str], origins: list[str]) -> None:
    assert dashboard_origins(Settings(_env_file=None, **given)) == origins


def test_what_runs_on_another_machine_is_not_started_here(tmp_path: Path) -> None:
    assert wanted(settings_with(tmp_path)) == list(SERVICES)
    elsewhere = settings_with(
        tmp_path, MINIO_ENDPOINT="minio:9000", REDIS_URL="redis://redis", API_BIND="0.0.0.0:8000"
    )
    assert wanted(elsewhere) == [name for name in SERVICES if name not in ("minio", "redis")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        ("http://localhost:5000/", "localhost:5000"),
        ("redis://:secret@127.0.0.1/0", "127.0.0.1:6379"),
        ("https://store.example", "store.example:443"),
    ],
)
def test_addresses_are_read_from_urls_and_binds(value: str, expected: str) -> None:
    assert str(address(value, "X")) == expected


def test_a_tests_system_meets_none_of_the_users_settings() -> None:
    assert without_settings({"PATH": "/bin", "SPLIT": "random", "VENTAS_HOME": "/x"}) == {"PATH": "/bin"}


def test_the_loopback_goes_around_a_proxy() -> None:
    assert around_proxies({"NO_PROXY": "intranet"})["no_proxy"] == "intranet,127.0.0.1,localhost"
