"""The supervisor with real children: restart, back-off, stop, and no orphan however things end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ventas.errors import PermanentError
from ventas.launcher.launch import BackOff, Launch
from ventas.launcher.owner import Owner
from ventas.launcher.parts_watch import PartsWatch
from ventas.launcher.supervisor import Supervisor

SUPERVISE = """
    import sys
    from pathlib import Path
    from ventas.launcher.launch import BackOff, Launch
    from ventas.launcher.supervisor import Supervisor

    home, script, back_off, group = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4] == "group"
    launch = Launch(["/bin/sh", "-c", script], stop_group=group)
    Supervisor("thing", lambda: launch, home, back_off=BackOff(first=back_off), stop_seconds=0.7).run()
"""
# A helper in the background; both tell their process numbers.
FAMILY = 'sleep 60 & echo $! > "$VENTAS_HOME/helper"; echo $$ > "$VENTAS_HOME/main"; {}'
Started = subprocess.Popen[bytes]


@pytest.fixture
def supervise(start: Callable[..., Started], tmp_path: Path) -> Callable[..., Started]:
    """Start a supervisor of a shell script, its state in `tmp_path`."""

    def run(script: str, *, back_off: float = 0.05, group: bool = True, **env: str) -> Started:
        return start(SUPERVISE, tmp_path, script, back_off, "group" if group else "main", **env)

    return run


@pytest.fixture
def pids(tmp_path: Path, until: Callable[..., None]) -> Callable[[], list[int]]:
    """The process numbers of FAMILY, once told."""

    def read() -> list[int]:
        files = [tmp_path / "main", tmp_path / "helper"]
        until(lambda: all(path.exists() and path.read_text().strip() for path in files), "the family started")
        return [int(path.read_text()) for path in files]

    return read


def test_waiting_times_double_up_to_a_limit_and_are_forgotten_when_healthy() -> None:
    back_off = BackOff(first=1, longest=5, healthy=30)
    assert [back_off.after(lived) for lived in (0, 2, 2, 2, 2)] == [1, 2, 4, 5, 5]
    assert back_off.after(31) == 1


def test_a_child_that_ends_is_started_again(
    supervise: Callable[..., Started], tmp_path: Path, until: Callable[..., None]
) -> None:
    supervise('echo run >> "$VENTAS_HOME/runs"; exit 3')
    runs = tmp_path / "runs"
    until(lambda: runs.exists() and runs.read_text().count("run") >= 3, "three starts")
    log = (tmp_path / "logs" / "thing.log").read_text()
    assert "ended with exit code 3; restart 1 in 0.05 s" in log
    assert "restart 2 in 0.1 s" in log


def test_a_killed_child_is_back_and_the_state_file_tells(
    supervise: Callable[..., Started], tmp_path: Path, until: Callable[..., None]
) -> None:
    supervise("exec sleep 60")
    path = tmp_path / "run" / "thing.json"
    until(path.exists, "the state file")
    first = json.loads(path.read_text())
    os.kill(first["child_pid"], signal.SIGKILL)
    until(lambda: json.loads(path.read_text())["child_pid"] not in (None, first["child_pid"]), "a new child")
    now = json.loads(path.read_text())
    assert now["pid"] == first["pid"]
    assert (now["restarts"], now["last_exit"]) == (1, -signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_ends_child_and_helpers(
    number: signal.Signals,
    supervise: Callable[..., Started],
    pids: Callable[[], list[int]],
    is_alive: Callable[[int], bool],
    tmp_path: Path,
) -> None:
    supervisor = supervise(FAMILY.format("wait"))
    family = pids()
    supervisor.send_signal(number)
    assert supervisor.wait(2) == 0
    assert not any(map(is_alive, family))
    assert not (tmp_path / "run" / "thing.json").exists()


def test_what_ignores_sigterm_is_killed_in_time(
    supervise: Callable[..., Started], pids: Callable[[], list[int]], is_alive: Callable[[int], bool]
) -> None:
    supervisor = supervise("trap '' TERM; " + FAMILY.format("while :; do sleep 1; done"))
    family = pids()
    supervisor.terminate()
    assert supervisor.wait(3) == 0
    assert not any(map(is_alive, family))


def test_a_main_process_may_tell_its_own_children(
    supervise: Callable[..., Started],
    pids: Callable[[], list[int]],
    tmp_path: Path,
    is_alive: Callable[[int], bool],
) -> None:
    """Celery: a pool process that got SIGTERM itself would die in the middle of its task."""
    script = 'trap \'kill -0 $(cat "$VENTAS_HOME/helper") && echo yes > "$VENTAS_HOME/lived"; exit\' TERM; '
    supervisor = supervise(script + FAMILY.format("wait"), group=False)
    family = pids()
    supervisor.terminate()
    assert supervisor.wait(3) == 0
    assert (tmp_path / "lived").read_text() == "yes\n"
    assert not any(map(is_alive, family)), "what it left behind goes with it"


def test_a_stop_during_the_wait_for_a_restart_is_heard(
    supervise: Callable[..., Started], tmp_path: Path, until: Callable[..., None]
) -> None:
    supervisor = supervise("exit 1", back_off=60)
    log = tmp_path / "logs" / "thing.log"
    until(lambda: log.exists() and "in 60 s" in log.read_text(), "the wait")
    supervisor.terminate()
    assert supervisor.wait(2) == 0


def test_when_the_parent_dies_all_ends(
    start: Callable[..., Started],
    tmp_path: Path,
    pids: Callable[[], list[int]],
    is_alive: Callable[[int], bool],
    until: Callable[..., None],
) -> None:
    parent = start(
        """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], start_new_session=True).wait()
        """,
        _dedented(SUPERVISE),
        tmp_path,
        FAMILY.format("wait"),
        0.05,
        "group",
    )
    family = pids()
    parent.kill()
    until(lambda: not any(map(is_alive, family)), "the end of the orphans")


def test_when_the_owner_lets_go_all_ends(
    supervise: Callable[..., Started],
    tmp_path: Path,
    pids: Callable[[], list[int]],
    is_alive: Callable[[int], bool],
) -> None:
    owner = Owner(tmp_path)
    supervisor = supervise(FAMILY.format("wait"), **owner.env)
    family = pids()
    assert supervisor.poll() is None
    owner.close()
    assert supervisor.wait(2) == 0
    assert not any(map(is_alive, family))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_killed_supervisor_takes_its_child_along(
    supervise: Callable[..., Started],
    pids: Callable[[], list[int]],
    is_alive: Callable[[int], bool],
    until: Callable[..., None],
) -> None:
    supervisor = supervise(FAMILY.format("wait"))
    main, _ = pids()
    supervisor.kill()
    until(lambda: not is_alive(main), "the death of the child")


def test_the_next_start_ends_what_a_killed_supervisor_left(
    supervise: Callable[..., Started],
    tmp_path: Path,
    pids: Callable[[], list[int]],
    is_alive: Callable[[int], bool],
    until: Callable[..., None],
) -> None:
    supervisor = supervise("trap '' TERM; " + FAMILY.format("while :; do sleep 1; done"))
    family = pids()
    supervisor.kill()
    supervisor.wait()
    assert any(map(is_alive, family)), "there is something to clean up"
    supervise("exec sleep 60")
    until(lambda: not any(map(is_alive, family)), "the end of the leftovers")


def test_a_service_has_one_supervisor(
    supervise: Callable[..., Started], tmp_path: Path, until: Callable[..., None]
) -> None:
    supervise("exec sleep 60")
    until((tmp_path / "run" / "thing.json").exists, "the first")
    with pytest.raises(PermanentError, match="thing is running already"):
        Supervisor("thing", lambda: Launch(["true"]), tmp_path).run()


def test_output_goes_to_stdout_and_to_the_log(
    supervise: Callable[..., Started], tmp_path: Path, until: Callable[..., None]
) -> None:
    supervisor = supervise("echo día uno; echo trouble >&2; exec sleep 60")
    log = tmp_path / "logs" / "thing.log"
    until(lambda: log.exists() and "trouble" in log.read_text(), "the output")
    supervisor.terminate()
    assert supervisor.wait(2) == 0
    assert (tmp_path / "stdout").read_text() == log.read_text() == "día uno\ntrouble\n"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of 128 KiB, as the state folder of a supervisor."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_no_supervisor(
    start: Callable[..., Started], small_disk: Path, tmp_path: Path, until: Callable[..., None]
) -> None:
    """Its service ends while nothing can be written: it is started all the same, and told once there is room."""
    starts = tmp_path / "starts"
    supervisor = start(SUPERVISE, small_disk, f"echo $$ >> {starts}; exec sleep 60", 0.05, "group")
    state, filler = small_disk / "run" / "thing.json", small_disk / "filler"
    until(state.exists, "the state file")
    watch = PartsWatch(small_disk, ["thing"])
    with contextlib.suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()
    first, started = json.loads(state.read_text()), len(starts.read_text().split())
    os.kill(first["child_pid"], signal.SIGKILL)
    until(lambda: len(starts.read_text().split()) > started, "another start on a full disk")
    assert supervisor.poll() is None
    assert json.loads(state.read_text()) == first, "nothing can be written"
    assert watch.changes()[0].startswith("thing is away; its supervisor starts it again.")
    filler.unlink()
    until(lambda: json.loads(state.read_text())["child_pid"] != first["child_pid"], "the state of now")
    assert watch.changes() == ["thing is back"]


def test_a_program_that_cannot_be_started_is_tried_again(
    start: Callable[..., Started], tmp_path: Path, until: Callable[..., None]
) -> None:
    program = tmp_path / "program"
    start(SUPERVISE.replace('"/bin/sh", "-c", script', "script"), tmp_path, program, 0.05, "group")
    log = tmp_path / "logs" / "thing.log"
    until(lambda: log.exists() and "could not be started ([Errno 2]" in log.read_text(), "the reason")
    program.write_text("#!/bin/sh\necho here\nexec sleep 60\n")
    program.chmod(0o755)
    until(lambda: "here" in log.read_text(), "the start")


def test_logs_stay_bounded(
    supervise: Callable[..., Started], tmp_path: Path, until: Callable[..., None]
) -> None:
    supervise("yes 'a line of the log that is repeated very often' | head -c 23000000; exec sleep 60")
    until((tmp_path / "logs" / "thing.log.2").exists, "the second rotation")
    sizes = [path.stat().st_size for path in (tmp_path / "logs").iterdir()]
    assert len(sizes) <= 3
    assert max(sizes) < 5_200_000


def _dedented(text: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in text.splitlines())
