"""Step one: the bytes of an upload become a clean dataset with a quality report, or a rejection with reasons."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from ventas.errors import NotFound, RejectedUpload
from ventas.ingest import Ingested, ingest, rejection_report_text
from ventas.ledger import Lease, Run
from ventas.pipeline.context import Context, dataset_key
from ventas.pipeline.runner import Outcome
from ventas.promotion import Verdict
from ventas.settings import DATA_BUCKET, UPLOADS_BUCKET
from ventas.split import Split, split, to_csv_bytes
from ventas.states import RunStatus

CSV, JSON, MARKDOWN = "text/csv; charset=utf-8", "application/json", "text/markdown; charset=utf-8"
REPORTS = "informes/"


def etl(context: Context, lease: Lease) -> Outcome:
    """Clean and split one upload into bucket `data`. Raises RejectedUpload and StoreUnavailable."""
    run = context.ledger.runs.get(lease.run_id)
    assert run is not None  # it is leased
    with _downloaded(context, run) as path:
        digests = {"sha256": _sha256(path), "recipe_digest": context.settings.recipe_digest}
        context.ledger.runs.note(lease, uploaded_at=_uploaded_at(context, run), **digests)
        twin = context.ledger.runs.judged_before(digests["sha256"], digests["recipe_digest"], lease.run_id)
        if twin is not None:
            return _same_bytes(twin)
        return _clean(context, lease, run, path)


def _clean(context: Context, lease: Lease, run: Run, path: Path) -> Outcome:
    try:
        ingested = ingest(path, context.settings)
        parts = _split(context, ingested)
    except RejectedUpload as error:
        context.ledger.runs.note(lease, quality=error.report)
        _put_report(context, run, error)
        raise
    report = ingested.report | parts.report
    _put_dataset(context, lease.run_id, ingested, parts, report)
    return Outcome(RunStatus.RETRAIN, {"quality": report, "reason": None})


def _split(context: Context, ingested: Ingested) -> Split:
    """Train and test; a refusal keeps what is known of the file."""
    try:
        return split(ingested.frame, context.settings)
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


def _same_bytes(twin: Run) -> Outcome:
    reason = f"The same bytes were judged before, with the same settings, by run {twin.id}: {twin.status}."
    verdict = Verdict(promoted=False, kind="same_bytes", reason=reason)
    return Outcome(
        RunStatus.NOT_PROMOTED,
        {"same_as_run": twin.id, "verdict": verdict.as_dict(), "reason": reason, "quality": twin.quality},
    )


def _put_dataset(
    context: Context, run_id: str, ingested: Ingested, parts: Split, report: dict[str, object]
) -> None:
    train, test = to_csv_bytes(parts.train), to_csv_bytes(parts.test)
    files = {
        dataset_key(run_id, "rejected.csv"): (ingested.rejected_csv(), CSV),
        dataset_key(run_id, "quality.json"): (_json(report), JSON),
        dataset_key(run_id, "train.csv"): (train, CSV),
        dataset_key(run_id, "test.csv"): (test, CSV),
        # At the root for whoever just wants the latest.
        "train.csv": (train, CSV),
        "test.csv": (test, CSV),
    }
    for key, (data, kind) in files.items():
        context.store.put_bytes(DATA_BUCKET, key, data, kind)


def _put_report(context: Context, run: Run, error: RejectedUpload) -> None:
    """Leave the reasons where programs look (bucket data) and where the sender looks (beside the upload)."""
    context.store.put_bytes(DATA_BUCKET, dataset_key(run.id, "quality.json"), _json(error.report), JSON)
    text = rejection_report_text(error.report).encode()
    context.store.put_bytes(UPLOADS_BUCKET, f"{REPORTS}{run.id}.md", text, MARKDOWN)


def _json(report: dict[str, object]) -> bytes:
    return json.dumps(report, ensure_ascii=False, indent=2).encode()
