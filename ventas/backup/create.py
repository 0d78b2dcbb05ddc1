"""`ventas backup`: a running system's state, databases first, buckets after them, the manifest last."""

import importlib.metadata
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ventas.backup.archive import MANIFEST, Writer, writing
from ventas.backup.buckets import Buckets, Listed
from ventas.backup.databases import SQLITE, chunks_of, dump, kind_of, require_tools
from ventas.backup.manifest import Manifest, SavedDatabase, SavedObject
from ventas.champion import scratch_folder
from ventas.errors import NotFound, PermanentError
from ventas.launcher.strangers import refuse_strangers
from ventas.settings import DATA_BUCKET, MLFLOW_BUCKET, UPLOADS_BUCKET, Settings
from ventas.times import iso_z, utc_now

BUCKETS = (UPLOADS_BUCKET, DATA_BUCKET, MLFLOW_BUCKET)
LAST_BACKUP = "last-backup"  # in the state folder: when the last one came to its end, for `ventas doctor`
OnProgress = Callable[[str, int, int], None]  # what is done, how many bytes of it are, of how many


def take_backup(settings: Settings, path: Path, on_progress: OnProgress) -> Manifest:
    """Write a backup of the running system to `path`: a folder, or a tar file where its name ends in .tar.

    Raises Conflict where something is there, NotFound, StoreUnavailable, LedgerUnavailable, PermanentError and
    OSError; then nothing is left of it.
    """
    urls = settings.database_url, settings.mlflow_backend_store_uri
    for url in urls:
        require_tools(url, "pg_dump")
    _refuse_stand_in(settings)
    refuse_strangers(
        settings, "minio"
    )  # this ledger with another system's buckets would be no backup of either
    moment = iso_z(utc_now())
    with writing(path) as writer:
        ledger, mlflow = (
            _database(settings, writer, url, name, on_progress)
            for url, name in zip(urls, ("ledger", "mlflow"), strict=True)
        )
        buckets = Buckets(settings)
        manifest = Manifest(
            created_at=str(moment),
            ventas=importlib.metadata.version("ventas"),
            mlflow=importlib.metadata.version("mlflow"),
            ledger_database=ledger,
            mlflow_database=mlflow,
            objects=list(_objects(buckets, writer, on_progress)),
            versioned=[name for name in BUCKETS if buckets.keeps_versions(name)],
        )
        told = manifest.to_bytes()
        writer.add(MANIFEST, [told], len(told))
    (settings.home / LAST_BACKUP).write_text(f"{moment}\n", encoding="ascii")
    return manifest


def _refuse_stand_in(settings: Settings) -> None:
    kept = settings.home / "mlflow" / "artifacts"
    if kept.is_dir() and any(kept.iterdir()):
        raise PermanentError(
            f"{kept} holds models: the stand-in for MinIO serves here, whose uploads end with it. There is nothing "
            "to restore from; get MinIO (README, Troubleshooting)."
        )


def _database(
    settings: Settings, writer: Writer, url: str, name: str, on_progress: OnProgress
) -> SavedDatabase:
    on_progress(f"database of {name}", 0, 0)
    suffix = "sqlite" if kind_of(url) == SQLITE else "sql"
    with scratch_folder(settings) as folder:
        saved = dump(url, name, folder / name)
        size = saved.path.stat().st_size
        stored = writer.add(f"{name}.{suffix}", chunks_of(saved.path), size)
    return SavedDatabase(saved.kind, saved.revision, stored)


def _objects(buckets: Buckets, writer: Writer, on_progress: OnProgress) -> Iterator[SavedObject]:
    wanted = sorted((entry for bucket in BUCKETS for entry in _kept(buckets, bucket)), key=_order)
    total, done = sum(entry.version.size for entry in wanted), 0
    for number, entry in enumerate(wanted, start=1):
        on_progress("buckets", done, total)
        with suppress(NotFound):  # deleted since it was listed
            yield _object(buckets, writer, entry, f"objects/{number:08}")
        done += entry.version.size
    on_progress("buckets", total, total)


def _kept(buckets: Buckets, bucket: str) -> Iterator[Listed]:
    """All versions of uploads, and what deletes the newest; of the other buckets the present objects."""
    for entry in buckets.listed(bucket):
        if entry.is_deletion:
            keep = entry.is_latest and bucket == UPLOADS_BUCKET
        else:
            keep = entry.is_latest or bucket == UPLOADS_BUCKET
        if keep:
            yield entry


def _order(entry: Listed) -> tuple[datetime, bool, str]:
    """Upload order, as the ledger has it; of one moment the newest, or its deletion, comes last."""
    return entry.version.last_modified, entry.is_latest, entry.version.version_id


def _object(buckets: Buckets, writer: Writer, entry: Listed, file: str) -> SavedObject:
    version = entry.version
    place = (version.bucket, version.key, version.version_id, str(iso_z(version.last_modified)))
    if entry.is_deletion:
        return SavedObject(*place)
    with buckets.fetched(version, is_latest=entry.is_latest) as found:
        return SavedObject(*place, writer.add(file, found.chunks, found.size), found.headers)
