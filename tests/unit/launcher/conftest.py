"""What the launcher's tests share: waiting for a condition, and a `go` program that does as it is told."""

import os
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait until a condition holds; fail with its name if it never does."""

    def wait(condition: Callable[[], object], what: str, seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"never happened: {what}"
            time.sleep(0.02)

    return wait


@pytest.fixture
def is_alive() -> Callable[[int], bool]:
    """Whether a process runs (a zombie does not)."""

    def alive(pid: int) -> bool:
        try:
            return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    return alive


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start a Python program from its text, its output in `tmp_path/stdout`; all are killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def run(text: str, *arguments: object, **env: str) -> "subprocess.Popen[bytes]":
        with (tmp_path / "stdout").open("ab") as stdout:
            process = subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)],
                env={**os.environ, **env},
                stdout=stdout,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write an executable into `tmp_path/bin`."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write
