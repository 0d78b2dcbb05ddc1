"""Of several versions of one key only the newest is trained.

A step asks when it begins, etl and retrain alike. A newer version counts once it has passed etl: before that it
may be an unusable file, and would take a good one with it. A training under way is not broken off, or a steady
stream of uploads would let none come to its end; so a burst is trained twice at most, its first and its newest.
"""

from ventas.ledger import Run
from ventas.ledger.replays import RETRY
from ventas.pipeline.context import Context
from ventas.pipeline.runner import Outcome
from ventas.states import RunStatus


def superseded(context: Context, run: Run) -> Outcome | None:
    """How the run ends if a newer version of its key makes it pointless, else None.

    A run that an operator has started again is worked on all the same. Raises LedgerUnavailable.
    """
    newer = context.ledger.runs.newer_usable(run)
    if newer is None or any(step.step == RETRY for step in context.ledger.runs.attempts(run.id)):
        return None
    reason = f"A newer version of {run.key} had arrived, which run {newer.id} works on."
    return Outcome(RunStatus.SUPERSEDED, {"superseded_by": newer.id, "reason": reason})
