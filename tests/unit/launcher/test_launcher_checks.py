"""What stands in the way of a start is told in one line that says what to do."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ventas.launcher.addresses import address, free_ports, is_free
from ventas.launcher.checks import CannotStart, check_disk, check_ports, ledger_apart
from ventas.launcher.environment import own_ports, settings_of
from ventas.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a system on ports that are free."""
    return settings_of(own_ports(tmp_path))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_free_ports_pass(settings: Settings) -> None:
    check_ports(settings, ["minio", "redis", "mlflow", "webhooks", "worker", "flower", "api", "dashboard"])


@pytest.mark.parametrize(
    ("service", "setting", "value"),
    [
        ("redis", "REDIS_URL", "redis://127.0.0.1:{}/0"),
        ("minio", "MINIO_ENDPOINT", "127.0.0.1:{}"),
        ("mlflow", "MLFLOW_TRACKING_URI", "http://127.0.0.1:{}"),
        ("dashboard", "DASHBOARD_BIND", "127.0.0.1:{}"),
    ],
)
def test_a_taken_port_names_service_holder_and_setting(
    service: str, setting: str, value: str, taken: int, tmp_path: Path
) -> None:
    settings = settings_of({**own_ports(tmp_path), setting: value.format(taken)})
    with pytest.raises(CannotStart) as told:
        check_ports(settings, [service])
    line = str(told.value)
    assert "\n" not in line
    for words in (f"Port {taken} ", f"{service} needs it", f"(process {os.getpid()})", f"{setting}="):
        assert words in line


def test_moving_the_api_moves_where_others_find_it(taken: int, tmp_path: Path) -> None:
    settings = settings_of({**own_ports(tmp_path), "API_BIND": f"127.0.0.1:{taken}"})
    with pytest.raises(CannotStart, match=r"API_BIND=127\.0\.0\.1:(\d+) API_URL=http://127\.0\.0\.1:\1"):
        check_ports(settings, ["api"])


def test_every_taken_port_is_told_at_once(taken: int, tmp_path: Path) -> None:
    place = f"127.0.0.1:{taken}"
    settings = settings_of({**own_ports(tmp_path), "API_BIND": place, "DASHBOARD_BIND": place})
    with pytest.raises(CannotStart) as told:
        check_ports(settings, ["api", "dashboard"])
    assert len(str(told.value).splitlines()) == 2


def test_a_port_is_free_again_after_its_listener(taken: int) -> None:
    assert not is_free(address(f"127.0.0.1:{taken}", "X"))
    assert is_free(address(f"127.0.0.1:{free_ports(1)[0]}", "X"))


def test_a_full_disk_is_told_with_its_folder(tmp_path: Path) -> None:
    check_disk(tmp_path, needed=1)
    with pytest.raises(CannotStart, match=rf"{tmp_path}.* GB left.*VENTAS_HOME"):
        check_disk(tmp_path, needed=10**18)


@pytest.mark.parametrize(
    ("redis", "database", "told"),
    [
        ("redis://10.0.0.1:6379/0", "", True),
        ("redis://10.0.0.1:6379/0", "postgresql+psycopg://ventas@10.0.0.1/ventas", False),
        ("redis://127.0.0.1:6379/0", "", False),
    ],
)
def test_a_ledger_that_no_other_machine_can_share_is_told(redis: str, database: str, told: bool) -> None:
    trouble = ledger_apart(Settings(_env_file=None, REDIS_URL=redis, DATABASE_URL=database))
    assert bool(trouble) is told
    assert trouble is None or ("10.0.0.1:6379" in trouble and "set DATABASE_URL" in trouble)
