"""Making `.venv`: once per lock file, by a Python that truly runs, and with advice where it fails."""

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Stands in for .venv/bin/python: tells its version, writes down what pip is asked, fails as it is told.
FAKE_PYTHON = """
#!/bin/sh
[ "$1" = -c ] && { echo 3.12; exit 0; }
here="$(dirname "$0")/../.."
echo "$@" >> "$here/calls"
if [ -f "$here/pip-says" ]; then cat "$here/pip-says"; exit 1; fi
if [ -f "$here/pip-goes-on" ]; then cat "$here/pip-goes-on"; fi
"""


@pytest.fixture
def bootstrap() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "scripts" / "bootstrap.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path, program: Callable[[str, str], Path]) -> Path:
    """A project whose `.venv` exists already, with the fake Python in it."""
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).write_text("one==1 \\\n    --hash=sha256:0\ntwo==2\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program("python", FAKE_PYTHON).rename(tmp_path / ".venv" / "bin" / "python")
    return tmp_path


def calls(project: Path) -> list[str]:
    """What pip was asked for so far."""
    path = project / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_a_second_call_starts_no_pip(bootstrap: ModuleType, project: Path) -> None:
    bootstrap.main("run", project)
    first = calls(project)
    assert len(first) == 2
    assert "--require-hashes" in first[0]
    assert first[0].endswith("requirements.lock")
    assert "--no-build-isolation --no-deps --editable" in first[1]
    bootstrap.main("run", project)
    assert calls(project) == first


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_file_is_installed_again(name: str, bootstrap: ModuleType, project: Path) -> None:
    bootstrap.main("run", project)
    (project / name).write_text("three==3\n")
    bootstrap.main("run", project)
    assert len(calls(project)) == 4


def test_run_and_dev_are_remembered_apart(bootstrap: ModuleType, project: Path) -> None:
    for kind in ("run", "dev", "run", "dev"):
        bootstrap.main(kind, project)
    installed = [line.rpartition("/")[2] for line in calls(project) if "--require-hashes" in line]
    assert installed == ["requirements.lock", "requirements-dev.lock"]


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("Failed to establish a new connection: Temporary failure in name resolution", "cannot be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the locked one"),
        ("ERROR: something quite new", "something quite new"),
    ],
)
def test_a_failure_gives_advice_and_is_tried_again(
    said: str, advice: str, bootstrap: ModuleType, project: Path
) -> None:
    (project / "pip-says").write_text(said + "\n")
    with pytest.raises(bootstrap.Trouble, match=advice):
        bootstrap.main("run", project)
    (project / "pip-says").unlink()
    bootstrap.main("run", project)
    assert len(calls(project)) == 3, "the failed call left no stamp"


def test_a_python_without_venv_is_told_with_the_command(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "has_pip_wheel", lambda: False)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with pytest.raises(bootstrap.Trouble, match=rf"Run: sudo apt-get install python{version}-venv"):
        bootstrap.main("run", tmp_path)


@pytest.fixture
def find_python(
    tmp_path: Path, program: Callable[[str, str], Path]
) -> Callable[[], "subprocess.CompletedProcess[str]"]:
    """Run a copy of bootstrap.sh with nothing on PATH but what the test put there."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "bootstrap.sh").write_text((ROOT / "scripts" / "bootstrap.sh").read_text())
    (scripts / "bootstrap.py").write_text("import sys; print('chosen', sys.argv[1])")
    for name in ("dirname", "sh"):
        program(name, f'#!/bin/sh\nexec /usr/bin/{name} "$@"\n')

    def run() -> "subprocess.CompletedProcess[str]":
        env = {"PATH": str(tmp_path / "bin"), "HOME": os.environ["HOME"]}
        return subprocess.run(
            ["/bin/sh", str(scripts / "bootstrap.sh"), "dev"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_shim_that_fails_is_passed_over(
    find_python: Callable[[], "subprocess.CompletedProcess[str]"], program: Callable[[str, str], Path]
) -> None:
    program("python3.12", "#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n")
    program("python3.11", "#!/bin/sh\nexit 1\n")
    program("python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    done = find_python()
    assert (done.returncode, done.stdout, done.stderr) == (0, "chosen dev\n", "")


def test_no_suitable_python_is_one_line(
    find_python: Callable[[], "subprocess.CompletedProcess[str]"], program: Callable[[str, str], Path]
) -> None:
    program("python3", "#!/bin/sh\nexit 1\n")  # too old says so by its exit code
    program("brew", "#!/bin/sh\n")
    done = find_python()
    assert done.returncode == 1
    assert done.stderr == "No working Python 3.11, 3.12 or 3.13 was found. Run: brew install python@3.12\n"


def test_a_second_make_waits_for_the_first_and_says_so(
    bootstrap: ModuleType, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two pips at once in one `.venv` would tread on each other."""
    hold = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)"
    hold += "; print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, project], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout
        first.stdout.readline()
        second = threading.Thread(target=bootstrap.main, args=("run", project))
        second.start()
        said = ""
        while "waiting for it to end" not in said:
            said += capsys.readouterr().err
            assert second.is_alive()
        assert calls(project) == []
        first.communicate("\n")
        second.join()
    assert len(calls(project)) == 2


def test_where_nobody_looks_at_a_terminal_it_says_how_far_it_is(
    bootstrap: ModuleType, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pip-goes-on").write_text(
        "Collecting one\nCollecting two\nInstalling collected packages: one, two\n"
    )
    bootstrap.main("run", project)
    assert "2 of 2 packages, 0 s: unpacking them" in capsys.readouterr().err
