"""Back-up and restore on real databases and an S3 server; the drill with all services is a pipeline test."""

import json
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from ledger_databases import running_postgres
from sqlalchemy import create_engine, text

from ventas.backup import archive, create, restore, target
from ventas.backup.archive import BrokenBackup
from ventas.backup.buckets import Buckets
from ventas.backup.create import take_backup
from ventas.backup.databases import ToolFailed
from ventas.backup.manifest import Manifest
from ventas.backup.restore import Restore, ledger_head
from ventas.errors import Conflict, NotFound, VentasError
from ventas.launcher.places import make_home, try_lock
from ventas.ledger import Ledger, UploadEvent
from ventas.ledger.migrate import configuration, upgrade
from ventas.ledger.predictions import NewPrediction
from ventas.ledger.queries import RunFilter
from ventas.settings import Settings


def _silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def buckets(bucket_name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """Names of the three buckets, of this test alone, for the S3 server is shared."""
    names = (bucket_name, f"{bucket_name}-data", f"{bucket_name}-mlflow")
    for module in (create, restore, target):
        monkeypatch.setattr(module, "BUCKETS", names)
    for module in (create, restore):
        monkeypatch.setattr(module, "UPLOADS_BUCKET", names[0])
    return names


def _fill(settings: Settings, buckets: tuple[str, str, str]) -> list[str]:
    """A used system: two uploads of one key, a deleted one, a dataset, a prediction; version ids of the uploads."""
    make_home(settings.home)
    upgrade(settings)
    _make_mlflow(settings)
    store = Buckets(settings)
    uploads, data, mlflow = buckets
    store.ensure_bucket(uploads, versioned=True)
    store.ensure_bucket(data, versioned=False)
    store.ensure_bucket(mlflow, versioned=False)
    versions = [
        store.put_bytes(uploads, "a/ventas ñ.csv", body, "text/csv").version_id for body in (b"1", b"22")
    ]
    versions.append(store.put_bytes(uploads, "gone/ventas.csv", b"333").version_id)
    store.delete_current(uploads, "gone/ventas.csv")
    store.put_bytes(data, "runs/x/train.csv", b"Fecha\n", "text/csv; charset=utf-8")
    ledger = Ledger(settings)
    keys = ("a/ventas ñ.csv", "a/ventas ñ.csv", "gone/ventas.csv")
    ledger.intake.record(
        [UploadEvent(uploads, key, version, "e", 1) for key, version in zip(keys, versions, strict=True)]
    )
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    ledger.predictions.add([NewPrediction(moment, 1, moment.date(), {"Festivo": 0}, 1.5)])
    ledger.close()
    return versions


def _make_mlflow(settings: Settings) -> None:
    """Tables as MLflow calls them; the drill has its own server make all of them."""
    engine = create_engine(settings.mlflow_backend_store_uri)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('abc')"))
        connection.execute(text("CREATE TABLE model_versions (version INTEGER)"))
    engine.dispose()


@pytest.fixture
def lost(s3_settings: Settings, buckets: tuple[str, str, str]) -> Settings:
    """A used system."""
    _fill(s3_settings, buckets)
    return s3_settings


@pytest.fixture(params=["backup", "backup.tar"])
def backup(request: pytest.FixtureRequest, lost: Settings, tmp_path: Path) -> Path:
    """Its backup, as a folder and as a file."""
    path: Path = tmp_path / request.param
    take_backup(lost, path, _silent)
    return path


@pytest.fixture
def empty(lost: Settings, buckets: tuple[str, str, str], tmp_path: Path) -> Settings:
    """A system without anything, on the same S3 server: its buckets are emptied by whoever uses it."""
    return lost.model_copy(update={"VENTAS_HOME": tmp_path / "empty"})


def _emptied(settings: Settings, buckets: tuple[str, str, str]) -> Buckets:
    store = Buckets(settings)
    for name in buckets:
        store.empty(name)
    return store


def _restore(settings: Settings, path: Path, *, replace: bool = False) -> Any:
    work = Restore(settings, path, _silent)
    return work.begin(work.verify(), replace=replace)


def _content(settings: Settings, buckets: tuple[str, str, str]) -> list[tuple[str, str, bytes]]:
    store = Buckets(settings)
    return sorted(
        (name, one.key, store.get_bytes(name, one.key, one.version_id if name == buckets[0] else None))
        for name in buckets
        for one in store.versions(name)
    )


def test_all_comes_back_and_the_ledger_names_the_versions_that_are_there(
    backup: Path, lost: Settings, empty: Settings, buckets: tuple[str, str, str]
) -> None:
    content = _content(lost, buckets)
    store = _emptied(lost, buckets)
    restored = _restore(empty, backup)
    assert (restored.objects, restored.replaced) == (4, [])
    assert _content(empty, buckets) == content
    assert not store.exists(buckets[0], "gone/ventas.csv"), "what was deleted stays deleted"
    assert store.get_bytes(buckets[0], "a/ventas ñ.csv") == b"22", "the newest version is the newest again"
    ledger = Ledger(empty)
    runs, _ = ledger.queries.runs(RunFilter(), 0, 10)
    found = {(run.key, store.get_bytes(run.bucket, run.key, run.version_id)) for run in runs}
    assert found == {("a/ventas ñ.csv", b"1"), ("a/ventas ñ.csv", b"22"), ("gone/ventas.csv", b"333")}
    listed = [
        UploadEvent(one.bucket, one.key, one.version_id, one.etag, one.size)
        for one in store.versions(buckets[0])
    ]
    assert ledger.intake.known([one.identity for one in listed]) == {one.identity for one in listed}
    assert ledger.history.get(1).prediction.prediction == 1.5
    ledger.close()


def test_content_type_and_metadata_come_back(
    lost: Settings, empty: Settings, buckets: tuple[str, str, str], tmp_path: Path
) -> None:
    told = {"content-type": "text/csv", "content-encoding": "gzip", "x-amz-meta-shop": "7"}
    source = tmp_path / "source"
    source.write_bytes(b"abc")
    with source.open("rb") as file:
        Buckets(lost).put_back(buckets[1], "x.gz", file, 3, told)
    take_backup(lost, tmp_path / "b", _silent)
    store = _emptied(lost, buckets)
    _restore(empty, tmp_path / "b")
    with store.fetched(store.stat(buckets[1], "x.gz")) as found:
        assert (found.headers, b"".join(found.chunks)) == (told, b"abc")


def _rewritten(path: Path, change: Callable[[Path], None], tmp_path: Path) -> Path:
    """A copy of a backup that somebody changed, as a folder or a file like the first."""
    folder = tmp_path / "changed"
    if path.is_dir():
        path.rename(folder)
        change(folder)
        return folder
    with tarfile.open(path) as tar:
        tar.extractall(folder, filter="data")
    change(folder)
    made = tmp_path / "changed.tar"
    with tarfile.open(made, "w") as tar:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                tar.add(file, file.relative_to(folder).as_posix())
    return made


def _flip(file: Path) -> None:
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(held)


def _newer_schema(folder: Path) -> None:
    _change_manifest(folder, lambda found: replace(found.ledger_database, revision="9999"))


def _change_manifest(folder: Path, ledger_of: Callable[[Manifest], Any]) -> None:
    with archive.reading(folder) as reader:
        found = Manifest.read(reader)
    (folder / archive.MANIFEST).write_bytes(replace(found, ledger_database=ledger_of(found)).to_bytes())


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing file": (lambda folder: (folder / "objects/00000001").unlink(), "objects/00000001 is missing"),
    "cut file": (
        lambda folder: (folder / "objects/00000002").write_bytes(b""),
        "objects/00000002 of the backup has 0",
    ),
    "flipped byte": (
        lambda folder: _flip(folder / "ledger.sqlite"),
        "ledger.sqlite of the backup is not what",
    ),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "it is no backup, or half of one"),
    "changed manifest": (lambda folder: _flip(folder / "manifest.json"), "manifest.json is damaged"),
    "newer schema": (_newer_schema, "has schema 9999"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused_and_nothing_changes(
    backup: Path, empty: Settings, buckets: tuple[str, str, str], tmp_path: Path, damage: str
) -> None:
    change, told = DAMAGES[damage]
    changed = _rewritten(backup, change, tmp_path)
    _emptied(empty, buckets)
    with pytest.raises((BrokenBackup, Conflict), match=told) as raised:
        Restore(empty, changed, _silent).verify()
    assert "Nothing was restored" in str(raised.value)
    assert not empty.home.exists()


def test_a_cut_tar_file_is_refused(lost: Settings, tmp_path: Path) -> None:
    path = tmp_path / "backup.tar"
    take_backup(lost, path, _silent)
    path.write_bytes(path.read_bytes()[:40_000])
    with pytest.raises(BrokenBackup):
        Restore(lost, path, _silent).verify()


def test_a_system_that_is_not_empty_is_replaced_only_when_told(
    backup: Path, lost: Settings, buckets: tuple[str, str, str]
) -> None:
    store = Buckets(lost)
    store.put_bytes(buckets[1], "later.csv", b"later")
    (lost.home / "champion" / "7").mkdir(parents=True)
    with pytest.raises(Conflict, match=r"not empty: the ledger has 4 .*--replace"):
        _restore(lost, backup)
    assert store.get_bytes(buckets[1], "later.csv") == b"later"
    assert (lost.home / "champion" / "7").exists()
    restored = _restore(lost, backup, replace=True)
    assert any(buckets[1] in told for told in restored.replaced)
    assert not store.exists(buckets[1], "later.csv")
    assert not (lost.home / "champion" / "7").exists(), "another version 7 may come"
    assert len(_content(lost, buckets)) == 4


def test_a_system_that_runs_is_not_restored_into(backup: Path, lost: Settings) -> None:
    lock = try_lock(lost.home / "run" / "api.lock")
    assert lock is not None
    with lock, pytest.raises(Conflict, match=r"Stop the system first .*: api still run"):
        _restore(lost, backup, replace=True)


def test_an_older_ledger_is_brought_up_to_date(
    lost: Settings, empty: Settings, buckets: tuple[str, str, str], tmp_path: Path
) -> None:
    ledger = Ledger(lost)
    with ledger.database.write() as session:
        command.downgrade(configuration(session.connection()), "0008")
    ledger.close()
    manifest = take_backup(lost, tmp_path / "old", _silent)
    assert manifest.ledger_database.revision == "0008"
    _emptied(lost, buckets)
    assert _restore(empty, tmp_path / "old").revision == ledger_head()
    with closing(sqlite3.connect(empty.home / "ledger.db")) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == (ledger_head(),)


def test_what_breaks_off_leaves_nothing_that_looks_like_a_backup(
    lost: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "backup"
    away = lost.model_copy(update={"MINIO_ENDPOINT": "127.0.0.1:1"})
    with pytest.raises(VentasError, match="MinIO does not answer"):
        take_backup(away, path, _silent)
    assert not list(tmp_path.glob("backup*"))
    assert not (lost.home / "last-backup").exists()


def test_a_backup_overwrites_nothing_and_wants_a_system(
    lost: Settings, empty: Settings, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(Conflict, match="is there already"):
        take_backup(lost, tmp_path / "there", _silent)
    with pytest.raises(NotFound, match=r"ledger\.db, the database of ledger: nothing was ever started"):
        take_backup(empty, tmp_path / "new", _silent)
    for name in ("typo/x.tar", "typo/x", "typo/more/x"):
        with pytest.raises(NotFound, match=rf"There is no folder {(tmp_path / name).parent}: "):
            take_backup(lost, tmp_path / name, _silent)
    assert not (tmp_path / "typo").exists()
    with pytest.raises(NotFound):
        Restore(lost, tmp_path / "nowhere", _silent).verify()


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with running_postgres() as found:
        yield found


def _on(server: Any, settings: Settings, name: str) -> Settings:
    for database in (name, f"{name}_mlflow"):
        server.execute(f"CREATE DATABASE {database}")
    urls = {"DATABASE_URL": server.url(name), "MLFLOW_BACKEND_STORE_URI": server.url(f"{name}_mlflow")}
    return settings.model_copy(update=urls)


def test_postgresql_is_taken_and_put_back_by_its_own_tools(
    server: Any, s3_settings: Settings, buckets: tuple[str, str, str], tmp_path: Path
) -> None:
    lost = _on(server, s3_settings, "lost")
    _fill(lost, buckets)
    manifest = take_backup(lost, tmp_path / "backup", _silent)
    assert manifest.ledger_database.kind == "postgresql"
    content = _content(lost, buckets)
    store = _emptied(lost, buckets)
    fresh = _on(server, s3_settings, "fresh").model_copy(update={"VENTAS_HOME": tmp_path / "empty"})
    upgrade(fresh)  # as the step `migrate` leaves it
    _restore(fresh, tmp_path / "backup")
    assert _content(fresh, buckets) == content
    ledger = Ledger(fresh)
    runs, total = ledger.queries.runs(RunFilter(), 0, 10)
    assert total == 3
    assert all(store.exists(run.bucket, run.key, run.version_id) for run in runs)
    assert ledger.predictions.add([NewPrediction(datetime.now(UTC), 1, None, {}, 2.0)]) == [2], "ids go on"
    ledger.close()
    with pytest.raises(Conflict, match="a database of postgresql, DATABASE_URL names one of sqlite"):
        Restore(s3_settings, tmp_path / "backup", _silent).verify()


def test_without_its_tools_a_postgresql_is_told_what_to_install(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    there = settings.model_copy(update={"DATABASE_URL": "postgresql+psycopg://x:secret@127.0.0.1:1/x"})
    with pytest.raises(ToolFailed, match=r"pg_dump is not on this machine\. Install .*postgresql-client"):
        take_backup(there, tmp_path / "backup", _silent)


def test_the_manifest_says_what_it_is(backup: Path) -> None:
    with archive.reading(backup) as reader:
        found = Manifest.read(reader)
        with reader.open(archive.MANIFEST) as file:
            told = json.load(file)
    assert told["format"] == 1
    assert found.ledger_database.revision == ledger_head()
    assert sum(one.stored is None for one in found.objects) == 1, "the deletion"
    assert [one.last_modified for one in found.objects] == sorted(one.last_modified for one in found.objects)
