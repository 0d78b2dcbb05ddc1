"""The sales of the newest dataset, read once from bucket `data` and kept in this process."""

import json
import sys
from pathlib import Path
from threading import Lock

from ventas.champion import scratch_folder
from ventas.dataset_keys import dataset_key
from ventas.day_sales import DaySales, day_sales
from ventas.errors import NotFound
from ventas.ledger import Ledger
from ventas.roles import Roles
from ventas.settings import DATA_BUCKET, Settings
from ventas.store import Store

# The outliers were sold, too; they are only kept from training.
_FILES = ("train.csv", "test.csv", "outliers.csv")


class Actuals:
    """The newest dataset's sales; of one dataset at a time, some 18 bytes a row."""

    def __init__(self, settings: Settings, ledger: Ledger, store: Store):
        self._settings = settings
        self._ledger = ledger
        self._store = store
        self._lock = Lock()
        self._kept: tuple[str, DaySales] | None = None

    def newest(self) -> DaySales:
        """The sales of the newest upload whose dataset is complete.

        Raises NotFound where there is none or its files are gone, LedgerUnavailable and StoreUnavailable.
        """
        run = self._ledger.runs.latest_dataset()
        if run is None:
            raise NotFound("There are no sales yet: no upload has become a dataset.")
        with self._lock:  # who comes meanwhile waits for the one reading, instead of reading it again
            if self._kept is None or self._kept[0] != run.id:
                self._kept = None  # two datasets at once would take twice the memory
                self._kept = run.id, self._read(run.id)
            return self._kept[1]

    def _read(self, run_id: str) -> DaySales:
        with scratch_folder(self._settings) as folder:
            report = json.loads(self._fetched(run_id, "quality.json", folder).read_bytes())
            files = [self._fetched(run_id, name, folder) for name in _FILES]
            return day_sales(files, Roles.of_report(report))

    def _fetched(self, run_id: str, name: str, folder: Path) -> Path:
        target = folder / name
        # Its size was bounded when the upload was read.
        self._store.download(DATA_BUCKET, dataset_key(run_id, name), None, target, sys.maxsize)
        return target
