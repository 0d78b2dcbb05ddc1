"""Step one: the bytes of an upload become a clean dataset with a quality report, or a rejection with reasons."""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from ventas.drift import profile
from ventas.errors import NotFound, RejectedUpload
from ventas.ingest import Ingested, ingest, rejection_report_text
from ventas.ledger import Lease, Run
from ventas.pipeline.coalescing import superseded
from ventas.pipeline.context import Context, dataset_key
from ventas.pipeline.reality import PROFILE, face_reality
from ventas.pipeline.runner import Outcome
from ventas.pipeline.same_bytes import judged_already
from ventas.quality import empty_report, rejection
from ventas.roles import Roles
from ventas.settings import DATA_BUCKET, UPLOADS_BUCKET
from ventas.split import Split, split, to_csv_bytes
from ventas.states import RunStatus
from ventas.times import utc_now

CSV, JSON, MARKDOWN = "text/csv; charset=utf-8", "application/json", "text/markdown; charset=utf-8"
REPORTS = "informes/"


def etl(context: Context, lease: Lease) -> Outcome:
    """Clean and split one upload into bucket `data`. Raises RejectedUpload and StoreUnavailable."""
    run = _with_upload_order(context, lease)
    if (outcome := superseded(context, run)) is not None:
        return outcome
    try:
        with _downloaded(context, run) as path:
            return _read(context, lease, run, path)
    except RejectedUpload as error:
        told = error if "rejection" in error.report else rejection(error, empty_report())
        context.ledger.runs.note(lease, quality=told.report)
        _put_report(context, run, told)
        raise


def _read(context: Context, lease: Lease, run: Run, path: Path) -> Outcome:
    run.sha256, run.recipe_digest = _sha256(path), context.settings.recipe_digest
    context.ledger.runs.note(lease, sha256=run.sha256, recipe_digest=run.recipe_digest)
    return judged_already(context, run) or _clean(context, lease, run, path)


def _with_upload_order(context: Context, lease: Lease) -> Run:
    """The run, with its upload's place in the order of uploads found out."""
    run = context.ledger.runs.get(lease.run_id)
    assert run is not None  # it is leased
    run.uploaded_at = _uploaded_at(context, run)
    context.ledger.runs.note(lease, uploaded_at=run.uploaded_at)
    return run


def _clean(context: Context, lease: Lease, run: Run, path: Path) -> Outcome:
    ingested = ingest(path, context.settings)
    parts = _split(context, ingested)
    report = ingested.report | parts.report
    _put_dataset(context, lease.run_id, ingested, parts, report)
    context.ledger.runs.note(lease, dataset_at=utc_now())
    _publish_latest(context, lease)
    face_reality(context, run, ingested.frame, Roles.of_report(report))
    return Outcome(RunStatus.RETRAIN, {"quality": report, "reason": None})


def _split(context: Context, ingested: Ingested) -> Split:
    """Train and test; a refusal keeps what is known of the file."""
    try:
        return split(ingested.frame, context.settings, ingested.roles)
    except RejectedUpload as error:
        error.report = ingested.report | error.report
        raise


@contextmanager
def _downloaded(context: Context, run: Run) -> Iterator[Path]:
    scratch = context.settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
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


def _uploaded_at(context: Context, run: Run) -> datetime | None:
    """LastModified to the millisecond, as ListObjectVersions gives it; a HEAD request only has seconds."""
    for version in context.store.versions(run.bucket, prefix=run.key):
        if version.key == run.key and version.version_id == run.version_id:
            return version.last_modified
    return run.uploaded_at


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _put_dataset(
    context: Context, run_id: str, ingested: Ingested, parts: Split, report: dict[str, object]
) -> None:
    files = {
        "rejected.csv": (ingested.rejected_csv(), CSV),
        "quality.json": (_json(report), JSON),
        "train.csv": (to_csv_bytes(parts.train), CSV),
        "test.csv": (to_csv_bytes(parts.test), CSV),
        "outliers.csv": (to_csv_bytes(parts.outliers), CSV),
        PROFILE: (_json(profile(parts.train, context.settings.LEFT_OUT_COLUMNS)), JSON),
    }
    for name, (data, kind) in files.items():
        context.store.put_bytes(DATA_BUCKET, dataset_key(run_id, name), data, kind)


def _publish_latest(context: Context, lease: Lease) -> None:
    """Put the dataset of the newest upload at the bucket's root, for whoever just wants the latest.

    Two runs may do so at once. Each has marked its dataset as complete before, and looks again after writing: so
    the last to write has seen the newest. One that was killed in between comes here again.
    """
    latest = context.ledger.runs.latest_dataset()
    if latest is None or (latest.id != lease.run_id and lease.attempt == 1):
        return  # the newer run writes its own
    while True:
        _copy_to_root(context, latest.id)
        now_latest = context.ledger.runs.latest_dataset()
        if now_latest is None or now_latest.id == latest.id:
            return
        latest = now_latest


def _copy_to_root(context: Context, run_id: str) -> None:
    for name in ("train.csv", "test.csv"):
        data = context.store.get_bytes(DATA_BUCKET, dataset_key(run_id, name), max_bytes=sys.maxsize)
        context.store.put_bytes(DATA_BUCKET, name, data, CSV)


def _put_report(context: Context, run: Run, error: RejectedUpload) -> None:
    """Leave the reasons where programs look (bucket data) and where the sender looks (beside the upload)."""
    context.store.put_bytes(DATA_BUCKET, dataset_key(run.id, "quality.json"), _json(error.report), JSON)
    text = rejection_report_text(error.report).encode()
    context.store.put_bytes(UPLOADS_BUCKET, f"{REPORTS}{run.id}.md", text, MARKDOWN)


def _json(report: dict[str, object]) -> bytes:
    return json.dumps(report, ensure_ascii=False, indent=2).encode()
