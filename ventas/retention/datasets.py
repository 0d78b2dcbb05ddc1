"""Old cleaned datasets: all that etl left in bucket `data` under a run, as the ledger keeps the report."""

from collections.abc import Iterator
from functools import partial

from ventas.backup.buckets import Buckets
from ventas.ledger import Ledger
from ventas.ledger.old_files import OldRun
from ventas.retention.in_use import versions_in_use
from ventas.retention.old import OldFilesOfRuns
from ventas.settings import DATA_BUCKET, Settings
from ventas.store import ObjectVersion


def old_datasets(ledger: Ledger, buckets: Buckets, settings: Settings) -> OldFilesOfRuns:
    """The datasets that KEEP_DATASETS_DAYS limits. Kept are those of the newest upload and of models in use."""
    return OldFilesOfRuns(
        "KEEP_DATASETS_DAYS",
        settings.KEEP_DATASETS_DAYS,
        "Datasets",
        buckets,
        lambda moment, limit: ledger.old_files.datasets_before(moment, versions_in_use(ledger), limit),
        partial(files_in_data, buckets),
        ledger.old_files.note_dataset_deleted,
    )


def files_in_data(buckets: Buckets, run: OldRun) -> Iterator[ObjectVersion]:
    """All that lies under a run in bucket `data`, older versions too if the bucket keeps any."""
    return (one.version for one in buckets.listed(DATA_BUCKET, f"runs/{run.id}/"))
