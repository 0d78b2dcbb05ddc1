"""What the first step of either kind does with an upload: its place in the order, its bytes, its rejection."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

import structlog

from ventas.contract import Kind
from ventas.dataset_keys import dataset_key
from ventas.errors import NotFound, RejectedUpload
from ventas.ledger import Lease, Run
from ventas.pipeline.context import Context
from ventas.quality import empty_report, rejection, rejection_report_text
from ventas.settings import DATA_BUCKET, UPLOADS_BUCKET

CSV, JSON, MARKDOWN = "text/csv; charset=utf-8", "application/json", "text/markdown; charset=utf-8"
REPORTS = "informes/"
_LEFT_OVER_SECONDS = 24 * 3600

log = structlog.get_logger()


def with_upload_order(context: Context, lease: Lease) -> Run:
    """The run, with its upload's place in the order of uploads found out. Raises StoreUnavailable, LeaseLost."""
    run = context.ledger.runs.get(lease.run_id)
    assert run is not None  # it is leased
    run.uploaded_at = _uploaded_at(context, run)
    context.ledger.runs.note(lease, uploaded_at=run.uploaded_at)
    return run


@contextmanager
def downloaded(context: Context, run: Run) -> Iterator[Path]:
    """The upload in a file for a while. Raises RejectedUpload (`deleted`, `too_large`) and StoreUnavailable."""
    scratch = context.settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    _clear_left_over(scratch)
    with TemporaryDirectory(dir=scratch) as folder:
        path = Path(folder) / "upload"
        try:
            context.store.download(
                run.bucket, run.key, run.version_id, path, max_bytes=context.settings.MAX_UPLOAD_BYTES
            )
        except NotFound as error:
            raise RejectedUpload(
                f"The upload {run.key} was deleted before it could be read. Upload it again.", code="deleted"
            ) from error
        yield path


def _clear_left_over(scratch: Path) -> None:
    """Delete what killed workers left: cleaning on disk needs some times the file, and takes an hour at most."""
    for folder in scratch.iterdir():
        try:
            old = (
                time() - max(one.stat().st_mtime for one in (folder, *folder.rglob("*"))) > _LEFT_OVER_SECONDS
            )
        except FileNotFoundError:
            continue  # its owner is deleting it
        if old and folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            log.info("left_over_deleted", folder=folder.name)


@contextmanager
def rejection_reported(context: Context, lease: Lease, run: Run) -> Iterator[None]:
    """Keep the report of a RejectedUpload that leaves the block, in the run and where its sender looks."""
    try:
        yield
    except RejectedUpload as error:
        told = error if "rejection" in error.report else rejection(error, empty_report() | {"kind": run.kind})
        context.ledger.runs.note(lease, quality=told.report)
        _put_report(context, run, told)
        raise


def bad_rows_place(run: Run) -> tuple[str, str]:
    """Bucket and key of the rows of a run's file that could not be used."""
    if run.kind == Kind.FORECAST:
        return UPLOADS_BUCKET, f"{REPORTS}{run.id}.csv"
    return DATA_BUCKET, dataset_key(run.id, "rejected.csv")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_json(report: Mapping[str, object]) -> bytes:
    """A report as it lies in a bucket."""
    return json.dumps(report, ensure_ascii=False, indent=2).encode()


def _uploaded_at(context: Context, run: Run) -> datetime | None:
    """LastModified to the millisecond, as ListObjectVersions gives it; a HEAD request only has seconds.

    A version that is younger than its run was put back by a restore: then the ledger knows when it came.
    """
    for version in context.store.versions(run.bucket, prefix=run.key):
        if version.key == run.key and version.version_id == run.version_id:
            restored = run.uploaded_at is not None and version.last_modified > run.created_at
            return run.uploaded_at if restored else version.last_modified
    return run.uploaded_at


def _put_report(context: Context, run: Run, error: RejectedUpload) -> None:
    """Leave the reasons where programs look (bucket data) and where the sender looks (beside the upload).

    The rows at fault lie where those of a file that was not rejected do.
    """
    context.store.put_bytes(DATA_BUCKET, dataset_key(run.id, "quality.json"), as_json(error.report), JSON)
    text = rejection_report_text(error.report).encode()
    context.store.put_bytes(UPLOADS_BUCKET, f"{REPORTS}{run.id}.md", text, MARKDOWN)
    if error.bad_rows is not None:
        context.store.put_bytes(*bad_rows_place(run), error.bad_rows, CSV)
