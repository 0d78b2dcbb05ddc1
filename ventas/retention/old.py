"""What kinds of old files have in common: a setting, its limit, and how a part of them goes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ventas.backup.buckets import Buckets
from ventas.ledger import Run
from ventas.ledger.old_files import OldRun
from ventas.store import ObjectVersion
from ventas.times import utc_now

RUNS_A_SWEEP = 50  # of some six objects each


@dataclass(frozen=True)
class Amount:
    """How much is too old: runs with such files, and the `bytes` of the files."""

    runs: int
    bytes: int


@dataclass(frozen=True)
class OldFilesOfRuns:
    """One kind of files of runs that a setting limits.

    Parameters
    ----------
    setting: its name; `days` is its value, 0 where all are kept.
    what: the files in words, for people.
    find: at most so many runs (None: all) that ended before a moment and have such files, the oldest first.
    files: the object versions of a run that go.
    note: writes into the ledger that they are gone.
    """

    setting: str
    days: int
    what: str
    buckets: Buckets
    find: Callable[[datetime, int | None], list[OldRun]]
    files: Callable[[OldRun], Iterable[ObjectVersion]]
    note: Callable[[str], None]

    @property
    def limit(self) -> datetime | None:
        """Runs that ended before this moment are too old; None where all are kept."""
        return utc_now() - timedelta(days=self.days) if self.days else None

    def count(self) -> Amount:
        """What would go. Raises LedgerUnavailable and StoreUnavailable."""
        found = self.find(self.limit, None) if self.limit else []
        return Amount(len(found), sum(file.size for run in found for file in self.files(run)))

    def delete(self, runs: int | None = RUNS_A_SWEEP) -> Amount:
        """Delete the files of the oldest `runs` (None: of all). Raises LedgerUnavailable and StoreUnavailable.

        What is deleted by then stays so; what has no note yet is looked for again.
        """
        found = self.find(self.limit, runs) if self.limit else []
        return Amount(len(found), sum(self._delete(run) for run in found))

    def _delete(self, run: OldRun) -> int:
        by_bucket: dict[str, list[tuple[str, str]]] = {}
        size = 0
        for file in self.files(run):
            by_bucket.setdefault(file.bucket, []).append((file.key, file.version_id))
            size += file.size
        for bucket, versions in by_bucket.items():
            self.buckets.remove_for_good(bucket, versions)
        self.note(run.id)
        return size


def deleted_sentence(run: Run) -> str | None:
    """Why files of a run are no longer there, as a sentence; None where retention has deleted none of them."""
    if run.upload_deleted_at is not None:
        when, what, setting = run.upload_deleted_at, "upload and reports", "KEEP_REJECTED_DAYS"
    elif run.dataset_deleted_at is not None:
        when, what, setting = run.dataset_deleted_at, "cleaned dataset", "KEEP_DATASETS_DAYS"
    else:
        return None
    return f"The {what} of run {run.id} went by retention on {when:%Y-%m-%d} ({setting})."
