"""`ventas restore`: a backup into an empty system. Everything is verified first; the ledger comes last.

Until the ledger is in its place the target counts as not restored: a restore that broke off is begun again with
`--replace`.
"""

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from packaging.version import Version

from ventas.backup.archive import Reader, reading
from ventas.backup.buckets import Buckets
from ventas.backup.create import BUCKETS, OnProgress
from ventas.backup.databases import (
    SQLITE,
    kind_of,
    load_postgresql,
    load_sqlite,
    replace_sqlite,
    require_tools,
    sqlite_file,
)
from ventas.backup.manifest import Manifest, SavedDatabase, SavedObject
from ventas.backup.target import refuse_users, remove_leftovers, what_is_there
from ventas.backup.versions import Moved, adopt
from ventas.errors import Conflict, PermanentError
from ventas.ledger.database import Database
from ventas.ledger.migrate import scripts, upgrade
from ventas.settings import UPLOADS_BUCKET, Settings
from ventas.store import NO_VERSION

_UPGRADE = (
    "import os; from mlflow.db import commands; commands(['upgrade', os.environ['VENTAS_MLFLOW_DATABASE']])"
)


@dataclass(frozen=True)
class Restored:
    """What a restore did: the ledger's schema before and after, and what it put back."""

    manifest: Manifest
    revision: str
    objects: int
    replaced: list[str]


class Restore:
    """One backup and the system that it goes into.

    Parameters
    ----------
    settings: where databases and store are; the store must answer by the time of `begin`.
    path: the backup.
    """

    def __init__(self, settings: Settings, path: Path, on_progress: OnProgress):
        self._settings, self._path, self._tell = settings, path, on_progress
        self._urls = settings.database_url, settings.mlflow_backend_store_uri

    def verify(self) -> Manifest:
        """Read the whole backup and see whether it fits this program and its databases; changes nothing.

        Raises BrokenBackup, Conflict, NotFound, InvalidRequest, PermanentError, ToolFailed.
        """
        with reading(self._path) as reader:
            manifest = Manifest.read(reader)
            self._require_fit(manifest)
            self._check_files(reader, manifest)
        return manifest

    def begin(self, manifest: Manifest, *, replace: bool) -> Restored:
        """Put a verified backup in its place.

        Raises Conflict where the system is in use, or not empty without `replace`; then nothing has changed.
        """
        refuse_users(self._settings)
        buckets = Buckets(self._settings)
        there = what_is_there(self._settings, buckets)
        if there and not replace:
            raise Conflict(
                f"This system is not empty: {'; '.join(there)}. Nothing was restored. Name an empty VENTAS_HOME, or "
                "restore with --replace, which deletes all of that: back it up before."
            )
        if there:
            for name in BUCKETS:
                self._tell(f"emptying {name}", 0, 0)
                buckets.empty(name)
        remove_leftovers(self._settings)
        with reading(self._path) as reader:
            moved = self._put_objects(reader, manifest, buckets)
            self._put_mlflow(reader, manifest)
            self._put_ledger(reader, manifest, moved)
        return Restored(
            manifest, ledger_head(), sum(one.stored is not None for one in manifest.objects), there
        )

    def _check_files(self, reader: Reader, manifest: Manifest) -> None:
        done, total = 0, manifest.size
        for stored in manifest.files:
            self._tell("verifying", done, total)
            reader.check(stored)
            done += stored.size
        self._tell("verifying", total, total)

    def _require_fit(self, manifest: Manifest) -> None:
        saved = manifest.ledger_database, manifest.mlflow_database
        for url, database, name in zip(
            self._urls, saved, ("DATABASE_URL", "MLFLOW_BACKEND_STORE_URI"), strict=True
        ):
            if kind_of(url) != database.kind:
                raise Conflict(
                    f"The backup holds a database of {database.kind}, {name} names one of {kind_of(url)}: set {name} "
                    f"to {database.kind}. Nothing was restored."
                )
            require_tools(url, "psql")
        _require_known_schema(manifest)

    def _put_objects(self, reader: Reader, manifest: Manifest, buckets: Buckets) -> list[Moved]:
        for name in BUCKETS:
            buckets.ensure_bucket(name, versioned=name == UPLOADS_BUCKET or name in manifest.versioned)
        total, done, moved = sum(one.stored.size for one in manifest.objects if one.stored), 0, list[Moved]()
        for saved in manifest.objects:
            self._tell("buckets", done, total)
            if saved.stored is None:
                buckets.delete_current(saved.bucket, saved.key)
                continue
            new_id = _put_object(reader, buckets, saved)
            done += saved.stored.size
            if saved.bucket == UPLOADS_BUCKET and saved.version_id != NO_VERSION:
                # One without a version id is told apart by its ETag, and found by the sweep as an upload of its own.
                came = datetime.fromisoformat(saved.last_modified)
                moved.append(Moved(saved.bucket, saved.key, saved.version_id, new_id, came))
        self._tell("buckets", total, total)
        return moved

    def _put_mlflow(self, reader: Reader, manifest: Manifest) -> None:
        self._tell("database of mlflow", 0, 0)
        _put_database(
            reader, manifest.mlflow_database, self._urls[1], lambda url: _upgrade_mlflow(url, manifest.mlflow)
        )

    def _put_ledger(self, reader: Reader, manifest: Manifest, moved: list[Moved]) -> None:
        self._tell("ledger", 0, 0)
        _put_database(
            reader, manifest.ledger_database, self._urls[0], lambda url: self._make_ours(url, moved)
        )

    def _make_ours(self, url: str, moved: list[Moved]) -> None:
        """Bring a ledger to this program's schema and to this store's versions."""
        upgrade(self._settings.model_copy(update={"DATABASE_URL": url}))
        database = Database(url)
        try:
            adopt(database, moved)
        finally:
            database.close()


def ledger_head() -> str:
    """The ledger's newest schema that this program knows."""
    return str(scripts().get_current_head())


def _require_known_schema(manifest: Manifest) -> None:
    revision = manifest.ledger_database.revision
    if revision not in {script.revision for script in scripts().walk_revisions()}:
        raise Conflict(
            f"The backup's ledger has schema {revision or 'none'} of ventas {manifest.ventas}, this program knows "
            f"those up to {ledger_head()}: restore with that version of ventas or a newer one. Nothing was restored."
        )
    ours = importlib.metadata.version("mlflow")
    if Version(manifest.mlflow) > Version(ours):
        raise Conflict(
            f"The backup is of MLflow {manifest.mlflow}, here is {ours}, which may not read it: restore with the "
            f"packages of ventas {manifest.ventas} or newer ones. Nothing was restored."
        )


def _put_database(reader: Reader, saved: SavedDatabase, url: str, make_ours: Callable[[str], None]) -> None:
    """Load a database and have it brought up to date at its address; SQLite's file takes its place after that."""
    if saved.kind == SQLITE:
        target = sqlite_file(url)
        fresh = target.with_name(target.name + ".restoring")
        with reader.open(saved.stored.file) as file:
            load_sqlite(file, fresh)
        make_ours(f"sqlite:///{fresh}")
        replace_sqlite(fresh, url)
        return
    with reader.open(saved.stored.file) as file:
        load_postgresql(file, url)
    make_ours(url)


def _put_object(reader: Reader, buckets: Buckets, saved: SavedObject) -> str:
    assert saved.stored is not None
    with reader.open(saved.stored.file) as file:
        return buckets.put_back(saved.bucket, saved.key, file, saved.stored.size, saved.headers)


def _upgrade_mlflow(url: str, written_by: str) -> None:
    """Bring tables of an older MLflow to the installed one, as its own command does, but with a hidden address."""
    if written_by == importlib.metadata.version("mlflow"):
        return
    done = subprocess.run(
        [sys.executable, "-c", _UPGRADE],
        env={**os.environ, "VENTAS_MLFLOW_DATABASE": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PermanentError(f"MLflow could not bring its database up to date: {done.stderr.strip()[-500:]}")
