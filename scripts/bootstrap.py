"""Make `.venv` from the lock file, once: `bootstrap.py run` (to use the system) or `bootstrap.py dev` (to test it).

Standard library only, since it runs before anything is installed. A stamp in `.venv` keeps the digest of what was
installed, so that a second call neither installs nor downloads anything.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}
NEEDED_BYTES = 3 * 1024**3
PROGRESS_SECONDS = 15.0  # between lines where no terminal shows a moving one
HINTS = (
    (r"No space left on device", "The disk is full: free about 3 GB and run the same command again."),
    (
        r"(Temporary failure in name resolution|Connection refused|Network is unreachable|ConnectTimeout|"
        r"NewConnectionError|ProxyError)",
        "The package index cannot be reached: check the network (or pip's index and proxy settings) and run again.",
    ),
    (
        r"THESE PACKAGES DO NOT MATCH THE HASHES",
        "A downloaded file is not the locked one: do not use it; try again later or from another network.",
    ),
)


class Trouble(Exception):
    """Something that the person at the keyboard must do; the text is one line that says what."""


def main(kind: str, root: Path = ROOT) -> None:
    """Bring `root/.venv` to what the lock of `kind` says; raises Trouble with one line of advice."""
    with alone(root):
        bring(kind, root)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep a second call from installing into the same `.venv`: it waits for the first, and says so."""
    opened = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another make installs packages here: waiting for it to end")
            fcntl.flock(opened, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without such locks, as some networks': better no guard than no installation
        yield
    finally:
        os.close(opened)


def bring(kind: str, root: Path) -> None:
    """What `main` does, by whoever is alone."""
    target = root / ".venv"
    python = target / "bin" / "python"
    if not runs(python):
        make_venv(target)
    wanted = digest(root, kind, version_of(python))
    if stamped(target).get(kind) == wanted:
        return
    install(python, root / LOCKS[kind])
    install_project(python, root)
    stamp(target, kind, wanted)


def runs(python: Path) -> bool:
    """Whether `python` starts and is a version that the project supports."""
    if not python.exists():
        return False
    return version_of(python) in {"3.11", "3.12", "3.13"}


def version_of(python: Path) -> str:
    """Major and minor version of an interpreter, such as 3.12; empty if it cannot be run."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def make_venv(target: Path) -> None:
    """Make an empty virtual environment with pip; raises Trouble where the system's Python lacks the parts."""
    if importlib.util.find_spec("ensurepip") is None or not has_pip_wheel():
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise Trouble(
            f"This Python {version} comes without venv. Run: sudo apt-get install python{version}-venv"
        )
    free = shutil.disk_usage(target.parent).free
    if free < NEEDED_BYTES:
        raise Trouble(f"Only {free / 1e9:.1f} GB are free on this disk, about 3 GB are needed: free some.")
    say(f"Making .venv with Python {sys.version.split()[0]}")
    venv.create(target, with_pip=True, clear=target.exists(), symlinks=True)


def has_pip_wheel() -> bool:
    """Debian ships `ensurepip` as an empty shell when python3-venv is missing; then it has no pip to install."""
    try:
        import ensurepip

        return bool(ensurepip.version())
    except (ImportError, OSError):
        return False


def digest(root: Path, kind: str, version: str) -> str:
    """SHA-256 over all that decides what is installed: the lock, the project's file, Python's version."""
    found = hashlib.sha256(version.encode())
    for name in (LOCKS[kind], "pyproject.toml"):
        found.update((root / name).read_bytes())
    return found.hexdigest()


def stamped(target: Path) -> dict[str, str]:
    """The digests of what was installed before, by kind; empty when nothing (or nothing readable) is there."""
    try:
        found = json.loads((target / "ventas-stamp.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def stamp(target: Path, kind: str, value: str) -> None:
    """Remember, atomically, that `kind` is installed."""
    fresh = target / f"ventas-stamp.{os.getpid()}"
    fresh.write_text(json.dumps({**stamped(target), kind: value}), encoding="utf-8")
    fresh.replace(target / "ventas-stamp.json")


def install(python: Path, lock: Path) -> None:
    """Install exactly what the lock names, each file checked against its hash."""
    total = len(re.findall(r"^\S+==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    say(f"Installing up to {total} packages from {lock.name} (a few minutes the first time)")
    pip(python, ["--require-hashes", "--requirement", str(lock)], total)


def install_project(python: Path, root: Path) -> None:
    """Install this project itself, editable; its dependencies are there already."""
    pip(python, ["--no-build-isolation", "--no-deps", "--editable", str(root)], 0)


def pip(python: Path, arguments: list[str], total: int) -> None:
    """Run `pip install`, telling how far it is; raises Trouble with pip's last words."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", *arguments]
    last: deque[str] = deque(maxlen=12)
    started = told = time.monotonic()
    seen = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        for line in running.stdout or ():
            last.append(line.rstrip())
            seen += line.startswith(("Collecting ", "Requirement already satisfied"))
            unpacking, now = line.startswith("Installing collected packages"), time.monotonic()
            if total and sys.stderr.isatty():
                show(f"{seen} of {total} packages, {now - started:.0f} s: {line.split('(')[0]}")
            elif total and (unpacking or now - told > PROGRESS_SECONDS):
                told = now
                say(f"{seen} of {total} packages, {now - started:.0f} s" + ": unpacking them" * unpacking)
    if total and sys.stderr.isatty():
        show("")
    if running.returncode:
        raise Trouble(advice("\n".join(last)))


def advice(output: str) -> str:
    """pip's failure in one line that says what to do, below pip's own last words."""
    for pattern, hint in HINTS:
        if re.search(pattern, output):
            return hint
    return f"{output}\nInstalling failed; pip's last lines are above. Run the same command again."


def show(text: str) -> None:
    """Rewrite the terminal's current line."""
    width = shutil.get_terminal_size().columns - 1
    sys.stderr.write("\r\033[K" + text.strip()[:width])
    sys.stderr.flush()


def say(text: str) -> None:
    """One line of progress, on stderr so that a program's output stays clean."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LOCKS:
        sys.exit("usage: bootstrap.py run|dev")
    try:
        main(sys.argv[1])
    except Trouble as trouble:
        sys.exit(str(trouble))
    except KeyboardInterrupt:
        sys.exit("\nStopped; the same command goes on where it was.")
