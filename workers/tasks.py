"""The tasks: thin shells over `ventas.pipeline`. A task gets a run id, never data, and may run twice."""

import importlib
from functools import cache
from typing import Any

import structlog
from celery import Task
from celery.signals import beat_init, worker_process_init

from ventas.errors import BrokerUnavailable, TransientError
from ventas.pipeline.context import Context
from ventas.pipeline.runner import StepFunction, TryAgain, run_step
from ventas.pipeline.sweep import send_due as send_all_due
from ventas.pipeline.sweep import sweep as sweep_bucket
from ventas.settings import load_settings
from ventas.states import REPLAY, Step
from workers.app import CONTROL, SEND_DUE, SWEEP, app, enqueue, enqueue_first

log = structlog.get_logger()
LONGEST_PAUSE_SECONDS = 30  # below REQUEUE_AFTER_SECONDS, so that the sweep does not send it meanwhile


@cache
def context() -> Context:
    """What the steps work with, opened in the child process that uses it."""
    return Context(load_settings())


@app.task(name=Step.ETL.value, bind=True, max_retries=None)
def etl(self: Task, run_id: str) -> None:
    """Clean and split one upload."""
    _run(self, run_id, Step.ETL)


@app.task(name=Step.RETRAIN.value, bind=True, max_retries=None)
def retrain(self: Task, run_id: str) -> None:
    """Train a challenger on one dataset."""
    _run(self, run_id, Step.RETRAIN)


@app.task(name=Step.PROMOTE.value, bind=True, max_retries=None)
def promote(self: Task, run_id: str) -> None:
    """Judge one challenger against the champion."""
    _run(self, run_id, Step.PROMOTE)


@app.task(name=Step.FORECAST.value, bind=True, max_retries=None)
def forecast(self: Task, run_id: str) -> None:
    """Answer one forecast file with the champion."""
    _run(self, run_id, Step.FORECAST)


@app.task(name=REPLAY)
def replay(replay_id: str) -> None:
    """Judge past uploads anew; where the ledger is away its lease runs out, and the sweep sends it again."""
    from ventas.pipeline.replaying import run_replay  # imports sklearn, see `_work`

    try:
        run_replay(context(), replay_id)
    except TransientError as error:
        log.warning("left_to_the_sweep", replay_id=replay_id, reason=str(error))


@app.task(name=SWEEP)
def sweep() -> None:
    """Find what was lost; what cannot be reached now is found by the next sweep."""
    try:
        sweep_bucket(context(), enqueue_first)
    except TransientError as error:
        log.warning("sweep_unfinished", reason=str(error))


@app.task(name=SEND_DUE)
def send_due() -> None:
    """Send what is due: the receiver asks for it in a burst of uploads."""
    try:
        send_all_due(context(), enqueue)
    except TransientError as error:
        log.warning("left_to_the_sweep", reason=str(error))


def _run(task: Task, run_id: str, step: Step) -> None:
    with structlog.contextvars.bound_contextvars(run_id=run_id, step=step.value):  # also in libraries' lines
        try:
            due = run_step(
                context(), run_id, step, _work(step), str(task.request.hostname), task_id=task.request.id
            )
        except (TryAgain, TransientError) as error:  # the latter: not even the lease could be had
            countdown = min(2 ** (task.request.retries + 1), LONGEST_PAUSE_SECONDS)
            raise task.retry(exc=error, countdown=countdown) from error
        if due is not None:
            _send(due, run_id)


def _send(step: Step, run_id: str) -> None:
    try:
        enqueue(step, run_id)
        context().ledger.runs.mark_enqueued(run_id)
    except (BrokerUnavailable, TransientError) as error:
        log.warning("left_to_the_sweep", run_id=run_id, step=step, reason=str(error))


def _work(step: Step) -> StepFunction:
    """The function of a step, imported when first needed: etl must not wait for MLflow and sklearn."""
    work: StepFunction = getattr(importlib.import_module(f"ventas.pipeline.{step.value}"), step.value)
    return work


@worker_process_init.connect
def _warm_up(**_: Any) -> None:
    """Import what the first task would wait for, in the child, so that nothing heavy happens before the fork."""
    for step in Step:
        _work(step)


@beat_init.connect
def _sweep_at_start(**_: Any) -> None:
    """Whatever was uploaded while everything was down is found now, not an interval later."""
    app.send_task(SWEEP, queue=CONTROL)
