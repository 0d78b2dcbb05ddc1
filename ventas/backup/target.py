"""What a restore would write over: nobody may use it, and it must be empty unless told otherwise."""

import shutil

from ventas.backup.buckets import Buckets
from ventas.backup.create import BUCKETS
from ventas.backup.databases import rows_in
from ventas.errors import Conflict
from ventas.launcher.places import services_that_run
from ventas.launcher.strangers import refuse_strangers
from ventas.settings import Settings

LEDGER_TABLES = ("runs", "predictions", "promotions")
MLFLOW_TABLES = ("runs", "model_versions")
# Of the former system: copies of its champions, predictions that waited for its ledger, events of its uploads.
LEFTOVERS = ("champion", "spool", "minio-events")
STORE = "minio"


def refuse_users(settings: Settings) -> None:
    """Raise Conflict while a service of this state folder runs, but for the store, which the restore needs.

    And where the store that answers is another system's.
    """
    running = [name for name in services_that_run(settings.home) if name != STORE]
    if running:
        raise Conflict(
            f"Stop the system first (Ctrl-C where it runs): {', '.join(running)} still run. Nothing was restored."
        )
    refuse_strangers(settings, STORE)


def what_is_there(settings: Settings, buckets: Buckets) -> list[str]:
    """What a restore would overwrite, in words; empty for an empty system.

    Raises LedgerUnavailable, StoreUnavailable.
    """
    found = []
    if rows := rows_in(settings.database_url, "ledger", LEDGER_TABLES):
        found.append(f"the ledger has {rows:,} runs, predictions and promotions")
    if rows := rows_in(settings.mlflow_backend_store_uri, "mlflow", MLFLOW_TABLES):
        found.append(f"MLflow has {rows:,} runs and model versions")
    found += [f"bucket {name} holds objects" for name in BUCKETS if not buckets.holds_nothing(name)]
    return found


def remove_leftovers(settings: Settings) -> None:
    """Remove what the former system left in the state folder beside its databases."""
    for name in LEFTOVERS:
        folder = settings.home / name
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
