"""The same bytes again, with the same settings, would be trained into the same model: once is enough.

Asked by etl, and by retrain once more: of equal uploads in a burst the first may have been judged meanwhile.
"""

from ventas.ledger import Run
from ventas.pipeline.context import Context
from ventas.pipeline.runner import Outcome
from ventas.states import RunStatus
from ventas.verdict import Verdict


def judged_already(context: Context, run: Run) -> Outcome | None:
    """How the run ends if another one has judged its bytes, else None. Raises LedgerUnavailable."""
    if not run.sha256 or not run.recipe_digest:
        return None
    twin = context.ledger.runs.judged_before(run.sha256, run.recipe_digest, run.id)
    if twin is None:
        return None
    reason = f"The same bytes were judged before, with the same settings, by run {twin.id}: {twin.status}."
    verdict = Verdict(promoted=False, kind="same_bytes", reason=reason)
    return Outcome(
        RunStatus.NOT_PROMOTED,
        {"same_as_run": twin.id, "verdict": verdict.as_dict(), "reason": reason, "quality": twin.quality},
    )
