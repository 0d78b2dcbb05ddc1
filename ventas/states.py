"""The states of a run and the steps between them, in one place.

    received ─► etl ─► retrain ─► promote ─► promoted
                 │        │          └─────► not_promoted
                 ├─► rejected   (the file is at fault)
                 ├─► not_promoted (the same bytes were judged before)
                 └─► superseded, failed from any working state;  ignored at once

    received ─► forecast ─► completed   (a forecast file)
                    └─────► rejected, superseded, failed
    not_promoted ─► promoted, where the verdict was held and a person approves it (ledger/approvals.py)

A working state names the step that is due or being worked on; a lease on the run tells which of the two.
"""

from enum import StrEnum

from ventas.contract import Kind


class RunStatus(StrEnum):
    """Where a run stands; the values are part of the data contract."""

    RECEIVED = "received"
    ETL = "etl"
    RETRAIN = "retrain"
    PROMOTE = "promote"
    FORECAST = "forecast"
    PROMOTED = "promoted"
    NOT_PROMOTED = "not_promoted"
    COMPLETED = "completed"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"
    FAILED = "failed"


class Step(StrEnum):
    """A step of the pipeline; the value is also the Celery task's name."""

    ETL = "etl"
    RETRAIN = "retrain"
    PROMOTE = "promote"
    FORECAST = "forecast"


# The Celery task that judges past uploads anew; no step of a run.
REPLAY = "replay"


class ReplayStatus(StrEnum):
    """Where a replay that was asked for stands; the values are part of the data contract."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


STEPS_OF_KIND: dict[Kind, tuple[Step, ...]] = {
    Kind.SALES: (Step.ETL, Step.RETRAIN, Step.PROMOTE),
    Kind.FORECAST: (Step.FORECAST,),
}
KIND_OF_STEP = {step: kind for kind, steps in STEPS_OF_KIND.items() for step in steps}

# The first step of either kind begins with a run that was only received.
STATES_OF_STEP: dict[Step, tuple[RunStatus, ...]] = {
    Step.ETL: (RunStatus.RECEIVED, RunStatus.ETL),
    Step.RETRAIN: (RunStatus.RETRAIN,),
    Step.PROMOTE: (RunStatus.PROMOTE,),
    Step.FORECAST: (RunStatus.RECEIVED, RunStatus.FORECAST),
}

WORKING_STATES = (RunStatus.RECEIVED, *(RunStatus(step.value) for step in Step))
FINAL_STATES = tuple(status for status in RunStatus if status not in WORKING_STATES)
# The file has passed etl, or was answered, and nothing has shown since that it cannot be used.
USABLE_STATES = (
    RunStatus.RETRAIN,
    RunStatus.PROMOTE,
    RunStatus.PROMOTED,
    RunStatus.NOT_PROMOTED,
    RunStatus.COMPLETED,
)

_ALWAYS_POSSIBLE = {RunStatus.FAILED, RunStatus.SUPERSEDED}
TRANSITIONS: dict[Step, set[RunStatus]] = {
    Step.ETL: {RunStatus.RETRAIN, RunStatus.REJECTED, RunStatus.NOT_PROMOTED} | _ALWAYS_POSSIBLE,
    Step.RETRAIN: {RunStatus.PROMOTE, RunStatus.REJECTED, RunStatus.NOT_PROMOTED} | _ALWAYS_POSSIBLE,
    Step.PROMOTE: {RunStatus.PROMOTED, RunStatus.NOT_PROMOTED} | _ALWAYS_POSSIBLE,
    Step.FORECAST: {RunStatus.COMPLETED, RunStatus.REJECTED} | _ALWAYS_POSSIBLE,
}


def due_step(status: str, kind: str) -> Step | None:
    """The step that is due or being worked on in this state, or None where the run has ended."""
    if status == RunStatus.RECEIVED:
        return STEPS_OF_KIND[Kind(kind)][0]
    return Step(status) if status in WORKING_STATES else None
