"""The Celery app: tasks by name on their queues, and a broker that is away fails within seconds."""

import os
import subprocess
import sys

import pytest

from ventas.errors import BrokerUnavailable
from ventas.ledger import UploadEvent
from ventas.queues import LISTS
from ventas.states import REPLAY, Step
from workers.app import create_app

# Redis' client imports a part of OpenTelemetry by itself, where it is installed; what sends spans is ours.
TRACES = ("ventas.spans", "opentelemetry.exporter")
HEAVY = ("mlflow", "sklearn", "workers.tasks", *TRACES)


@pytest.mark.parametrize(
    ("module", "never"),
    [
        *((module, HEAVY) for module in ("webhooks.app", "workers.app", "dashboard.app", "ventas.cli.main")),
        ("workers.app", ("pandas", "sqlalchemy")),  # all that beat and Flower load
        ("workers.tasks", ("pandas", "sqlalchemy", *TRACES)),  # all the parent of a lone child loads
        ("ventas.launcher.supervise", ("pydantic", "httpx", "celery", "asyncio")),
        ("ventas.launcher.session", ("pandas", "sqlalchemy", "holidays")),
    ],
)
def test_what_a_process_never_uses_it_does_not_import(module: str, never: tuple[str, ...]) -> None:
    """Each such import costs seconds and up to a hundred megabytes for as long as the process lives."""
    code = f"import sys, {module}; print([m for m in {never} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_the_sweep_sends_goes_before_what_is_new(settings, monkeypatch) -> None:
    """A run whose worker was killed once waited 76 s behind the uploads that came after it."""
    import workers.app

    celery = create_app(settings.model_copy(update={"REDIS_URL": "memory://"}))
    monkeypatch.setattr(workers.app, "app", celery)
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(celery, "send_task", lambda name, args, priority: sent.append((args[0], priority)))
    workers.app.enqueue(Step.RETRAIN, "new")
    workers.app.enqueue_first(Step.RETRAIN, "retaken")
    workers.app.enqueue_first(REPLAY, "replay")
    assert [run for run, _ in sorted(sent, key=lambda one: one[1])] == ["retaken", "new", "replay"]
    assert celery.conf.broker_transport_options["priority_steps"] == sorted(
        {priority for _, priority in sent}
    )


def test_what_waits_is_counted_in_the_list_of_every_priority(settings) -> None:
    steps = create_app(settings).conf.broker_transport_options["priority_steps"]
    assert tuple(f"\x06\x16{step}" if step else "" for step in steps) == LISTS


def test_what_the_receiver_hands_over_is_sent_once_and_noted(settings, ledger, monkeypatch) -> None:
    import workers.app
    import workers.tasks
    from ventas.pipeline.context import Context

    celery = create_app(settings.model_copy(update={"REDIS_URL": "memory://"}))
    sent: list[tuple[str, dict]] = []
    monkeypatch.setattr(celery, "send_task", lambda name, **options: sent.append((name, options)))
    monkeypatch.setattr(workers.app, "app", celery)
    context = Context(settings)
    monkeypatch.setattr(workers.tasks, "context", lambda: context)
    workers.app.enqueue_due()
    ((name, options),) = sent
    assert (options["queue"], options["priority"]) == ("control", 0), "before the steps that wait there"
    uploads = [UploadEvent("ventas", f"{number}_ventas.csv", "v", "e", 1) for number in range(20)]
    ids = [one.run_id for one in ledger.intake.record(uploads)]
    for _ in range(2):
        workers.tasks.app.tasks[name]()
    assert [(name, options["args"]) for name, options in sent[1:]] == [("etl", [run_id]) for run_id in ids]
    assert all(ledger.runs.get(run_id).enqueued_at for run_id in ids)
    context.ledger.close()


def test_training_has_a_queue_of_its_own(settings) -> None:
    routes = create_app(settings).conf.task_routes
    assert {step.value: routes[step.value]["queue"] for step in Step} == {
        "etl": "control",
        "retrain": "training",
        "promote": "control",
        "forecast": "control",
    }
    assert routes[REPLAY]["queue"] == "training"


@pytest.mark.timeout(10)  # by default Celery would wait for ever
def test_a_broker_that_is_away_is_told_within_seconds(monkeypatch) -> None:
    import workers.app

    monkeypatch.setattr(workers.app.app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(workers.app.app, "_pool", None)
    with pytest.raises(BrokerUnavailable, match="does not take tasks"):
        workers.app.enqueue(Step.ETL, "run")


def test_a_child_forked_after_the_warm_up_trains_and_on_several_threads() -> None:
    """The parent imports sklearn for all its children; had it run a parallel loop, this fit would hang."""
    code = """
import os, signal
from types import SimpleNamespace
from workers import tasks
tasks.share(SimpleNamespace(concurrency=2))
if not (child := os.fork()):
    signal.alarm(60)
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor
    rows = np.arange(4_000.0).reshape(2_000, 2)
    HistGradientBoostingRegressor(max_iter=3).fit(rows, rows[:, 0])
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    # Passive: on a busy machine threads that spin would wait for each other.
    env = {**os.environ, "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "0"
