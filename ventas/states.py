"""The states of a run and the steps between them, in one place.

    received ─► etl ─► retrain ─► promote ─► promoted
                 │        │          └─────► not_promoted
                 ├─► rejected   (the file is at fault)
                 ├─► not_promoted (the same bytes were judged before)
                 └─► superseded, failed from any working state;  ignored at once

    not_promoted ─► promoted, where the verdict was held and a person approves it (ledger/approvals.py)

A working state names the step that is due or being worked on; a lease on the run tells which of the two.
"""

from enum import StrEnum


class RunStatus(StrEnum):
    """Where a run stands; the values are part of the data contract."""

    RECEIVED = "received"
    ETL = "etl"
    RETRAIN = "retrain"
    PROMOTE = "promote"
    PROMOTED = "promoted"
    NOT_PROMOTED = "not_promoted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"
    FAILED = "failed"


class Step(StrEnum):
    """A step of the pipeline; the value is also the Celery task's name."""

    ETL = "etl"
    RETRAIN = "retrain"
    PROMOTE = "promote"


STATES_OF_STEP: dict[Step, tuple[RunStatus, ...]] = {
    Step.ETL: (RunStatus.RECEIVED, RunStatus.ETL),
    Step.RETRAIN: (RunStatus.RETRAIN,),
    Step.PROMOTE: (RunStatus.PROMOTE,),
}

STEP_OF_STATE: dict[RunStatus, Step] = {
    status: step for step, statuses in STATES_OF_STEP.items() for status in statuses
}

WORKING_STATES = tuple(STEP_OF_STATE)
FINAL_STATES = tuple(status for status in RunStatus if status not in STEP_OF_STATE)
# The file has passed etl, and nothing has shown since that it cannot be used.
USABLE_STATES = (RunStatus.RETRAIN, RunStatus.PROMOTE, RunStatus.PROMOTED, RunStatus.NOT_PROMOTED)

_ALWAYS_POSSIBLE = {RunStatus.FAILED, RunStatus.SUPERSEDED}
TRANSITIONS: dict[Step, set[RunStatus]] = {
    Step.ETL: {RunStatus.RETRAIN, RunStatus.REJECTED, RunStatus.NOT_PROMOTED} | _ALWAYS_POSSIBLE,
    Step.RETRAIN: {RunStatus.PROMOTE, RunStatus.REJECTED, RunStatus.NOT_PROMOTED} | _ALWAYS_POSSIBLE,
    Step.PROMOTE: {RunStatus.PROMOTED, RunStatus.NOT_PROMOTED} | _ALWAYS_POSSIBLE,
}
