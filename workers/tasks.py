"""The tasks: thin shells over `ventas.pipeline`. A task gets a run id, never data, and may run twice.

What they call is imported when called: the pipeline brings pandas, sklearn and MLflow, 200 MB. `share` says which
processes import it before that.
"""

import gc
import importlib
from functools import cache
from typing import TYPE_CHECKING, Any

import structlog
from celery import Task
from celery.signals import worker_init, worker_process_init, worker_process_shutdown

from ventas import tracing
from ventas.errors import BrokerUnavailable, TransientError
from ventas.settings import load_settings
from ventas.states import REPLAY, Step
from workers.app import SEND_DUE, SWEEP, app, enqueue, enqueue_first

if TYPE_CHECKING:
    from ventas.pipeline.context import Context
    from ventas.pipeline.runner import StepFunction

log = structlog.get_logger()
LONGEST_PAUSE_SECONDS = 30  # below REQUEUE_AFTER_SECONDS, so that the sweep does not send it meanwhile


@cache
def context() -> "Context":
    """What the steps work with, opened in the child process that uses it."""
    from ventas.pipeline.context import Context

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
    from ventas.pipeline.replaying import run_replay

    try:
        run_replay(context(), replay_id)
    except TransientError as error:
        log.warning("left_to_the_sweep", replay_id=replay_id, reason=str(error))


@app.task(name=SWEEP)
def sweep() -> None:
    """Find what was lost, then delete what is too old; what cannot be reached now waits for the next sweep."""
    from ventas.pipeline.sweep import sweep as sweep_bucket
    from ventas.retention import delete_part

    try:
        sweep_bucket(context(), enqueue_first)
        delete_part(context().ledger, context().settings)
    except TransientError as error:
        log.warning("sweep_unfinished", reason=str(error))


@app.task(name=SEND_DUE)
def send_due() -> None:
    """Send what is due: the receiver asks for it in a burst of uploads."""
    from ventas.pipeline.sweep import send_due as send_all_due

    try:
        send_all_due(context(), enqueue)
    except TransientError as error:
        log.warning("left_to_the_sweep", reason=str(error))


def _run(task: Task, run_id: str, step: Step) -> None:
    from ventas.pipeline.runner import TryAgain, run_step

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


def _work(step: Step) -> "StepFunction":
    """The function of a step."""
    work: StepFunction = getattr(importlib.import_module(f"ventas.pipeline.{step.value}"), step.value)
    return work


@worker_init.connect
def share(sender: Any, **_: Any) -> None:
    """Where a worker has several children, import before they are forked, so that they share the memory of it.

    A lone child has nobody to share with: its parent would hold for nothing what the child copies as it works.
    """
    if sender.concurrency > 1:
        warm_up()
        gc.collect()
        gc.freeze()  # the collector would write into the pages that are shared


@worker_process_init.connect
def warm_up(**_: Any) -> None:
    """Import what the first task would wait for.

    No fit, prediction or connection may happen here: OpenMP's threads begin with the first parallel loop, and a child
    forked after that would wait for threads that it does not have.
    """
    importlib.import_module("ventas.pipeline.sweep")
    for step in Step:
        _work(step)


@worker_process_shutdown.connect
def send_last_spans(**_: Any) -> None:
    """A child ends without Python's own exit handlers."""
    tracing.close()
