"""The task of a replay that was asked for: leased, its progress kept, and ended in exactly one way.

all runs judged ───────► done, with what came of each
the ledger away ───────► nothing: the lease runs out, and the sweep sends the task again
its worker killed ─────► the same, from the first run on, but MAX_ATTEMPTS times, then failed
anything else ─────────► failed, with a sentence: whoever asked may ask again
"""

import structlog

from ventas.errors import LeaseLost, LedgerUnavailable, VentasError
from ventas.ledger import Run
from ventas.ledger.replay_work import ReplayLease
from ventas.pipeline.context import Context
from ventas.pipeline.lease import kept_alive
from ventas.pipeline.replay import Replayed, replay

log = structlog.get_logger()


def run_replay(context: Context, replay_id: str) -> None:
    """Work on one replay if it waits. Raises LedgerUnavailable."""
    lease = context.ledger.replay_work.acquire(replay_id)
    if lease is None:
        log.info("replay_not_due", replay_id=replay_id)
        return
    log.info("replay_started", replay_id=replay_id, run_id=lease.run_id, attempt=lease.attempt)
    try:
        _work(context, lease)
    except LeaseLost as error:
        log.warning("lease_lost", replay_id=replay_id, reason=str(error))


def _work(context: Context, lease: ReplayLease) -> None:
    work, most = context.ledger.replay_work, context.settings.MAX_ATTEMPTS
    if lease.attempt > most:
        work.fail(lease, f"It was started {most} times, and each time its worker ended before it did.")
        return
    try:
        with kept_alive(lambda: work.renew(lease), lease.replay_id, context.settings.LEASE_RENEW_SECONDS):
            found = _judged_anew(context, lease)
        work.finish(lease, [one.summary() for one in found])
        log.info("replay_ended", replay_id=lease.replay_id, runs=len(found))
    except (LeaseLost, LedgerUnavailable):
        raise
    except VentasError as error:
        log.warning("replay_failed", replay_id=lease.replay_id, reason=str(error))
        work.fail(lease, str(error))
    except Exception as error:  # a bug must end in the ledger too
        log.exception("replay_failed", replay_id=lease.replay_id)
        work.fail(lease, f"{type(error).__name__}: {error}")


def _judged_anew(context: Context, lease: ReplayLease) -> list[Replayed]:
    first = context.ledger.runs.get(lease.run_id)
    runs = context.ledger.replays.judged(first.came_at) if first else []

    def tell(done: float, _run: Run) -> None:
        context.ledger.replay_work.progress(lease, done, len(runs))

    return replay(context, runs, tell)
