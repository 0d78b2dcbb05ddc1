"""Old rejected uploads: the upload itself, its report and bad rows under `informes/`, and what lies in bucket `data`.

Only the version that was rejected goes, for others of the same key are other runs. Their rows stay in the ledger, so
neither the sweep nor a late notification takes anything for new; and a deletion is no event that the bucket is
subscribed to.
"""

from collections.abc import Iterator
from functools import partial

from ventas.backup.buckets import Buckets
from ventas.errors import NotFound
from ventas.ledger import Ledger
from ventas.ledger.old_files import OldRun
from ventas.pipeline.uploads import REPORTS
from ventas.retention.datasets import files_in_data
from ventas.retention.old import OldFilesOfRuns
from ventas.settings import UPLOADS_BUCKET, Settings
from ventas.store import NO_VERSION, ObjectVersion


def old_rejected(ledger: Ledger, buckets: Buckets, settings: Settings) -> OldFilesOfRuns:
    """The rejected uploads that KEEP_REJECTED_DAYS limits."""
    return OldFilesOfRuns(
        "KEEP_REJECTED_DAYS",
        settings.KEEP_REJECTED_DAYS,
        "Rejected uploads",
        buckets,
        ledger.old_files.rejected_before,
        partial(_files, buckets),
        ledger.old_files.note_upload_deleted,
    )


def _files(buckets: Buckets, run: OldRun) -> Iterator[ObjectVersion]:
    yield from _upload(buckets, run)
    for one in buckets.listed(UPLOADS_BUCKET, f"{REPORTS}{run.id}."):  # delete markers too
        yield one.version
    yield from files_in_data(buckets, run)


def _upload(buckets: Buckets, run: OldRun) -> Iterator[ObjectVersion]:
    if run.version_id != NO_VERSION:
        try:
            yield buckets.stat(run.bucket, run.key, run.version_id)
        except NotFound:
            return
        return
    # Without versions a newer upload may have taken its place; the ETag tells.
    for one in buckets.versions(run.bucket, run.key):
        if (one.key, one.version_id, one.etag) == (run.key, run.version_id, run.etag):
            yield one
