"""Getting MinIO without Docker and without root: from PATH, from the cache, or built by Go from its pinned source.

The releases are published as source only, so a build is the documented way. Versions are tried in the order of
`VERSIONS`; each step away from the first is told, and kept beside the binary so that later starts tell it too.
A binary counts only when it says that it is the module version that was asked for.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from ventas.errors import PermanentError
from ventas.launcher.go_tool import KNOWN_GOOD, Failure, Go, GoError, Progress, find_go, install_go
from ventas.launcher.places import cache_folder, locked

MODULE = "github.com/minio/minio"
NEEDED_BYTES = 4 * 1024**3  # sources, Go's build cache and the binary


@dataclass(frozen=True)
class Version:
    """A version of MinIO's module; `name` is what people call it."""

    module: str
    name: str


# The second is upstream's last published commit, four months after the release; it carries no release's name.
VERSIONS = (
    Version("v0.0.0-20251015172955-9e49d5e7a648", "RELEASE.2025-10-15T17-29-55Z"),
    Version("v0.0.0-20260212201848-7aac2a2c5b7c", "commit 7aac2a2c5b7c of 2026-02-12"),
)


class NoMinio(PermanentError):
    """Raised when MinIO cannot be had on this machine; the message says why, in plain words."""


@dataclass(frozen=True)
class Minio:
    """A usable program; `note` says in one line what was wanted instead, empty when it is the release itself."""

    program: Path
    version: str
    note: str = ""


@dataclass(frozen=True)
class _Kept:
    """What is kept beside a built binary (`minio.json`)."""

    module: str
    version: str
    sha256: str
    note: str


def _silent(_line: str) -> None:
    """Progress that nobody watches."""


def get_minio(progress: Progress = _silent) -> Minio:
    """The first MinIO that can be had: on PATH, in the cache, or built now (minutes).

    Raises NoMinio. Of several processes one builds, the others wait for it.
    """
    if found := _on_path() or _cached():
        return found
    with locked(_folder() / "lock"):
        return _cached() or _build(progress)


def _on_path() -> Minio | None:
    program = shutil.which("minio")
    if program is None:
        return None
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.match(r"minio version (\S+)", told.stdout)
    return Minio(Path(program), f"{version[1]} (from PATH)") if version else None


def _folder() -> Path:
    return cache_folder() / "minio"


def _cached() -> Minio | None:
    for version in VERSIONS:
        program = _folder() / version.module / "minio"
        if program.is_file() and (kept := _verified(program, version)):
            return Minio(program, version.name, kept.note)
    return None


def _verified(program: Path, version: Version) -> _Kept | None:
    """The notes on a cached binary if it is whole and what it should be; without notes Go must vouch for it."""
    record = program.with_name("minio.json")
    try:
        kept = _Kept(**json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        go = find_go()
        if go is None or go.module_of(program) != (MODULE, version.module):
            return None
        return _keep(
            program, version, "" if version == VERSIONS[0] else f"{VERSIONS[0].name} is not in the cache"
        )
    same = kept.module == MODULE and kept.version == version.module and kept.sha256 == _sha256(program)
    return kept if same else None


def _keep(program: Path, version: Version, note: str) -> _Kept:
    kept = _Kept(MODULE, version.module, _sha256(program), note)
    record = program.with_name("minio.json")
    fresh = record.with_suffix(".tmp")
    fresh.write_text(json.dumps(asdict(kept), indent=2), encoding="utf-8")
    fresh.replace(record)
    return kept


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _build(progress: Progress) -> Minio:
    free = shutil.disk_usage(_folder()).free
    if free < NEEDED_BYTES:
        raise NoMinio(
            f"MinIO was not built: {free / 1e9:.1f} GB are free on the disk of {_folder()}, about 4 GB are needed."
        )
    go = find_go() or install_go(progress)
    if go is None:
        raise NoMinio("MinIO was not built: there is no Go 1.24 or later, and it could not be installed.")
    note, answer = "", ""
    for version in VERSIONS:
        if note:
            progress(note)
        progress(f"building MinIO {version.name} (4 to 7 minutes, once)")
        try:
            return Minio(_install(go, version, note, progress), version.name, note)
        except GoError as error:
            answer = str(error)
            if error.failure is not Failure.REFUSED:
                raise NoMinio(
                    f"MinIO {version.name} was not built ({error.failure.value}): {answer}"
                ) from error
            note = f"in place of {version.name}, which the module proxy refuses («{answer}»)"
    raise NoMinio(f"No version of MinIO was to be had: the module proxy answered «{answer}».")


def _install(go: Go, version: Version, note: str, progress: Progress) -> Path:
    """Build into a temporary folder, check, and only then move to where it is trusted."""
    home = _folder() / version.module
    target = f"{MODULE}@{version.module}"
    with tempfile.TemporaryDirectory(dir=_folder(), prefix="building.") as temporary:
        built = Path(temporary) / "minio"
        try:
            go.install(target, built.parent, progress)
        except GoError as error:
            if error.failure is not Failure.BUILD:
                raise
            progress(f"this Go could not build it ({error}); trying again with {KNOWN_GOOD}")
            go.install(target, built.parent, progress, toolchain=KNOWN_GOOD)
        told = go.module_of(built) if built.is_file() else None
        if told != (MODULE, version.module):
            raise GoError(Failure.NOT_GENUINE, f"the binary says it is {told}, not {target}")
        _keep(built, version, note)
        home.mkdir(exist_ok=True)
        # Notes first: a binary without notes is looked at again, notes without a binary are nothing.
        built.with_name("minio.json").replace(home / "minio.json")
        built.replace(home / "minio")
    return home / "minio"
