"""All kinds of what can be too old, and one part of each."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

import structlog

from ventas.backup.buckets import Buckets
from ventas.ledger import Ledger
from ventas.registry import Registry
from ventas.retention.datasets import old_datasets
from ventas.retention.history import delete_old
from ventas.retention.old import Amount
from ventas.retention.rejected import old_rejected
from ventas.settings import Settings

log = structlog.get_logger()


class Kind(Protocol):
    """What `ventas retention` and the sweep do with each kind; a `limit` of None is none in time."""

    @property
    def setting(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def limit(self) -> datetime | None: ...
    def count(self) -> Amount: ...
    def delete(self, runs: int | None = ...) -> Amount: ...


def kinds(ledger: Ledger, settings: Settings) -> Iterator[Kind]:
    """The kinds of files that a setting limits now."""
    if settings.KEEP_DATASETS_DAYS:
        yield old_datasets(ledger, Buckets(settings), settings)
    if settings.KEEP_REJECTED_DAYS:
        yield old_rejected(ledger, Buckets(settings), settings)
    if settings.KEEP_VERSIONS:
        from ventas.retention.models import OldModels  # brings MLflow, which takes seconds

        yield OldModels(ledger, Registry(settings), settings)


def delete_part(ledger: Ledger, settings: Settings) -> None:
    """Delete a bounded part of each kind that is too old.

    Raises LedgerUnavailable, StoreUnavailable and RegistryUnavailable; what is deleted by then stays so.
    """
    # Logged here, as the command's output is for people and programs.
    if rows := delete_old(ledger, settings):
        log.info("history_deleted", rows=rows)
    for kind in kinds(ledger, settings):
        if (amount := kind.delete()).runs:
            log.info("old_files_deleted", setting=kind.setting, **vars(amount))
