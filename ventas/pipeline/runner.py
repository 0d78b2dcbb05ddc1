"""How a step is run: leased, with the lease kept alive, and ended in exactly one way.

effect done ──────────► the next state, and its task is to be sent
RejectedUpload ───────► rejected
PermanentError ───────► failed
TransientError ───────► the lease is given back and the step tried again, until OUTAGE_PATIENCE_SECONDS
a full disk ──────────► likewise
a bug ────────────────► the same, but MAX_ATTEMPTS times, then failed with its last error
LeaseLost ────────────► nothing: another worker owns the run
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from ventas import tracing
from ventas.errors import LeaseLost, PermanentError, RejectedUpload, TransientError
from ventas.ledger import Lease, Promotion
from ventas.pipeline.context import Context
from ventas.pipeline.lease import kept_alive
from ventas.states import KIND_OF_STEP, RunStatus, Step, due_step
from ventas.times import utc_now

_FULL = (errno.ENOSPC, errno.EDQUOT)
log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """How a step ended: the run's next state, columns of its row to keep, and a promotion if there was one.

    `after` is done once all that is committed; it may fail or be done twice without harm.
    """

    status: RunStatus
    columns: dict[str, Any] = field(default_factory=dict)
    promotion: Promotion | None = None
    after: Callable[[], None] | None = None


StepFunction = Callable[[Context, Lease], Outcome]


class TryAgain(Exception):
    """Raised by `run_step` when the step must be started again after a pause."""


def run_step(
    context: Context, run_id: str, step: Step, work: StepFunction, worker: str, task_id: str | None = None
) -> Step | None:
    """Run one step of one run, and say which step is due next (None: none, or not ours to say).

    Raises TryAgain, and LedgerUnavailable where not even the lease can be had.
    """
    lease = context.ledger.runs.acquire(run_id, step, worker, task_id)
    if lease is None:
        log.info("step_not_due", run_id=run_id, step=step)
        return None
    log.info("step_started", run_id=run_id, step=step, attempt=lease.attempt)
    traces = tracing.of(context.settings, tracing.WORKER)
    with traces.step(lease, worker, lambda: _key(context, run_id)):
        try:
            if lease.attempt > context.settings.MAX_ATTEMPTS:
                return _give_up(context, lease)
            return _attempt(context, lease, work)
        except LeaseLost as error:
            log.warning("lease_lost", run_id=run_id, step=step, reason=str(error))
            tracing.note_end("lost", str(error))
            return None


def _key(context: Context, run_id: str) -> str | None:
    """The upload's key, for a trace: a ledger that is away is for the step itself to find."""
    try:
        run = context.ledger.runs.get(run_id)
    except TransientError:
        return None
    return run.key if run else None


def _attempt(context: Context, lease: Lease, work: StepFunction) -> Step | None:
    runs = context.ledger.runs
    try:
        with kept_alive(lambda: runs.renew(lease), lease.run_id, context.settings.LEASE_RENEW_SECONDS):
            outcome = work(context, lease)
        return _finish(context, lease, outcome)
    except LeaseLost:
        raise
    except RejectedUpload as error:
        return _finish(context, lease, Outcome(RunStatus.REJECTED, {"reason": str(error)}))
    except PermanentError as error:
        log.exception("step_failed", run_id=lease.run_id, step=lease.step)
        tracing.note_error(error)
        return _finish(context, lease, Outcome(RunStatus.FAILED, {"reason": str(error)}))
    except TransientError as error:
        log.warning("step_waits", run_id=lease.run_id, step=lease.step, reason=str(error))
        tracing.note_error(error)
        return _wait_out(context, lease, f"{type(error).__name__}: {error}")
    except Exception as error:  # a bug must end in the ledger too: tried again, then `failed`
        tracing.note_error(error)
        if isinstance(error, OSError) and error.errno in _FULL:
            log.warning("step_waits", run_id=lease.run_id, step=lease.step, reason=str(error))
            return _wait_out(context, lease, f"The disk of {_where(context, error)} is full: make room.")
        log.exception("step_error", run_id=lease.run_id, step=lease.step, attempt=lease.attempt)
        return _retry(context, lease, f"{type(error).__name__}: {error}")


def _where(context: Context, error: OSError) -> str:
    return str(error.filename or context.settings.home / "tmp")


def _finish(context: Context, lease: Lease, outcome: Outcome) -> Step | None:
    context.ledger.runs.finish(lease, outcome.status, promotion=outcome.promotion, **outcome.columns)
    log.info("step_ended", run_id=lease.run_id, step=lease.step, status=outcome.status)
    failed = outcome.status == RunStatus.FAILED
    tracing.note_end(outcome.status.value, str(outcome.columns.get("reason")) if failed else None)
    if outcome.after is not None:
        outcome.after()
    return due_step(outcome.status, KIND_OF_STEP[lease.step])


def _retry(context: Context, lease: Lease, reason: str) -> Step | None:
    if lease.attempt >= context.settings.MAX_ATTEMPTS:
        return _finish(context, lease, Outcome(RunStatus.FAILED, {"reason": reason}))
    context.ledger.runs.release(lease, reason)
    raise TryAgain(reason)


def _wait_out(context: Context, lease: Lease, reason: str) -> Step | None:
    """An outage is no attempt: it says nothing of the upload, and may last far longer than a few retries."""
    if utc_now() - _waiting_since(context, lease) > timedelta(
        seconds=context.settings.OUTAGE_PATIENCE_SECONDS
    ):
        return _finish(context, lease, Outcome(RunStatus.FAILED, {"reason": reason}))
    context.ledger.runs.release(lease, reason, counted=False)
    raise TryAgain(reason)


def _waiting_since(context: Context, lease: Lease) -> datetime:
    """The first start of the step since it was last failed and asked for again."""
    starts = [one for one in context.ledger.runs.attempts(lease.run_id) if one.step == lease.step]
    since = starts[-1].started_at
    for one in reversed(starts[:-1]):
        if one.outcome == "failed":
            break
        since = one.started_at
    return since


def _give_up(context: Context, lease: Lease) -> Step | None:
    """A step whose workers died again and again is failed without another try: it may be what kills them."""
    attempts = context.ledger.runs.attempts(lease.run_id)
    last = next((a.error for a in reversed(attempts) if a.error), "unknown")
    reason = (
        f"{lease.step} was started {lease.attempt - 1} times and never came to an end. Last error: {last}"
    )
    return _finish(context, lease, Outcome(RunStatus.FAILED, {"reason": reason}))
