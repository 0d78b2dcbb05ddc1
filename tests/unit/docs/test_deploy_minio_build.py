"""deploy/build-minio.sh: which version is taken, with a `go` that answers as the real one was seen to."""

import re
import subprocess
from pathlib import Path

import pytest
from settings_table import ROOT

from ventas.launcher.minio import MODULE, VERSIONS

REFUSED = "go: {target}: reading the module: 403 Forbidden"
MISMATCH = "verifying {target}: checksum mismatch\\nSECURITY ERROR"
NO_NETWORK = "go: {target}: dial tcp: lookup failed: no such host"
FIRST, SECOND = (version.module for version in VERSIONS)


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """A folder with a `go` that reads what to answer to `go install` from a file named after the version."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "go"
    program.write_text(
        f"""#!/bin/sh
for last; do :; done
if [ "$1" = version ]; then
    printf '\\tmod\\t{MODULE}\\t%s\\th1:x=\\n' "$(cat "$last")"
    exit 0
fi
version=${{last#*@}}
if [ -f "{folder}/$version" ]; then
    cat "{folder}/$version" >&2
    exit 1
fi
printf %s "${{BUILT_AS:-$version}}" > "$GOBIN/minio"
""",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return folder


def refuse(go: Path, version: str, answer: str) -> None:
    (go / version).write_text(answer.format(target=f"{MODULE}@{version}"), encoding="utf-8")


def build(go: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", ROOT / "deploy/build-minio.sh", go, FIRST, SECOND],
        env={"PATH": f"{go}:/usr/bin:/bin", **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_release_is_taken_where_it_can_be_had(go: Path) -> None:
    assert build(go).returncode == 0
    assert (go / "minio").read_text(encoding="utf-8") == FIRST


def test_a_refused_release_is_told_and_the_later_commit_taken(go: Path) -> None:
    refuse(go, FIRST, REFUSED)
    done = build(go)
    assert done.returncode == 0
    assert f"{FIRST} was refused" in done.stderr
    assert (go / "minio").read_text(encoding="utf-8") == SECOND


@pytest.mark.parametrize(
    "answer", [MISMATCH, NO_NETWORK, "no space left on device", "main.go:1: undefined: x"]
)
def test_anything_but_a_refusal_ends_the_build(go: Path, answer: str) -> None:
    refuse(go, FIRST, answer)
    assert build(go).returncode == 1
    assert not (go / "minio").exists()


def test_all_refused_is_a_failure(go: Path) -> None:
    refuse(go, FIRST, REFUSED)
    refuse(go, SECOND, REFUSED)
    assert build(go).returncode == 1


def test_a_binary_of_another_version_is_not_taken_for_it(go: Path) -> None:
    assert build(go, BUILT_AS="v0.0.1").returncode == 1


def test_the_image_tries_the_launchers_versions_in_its_order() -> None:
    dockerfile = (ROOT / "deploy/minio.Dockerfile").read_text(encoding="utf-8")
    versions = re.search(r'^ARG MINIO_VERSIONS="(.*)"$', dockerfile, re.MULTILINE)
    assert versions
    assert versions[1].split() == [version.module for version in VERSIONS]
