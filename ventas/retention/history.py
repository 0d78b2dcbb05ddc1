"""Predictions that are older than KEEP_HISTORY_DAYS, and their deletion."""

from datetime import datetime, timedelta

from ventas.ledger import Ledger
from ventas.settings import Settings
from ventas.times import utc_now

BATCHES_A_SWEEP = 20


def history_limit(settings: Settings) -> datetime | None:
    """Predictions served before this moment go; None where all are kept."""
    if settings.KEEP_HISTORY_DAYS is None:
        return None
    return utc_now() - timedelta(days=settings.KEEP_HISTORY_DAYS)


def delete_old(ledger: Ledger, settings: Settings, batches: int | None = BATCHES_A_SWEEP) -> int:
    """Delete what is too old, in `batches` parts at most (None: all of it); how many rows went.

    Raises LedgerUnavailable; what is deleted by then stays so.
    """
    limit, rows, done = history_limit(settings), 0, 0
    while limit is not None and (batches is None or done < batches):
        gone = ledger.retention.delete_before(limit)
        if not gone:
            break
        rows, done = rows + gone, done + 1
    return rows
