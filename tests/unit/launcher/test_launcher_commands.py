"""The commands `up`, `run`, `migrate`, `clean-state` as a user calls them."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ventas.launcher.environment import around_proxies, own_ports, without_settings
from ventas.launcher.places import try_lock

Ventas = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment of a system of its own."""
    own = {**own_ports(tmp_path / "home"), "VENTAS_FORCE_STAND_IN": "1"}
    return around_proxies({**without_settings(os.environ), **own})


@pytest.fixture
def ventas(env: dict[str, str], tmp_path: Path) -> Ventas:
    """Run the command line as a user would."""

    def run(*arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [Path(sys.executable).with_name("ventas"), *arguments],
            env={**env, **more},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_up_on_a_taken_port_starts_nothing_and_says_what_to_do(
    ventas: Ventas, env: dict[str, str], tmp_path: Path
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        done = ventas("up", DASHBOARD_BIND=f"127.0.0.1:{listener.getsockname()[1]}")
    assert done.returncode == 1
    assert "dashboard needs it" in done.stderr
    assert "DASHBOARD_BIND=" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "home" / "run").glob("*.json"))


def test_up_on_a_ledger_that_is_away_starts_nothing_and_says_why(ventas: Ventas, tmp_path: Path) -> None:
    done = ventas("up", DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert done.returncode == 1
    assert done.stderr.startswith("ventas: ")
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "home" / "run").glob("*.json"))


def test_a_second_up_on_the_same_state_is_refused(ventas: Ventas, tmp_path: Path) -> None:
    held = try_lock(tmp_path / "home" / "run" / "up.lock")
    assert held
    with held:
        done = ventas("up")
    assert done.returncode == 1
    assert "runs already" in done.stderr
    assert ventas("clean-state").returncode == 0, "the lock ended with its holder"


def test_a_bad_setting_is_named(ventas: Ventas) -> None:
    done = ventas("run", "redis", CV_FOLDS="many")
    assert done.returncode == 1
    assert "CV_FOLDS" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrate_makes_the_tables_and_clean_state_empties_the_folder(ventas: Ventas, tmp_path: Path) -> None:
    assert ventas("migrate").returncode == 0
    assert (tmp_path / "home" / "ledger.db").stat().st_size > 0
    assert ventas("clean-state").returncode == 0
    assert list((tmp_path / "home").iterdir()) == []


def test_supervising_loads_no_machine_learning(env: dict[str, str]) -> None:
    """Ten supervisors run at once: each such import would cost seconds and hundreds of megabytes."""
    code = (
        "import sys, ventas.cli.run, ventas.launcher.services, ventas.launcher.supervisor\n"
        "print([name for name in ('mlflow', 'sklearn', 'pandas', 'celery', 'sqlalchemy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
