"""A system of real processes: Redis started, asked, killed, stopped, and never left behind."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from ventas.launcher.checks import CannotStart
from ventas.launcher.places import empty_home
from ventas.launcher.readiness import NotReady, wait_ready
from ventas.launcher.redis_server import find_redis
from ventas.launcher.system import System


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A system of its own; the stand-in keeps its preparation short."""
    with System.on_free_ports(tmp_path / "home", VENTAS_FORCE_STAND_IN="1") as prepared:
        yield prepared


def test_redis_starts_answers_comes_back_with_its_data_and_stops(
    system: System, until: Callable[..., None], is_alive: Callable[[int], bool]
) -> None:
    system.start(["redis"])
    system.wait_ready(timeout=15)
    with redis.Redis.from_url(system.urls["redis"]) as client:
        client.rpush("queue", "task")
    # AOF everysec writes at once and only syncs later, so a killed process loses nothing.
    killed = system.kill("redis")
    until(lambda: system.pid("redis") not in (None, killed), "a new Redis")
    system.wait_ready(["redis"], timeout=15)
    with redis.Redis.from_url(system.urls["redis"]) as client:
        assert client.lrange("queue", 0, -1) == [b"task"]
    last = system.pid("redis")
    assert last is not None
    system.stop()
    assert not is_alive(last)
    assert not system.is_ready("redis")


def test_a_part_can_be_stopped_and_started_again(system: System) -> None:
    system.start(["redis"])
    system.wait_ready(timeout=15)
    system.stop(["redis"])
    assert not system.is_ready("redis")
    system.start(["redis"])
    system.wait_ready(timeout=15)
    assert "Ready to accept connections" in system.log("redis")


def test_the_state_folder_is_prepared_before_any_service(system: System) -> None:
    assert (system.home / "ledger.db").stat().st_size > 0
    token = system.home / "tokens" / "webhook"
    assert token.stat().st_mode & 0o077 == 0
    assert len(token.read_text().split()) == 1


def test_a_service_that_never_answers_is_told_with_its_log(system: System) -> None:
    system.start(["redis"])
    with pytest.raises(NotReady, match=r"dashboard did not answer within 0 s; .*dashboard\.log"):
        wait_ready(system.settings, ["dashboard"], seconds=0)


def test_a_service_whose_supervisor_ends_is_told_with_its_words(system: System) -> None:
    system.env["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:1"
    system.env["CHAMPION_POLL_SECONDS"] = "never"
    system.start(["redis"])
    with pytest.raises(NotReady, match=r"redis ended before it answered(.|\n)*CHAMPION_POLL_SECONDS"):
        system.wait_ready(timeout=15)


def test_two_systems_on_one_port_are_refused(system: System, tmp_path: Path) -> None:
    system.start(["redis"])
    system.wait_ready(timeout=15)
    other = System.on_free_ports(
        tmp_path / "other", VENTAS_FORCE_STAND_IN="1", REDIS_URL=system.settings.REDIS_URL
    )
    with other, pytest.raises(CannotStart, match=r"redis-server \(process \d+\)"):
        other.start(["redis"])


def test_state_is_not_emptied_under_a_running_service(system: System) -> None:
    system.start(["redis"])
    system.wait_ready(timeout=15)
    with pytest.raises(Exception, match="redis still run"):
        empty_home(system.home)
    system.stop()
    empty_home(system.home)
    assert list(system.home.iterdir()) == []


def test_a_folder_that_is_none_of_ours_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(Exception, match="does not look like a state folder"):
        empty_home(tmp_path)
    assert (tmp_path / "letters.txt").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_starting_process_dies_no_redis_is_left(
    number: signal.Signals,
    start: Callable[..., "subprocess.Popen[bytes]"],
    tmp_path: Path,
    until: Callable[..., None],
    is_alive: Callable[[int], bool],
) -> None:
    starter = start(
        """
        import signal, sys
        from pathlib import Path
        from ventas.launcher.system import System

        system = System.on_free_ports(Path(sys.argv[1]), VENTAS_FORCE_STAND_IN="1")
        system.prepare()
        system.start(["redis"])
        signal.pause()
        """,
        tmp_path,
    )
    state = tmp_path / "run" / "redis.json"
    until(lambda: state.exists() and json.loads(state.read_text())["child_pid"], "Redis", 15)
    found = json.loads(state.read_text())
    assert psutil.Process(found["child_pid"]).name() == "redis-server"
    starter.send_signal(number)
    until(lambda: not is_alive(found["child_pid"]) and not is_alive(found["pid"]), "the end of all")


def test_without_redis_one_line_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    program("apt-get", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("ventas.launcher.redis_server._bundled_places", lambda: [tmp_path / "nowhere"])
    with pytest.raises(Exception, match=r"Run: sudo apt-get install redis-server$"):
        find_redis()


def test_valkey_serves_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    own = program("valkey-server", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_redis() == own
