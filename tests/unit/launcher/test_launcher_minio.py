"""Getting MinIO: which version, what is said, what is trusted; Go is a script that answers as a real one did."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ventas.launcher.minio import VERSIONS, NoMinio, get_minio
from ventas.launcher.object_store import choose_store

RELEASE, LATER = (version.module for version in VERSIONS)
REFUSAL = """
asked="github.com/minio/minio@$wanted"
echo "go: $asked: $asked: reading https://proxy.example/x.info: 403 Forbidden" >&2
printf '\\tserver response: This module version is not available.\\n' >&2
exit 1
"""
# What it is told to do per version lies in files of the folder that $GO_SAYS names; absent: it builds.
FAKE_GO = f"""
#!/bin/sh
echo "$@" >> "$GO_SAYS/calls"
case "$1 $2" in
    "version -m")
        printf '%s: go1.26.8\\n\\tpath\\tgithub.com/minio/minio\\n\\tmod\\tgithub.com/minio/minio\\t%s\\th1:x=\\n' \\
            "$3" "$(head -n 1 "$3")"
        exit 0 ;;
    "version "*) echo "go version ${{GO_VERSION:-go1.26.8}} linux/amd64"; exit 0 ;;
esac
for last; do :; done
wanted="${{last#*@}}"
case "$(cat "$GO_SAYS/$wanted" 2>/dev/null)" in
    refused) {REFUSAL} ;;
    "no network") echo "go: $last: dial tcp: lookup proxy.example: no such host" >&2; exit 1 ;;
    "disk full") echo "write /x: no space left on device" >&2; exit 1 ;;
    tampered) echo "verifying $last: checksum mismatch" >&2; echo "SECURITY ERROR" >&2; exit 1 ;;
    "wrong version") echo v9.9.9 > "$GOBIN/minio"; exit 0 ;;
    "needs older go")
        [ "$GOTOOLCHAIN" = go1.24.8 ] || {{ echo "x.go:1: undefined: y" >&2; exit 1; }} ;;
    slow) sleep 0.5 ;;
esac
echo "github.com/minio/minio/cmd" >&2
echo "$wanted" > "$GOBIN/minio"
"""


@pytest.fixture
def go_says(
    program: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Put the script `go` on an otherwise poor PATH, and tell it what to do with which version."""
    says = tmp_path / "says"
    says.mkdir()
    program("go", FAKE_GO)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("GO_SAYS", str(says))
    monkeypatch.setenv("VENTAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GOTOOLCHAIN", raising=False)
    monkeypatch.delenv("CI", raising=False)

    def tell(version: str, what: str) -> None:
        (says / version).write_text(what)

    return tell


@pytest.fixture
def installs(go_says: object, tmp_path: Path) -> Callable[[], list[str]]:
    """The versions that Go was asked to install, in order."""

    def asked() -> list[str]:
        calls = tmp_path / "says" / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line.partition("@")[2] for line in lines if line.startswith("install")]

    return asked


def test_the_release_is_built_once_and_needs_no_note(installs: Callable[[], list[str]]) -> None:
    first, second = get_minio(), get_minio()
    assert first == second
    assert first.program.read_text().strip() == RELEASE
    assert (first.version, first.note) == ("RELEASE.2025-10-15T17-29-55Z", "")
    assert installs() == [RELEASE]


def test_a_refused_release_gives_the_later_commit_and_says_so(
    go_says: Callable[..., None], installs: Callable[[], list[str]]
) -> None:
    go_says(RELEASE, "refused")
    told: list[str] = []
    found = get_minio(told.append)
    assert found.program.read_text().strip() == LATER
    for words in (
        "RELEASE.2025-10-15T17-29-55Z",
        "403 Forbidden: This module version is not available.",
    ):
        assert words in found.note
    assert "7aac2a2c5b7c" in found.version
    assert "proxy.example" not in found.note
    assert found.note in told
    assert get_minio().note == found.note, "a later start tells it again"
    assert installs() == [RELEASE, LATER], "and asks for nothing again"


def test_all_versions_refused_is_told_with_the_answer(go_says: Callable[..., None]) -> None:
    go_says(RELEASE, "refused")
    go_says(LATER, "refused")
    with pytest.raises(NoMinio, match="403 Forbidden"):
        get_minio()


@pytest.mark.parametrize("trouble", ["no network", "disk full", "tampered"])
def test_other_troubles_are_no_reason_to_take_another_version(
    trouble: str, go_says: Callable[..., None], installs: Callable[[], list[str]]
) -> None:
    go_says(RELEASE, trouble)
    with pytest.raises(NoMinio, match={"tampered": "not genuine"}.get(trouble, trouble)):
        get_minio()
    assert installs() == [RELEASE]


def test_a_go_that_is_too_new_is_followed_by_the_known_good_one(
    go_says: Callable[..., None], installs: Callable[[], list[str]]
) -> None:
    go_says(RELEASE, "needs older go")
    assert get_minio().program.read_text().strip() == RELEASE
    assert installs() == [RELEASE, RELEASE]


def test_a_binary_that_is_another_version_is_not_kept(go_says: Callable[..., None], tmp_path: Path) -> None:
    go_says(RELEASE, "wrong version")
    with pytest.raises(NoMinio, match="not genuine"):
        get_minio()
    assert not list((tmp_path / "cache").rglob("minio.json"))
    assert not [path for path in (tmp_path / "cache").rglob("minio") if path.is_file()]


@pytest.mark.usefixtures("go_says")
def test_a_damaged_binary_is_built_again(installs: Callable[[], list[str]]) -> None:
    program = get_minio().program
    program.write_text("half of it")
    assert get_minio().program.read_text().strip() == RELEASE
    assert installs() == [RELEASE, RELEASE]


def test_a_kept_binary_is_used_where_go_is_gone(
    go_says: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = get_minio()
    (tmp_path / "bin" / "go").unlink()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert get_minio() == kept


@pytest.mark.usefixtures("go_says")
def test_a_binary_without_notes_counts_when_go_vouches_for_it(installs: Callable[[], list[str]]) -> None:
    program = get_minio().program
    program.with_name("minio.json").unlink()
    assert get_minio().program == program
    assert installs() == [RELEASE]


def test_of_two_processes_one_builds(go_says: Callable[..., None], installs: Callable[[], list[str]]) -> None:
    go_says(RELEASE, "slow")
    command = [
        sys.executable,
        "-c",
        "from ventas.launcher.minio import get_minio; print(get_minio().program)",
    ]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(told) == 1
    assert installs() == [RELEASE]


def test_a_minio_on_path_comes_first(
    program: Callable[[str, str], Path], go_says: object, installs: Callable[[], list[str]]
) -> None:
    own = program("minio", "#!/bin/sh\necho 'minio version RELEASE.2025-10-15T17-29-55Z (commit-id=1)'\n")
    found = get_minio()
    assert found.program == own
    assert found.version == "RELEASE.2025-10-15T17-29-55Z (from PATH)"
    assert installs() == []


def test_another_program_called_minio_is_passed_over(
    program: Callable[[str, str], Path], go_says: object
) -> None:
    program("minio", "#!/bin/sh\necho 'a game about fish'\n")
    assert get_minio().program.read_text().strip() == RELEASE


def test_without_minio_the_stand_in_never_pretends(go_says: Callable[..., None]) -> None:
    go_says(RELEASE, "no network")
    store = choose_store({}, lambda _line: None)
    assert store.is_stand_in
    assert store.name == "S3 stand-in (moto), not MinIO"
    assert "no network" in store.note
    assert "lost at a stop" in store.note
    assert store.env == {"S3_STAND_IN": "true", "SWEEP_INTERVAL_SECONDS": "3"}


def test_under_ci_the_fall_back_is_a_failure(go_says: Callable[..., None]) -> None:
    go_says(RELEASE, "no network")
    with pytest.raises(NoMinio):
        choose_store({"CI": "true"}, lambda _line: None)


def test_the_stand_in_can_be_asked_for() -> None:
    assert choose_store({"VENTAS_FORCE_STAND_IN": "1", "CI": "true"}, lambda _line: None).is_stand_in
