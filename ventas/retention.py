"""What is deleted by itself because it is too old: nothing, unless a setting says so.

The sweep does it, a part at each turn. Uploads, datasets and model versions are always kept.
"""

from datetime import datetime, timedelta

import structlog

from ventas.ledger import Ledger
from ventas.settings import Settings
from ventas.times import utc_now

log = structlog.get_logger()
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
    if rows:
        log.info("history_deleted", rows=rows, before=str(limit))
    return rows
