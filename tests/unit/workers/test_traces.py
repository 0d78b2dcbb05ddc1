"""One trace for each upload, from its event to the step's end; nothing at all where nobody asked for it."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lone_receiver import Nobody, Quiet
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from trace_collector import Collector

import ventas.spans
import workers.tasks
from api.services import _trace as trace_swap
from ventas import tracing
from ventas.errors import RejectedUpload, StoreUnavailable
from ventas.ledger import Lease, Ledger
from ventas.logs import configure_logging
from ventas.pipeline.context import Context
from ventas.pipeline.runner import Outcome, StepFunction, TryAgain, run_step
from ventas.settings import Settings
from ventas.states import RunStatus, Step
from webhooks.app import create_app, receiver_of

THEIRS = "4bf92f3577b34da6a3ce929d0e0e4736"
THEIR_SPAN = "00f067aa0ba902b7"


@pytest.fixture(autouse=True)
def _made_anew() -> Iterator[None]:
    """What makes spans is kept for as long as a process lives."""
    tracing._made.cache_clear()
    yield
    for made in tracing._opened:
        made._provider.shutdown()  # type: ignore[attr-defined]
    tracing._opened.clear()
    tracing._made.cache_clear()


@pytest.fixture
def traced(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "LOG_FORMAT": "json", "MAX_ATTEMPTS": 2}
    )


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    kept = InMemorySpanExporter()
    monkeypatch.setattr(ventas.spans, "exporter_to", lambda _endpoint: kept)
    return kept


def posted(settings: Settings, ledger: Ledger, metadata: Any = None) -> str:
    """Send the receiver an event; the id of its run."""
    app = create_app(settings, Nobody, Quiet())
    item = {"key": "ventas.csv", "versionId": "v1", "eTag": "e", "sequencer": "1", "userMetadata": metadata}
    record = {"eventName": "s3:ObjectCreated:Put", "s3": {"bucket": {"name": "ventas"}, "object": item}}
    token = {"Authorization": f"Bearer {settings.webhook_token}"}
    answer = app.test_client().post("/events/minio", json={"Records": [record]}, headers=token)
    receiver_of(app).close()
    assert answer.json["recorded"] == 1
    return str(answer.json["events"][0]["run_id"])


def worked(settings: Settings, run_id: str, work: StepFunction) -> Step | None:
    context = Context(settings)
    try:
        return run_step(context, run_id, Step.ETL, work, "control@here")
    finally:
        context.ledger.close()


def spans_of(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    tracing.close()
    return list(exporter.get_finished_spans())


def trace_of(span: ReadableSpan) -> str:
    return f"{span.context.trace_id:032x}"


def raising(error: Exception) -> StepFunction:
    def work(_context: Context, _lease: Lease) -> Outcome:
        raise error

    return work


def test_an_upload_its_attempts_and_the_swap_are_one_trace_named_as_the_run(
    traced: Settings, ledger: Ledger, exporter: InMemorySpanExporter
) -> None:
    run_id = posted(traced, ledger)
    tags: dict[str, str] = {}

    def work(_context: Context, _lease: Lease) -> Outcome:
        tags.update(tracing.tags())
        return Outcome(RunStatus.RETRAIN)

    with pytest.raises(TryAgain):
        worked(traced, run_id, raising(ZeroDivisionError("a bug")))
    assert worked(traced, run_id, work) == Step.RETRAIN
    trace_swap(traced, run_id, 2, 1)
    root, failed, done, swap = spans_of(exporter)
    assert {trace_of(span) for span in (root, failed, done, swap)} == {run_id.replace("-", "")}
    assert [span.name for span in (root, failed, done, swap)] == ["upload", "etl", "etl", "swap"]
    assert root.parent is None
    assert {span.parent.span_id for span in (failed, done, swap)} == {root.context.span_id}
    assert dict(done.attributes) == {
        "ventas.run_id": run_id,
        "ventas.key": "ventas.csv",
        "ventas.attempt": 2,
        "ventas.worker": "control@here",
        "ventas.outcome": "retrain",
    }
    assert (failed.attributes["ventas.outcome"], failed.status.status_code) == ("retry", StatusCode.ERROR)
    (error,) = failed.events
    assert (error.name, error.attributes["exception.message"]) == ("exception", "a bug")
    assert done.status.status_code is StatusCode.UNSET
    assert tags == {
        "trace_id": trace_of(done),
        "traceparent": f"00-{trace_of(done)}-{done.context.span_id:016x}-01",
    }
    assert [span.resource.attributes["service.name"] for span in (root, done, swap)] == [
        "ventas-webhooks",
        "ventas-worker",
        "ventas-api",
    ]
    assert tracing.tags() == {}, "a step's span must not stay for the next task"


@pytest.mark.parametrize(
    ("work", "outcome", "status"),
    [
        (raising(RejectedUpload("No column Fecha.")), "rejected", StatusCode.UNSET),
        (lambda _context, lease: Outcome(RunStatus.FAILED, {"reason": "broken"}), "failed", StatusCode.ERROR),
    ],
)
def test_a_file_at_fault_is_no_error_of_the_system(
    traced: Settings,
    ledger: Ledger,
    exporter: InMemorySpanExporter,
    work: StepFunction,
    outcome: str,
    status: StatusCode,
) -> None:
    worked(traced, posted(traced, ledger), work)
    step = spans_of(exporter)[-1]
    assert (step.attributes["ventas.outcome"], step.status.status_code) == (outcome, status)


@pytest.mark.parametrize("name", ["X-Amz-Meta-Traceparent", "x-amz-meta-traceparent"])
def test_an_uploaders_own_trace_and_ours_lead_to_each_other(
    traced: Settings, ledger: Ledger, exporter: InMemorySpanExporter, name: str
) -> None:
    run_id = posted(traced, ledger, {"content-type": "text/csv", name: f"00-{THEIRS}-{THEIR_SPAN}-01"})
    root, event = spans_of(exporter)
    assert (trace_of(root), trace_of(event)) == (run_id.replace("-", ""), THEIRS)
    assert (event.name, f"{event.parent.span_id:016x}") == ("event", THEIR_SPAN)
    assert [f"{link.context.trace_id:032x}" for link in root.links] == [THEIRS]
    assert [(link.context.trace_id, link.context.span_id) for link in event.links] == [
        (root.context.trace_id, root.context.span_id)
    ]


@pytest.mark.parametrize(
    "metadata",
    [None, {}, "odd", {"X-Amz-Meta-Traceparent": 5}, {"X-Amz-Meta-Traceparent": "00-none-01"}],
    ids=["none", "empty", "text", "number", "malformed"],
)
def test_odd_metadata_is_no_reason_to_refuse_an_upload(
    traced: Settings, ledger: Ledger, exporter: InMemorySpanExporter, metadata: Any
) -> None:
    run_id = posted(traced, ledger, metadata)
    (root,) = spans_of(exporter)
    assert (trace_of(root), len(root.links)) == (run_id.replace("-", ""), 0)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4318", ""])
def test_log_lines_that_name_a_run_name_its_trace_where_there_are_traces(
    traced: Settings,
    ledger: Ledger,
    exporter: InMemorySpanExporter,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
) -> None:
    settings = traced.model_copy(update={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
    run_id = posted(settings, ledger)
    configure_logging(settings, "worker")
    capsys.readouterr()

    def work(_context: Context, _lease: Lease) -> Outcome:
        logging.getLogger("library").warning("slow")
        return Outcome(RunStatus.REJECTED, {"reason": "It has no rows."})

    monkeypatch.setattr(workers.tasks, "context", lambda: Context(settings))
    monkeypatch.setattr(workers.tasks, "_work", lambda _step: work)
    workers.tasks.etl(run_id)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["step_started", "slow", "step_ended"]
    assert {line.get("trace_id") for line in lines} == {run_id.replace("-", "") if endpoint else None}


@pytest.mark.timeout(50)  # whoever waited for the collector that hangs would wait a minute for each span
@pytest.mark.parametrize("hangs", [True, False], ids=["hangs", "refuses"])
def test_a_collector_that_is_away_costs_no_step(
    traced: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    if hangs:
        monkeypatch.setattr(ventas.spans, "PATIENCE_SECONDS", 60)
    collector = Collector(hangs=True)
    with collector.running():
        endpoint = collector.endpoint if hangs else "http://127.0.0.1:1"
        settings = traced.model_copy(update={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
        run_id = posted(settings, ledger)
        assert not hangs or collector.asked.wait(20)
        for _ in range(3):  # an outage of the store is no attempt
            with pytest.raises(TryAgain):
                worked(settings, run_id, raising(StoreUnavailable("MinIO is away")))
        assert worked(settings, run_id, lambda _context, _lease: Outcome(RunStatus.RETRAIN)) == Step.RETRAIN
        tracing.close()
        assert not collector.spans, "it has answered nobody, so nothing here has waited for it"


CHILD = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from celery.signals import worker_process_shutdown
from ventas import tracing
from ventas.ledger import Lease, UploadEvent
from ventas.settings import Settings
from ventas.states import Step
from uuid6 import uuid7
from workers import tasks
settings = Settings(_env_file=None, VENTAS_HOME=Path(sys.argv[1]), OTEL_EXPORTER_OTLP_ENDPOINT=sys.argv[2])
tasks.share(SimpleNamespace(concurrency=2))
if sys.argv[3] == "parent too":
    tracing.of(settings, tracing.WORKER).uploaded(UploadEvent("ventas", "ventas.csv", "v", "e", 1), str(uuid7()))
for attempt in (1, 2):
    if not (child := os.fork()):
        lease = Lease(str(uuid7()), Step.ETL, "token", attempt)
        with tracing.of(settings, tracing.WORKER).step(lease, "control@here", lambda: "ventas.csv"):
            pass
        worker_process_shutdown.send(sender=None, pid=os.getpid(), exitcode=0)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
tracing.close()
"""


@pytest.mark.parametrize("parent", ["parent not", "parent too"])
def test_children_that_are_forked_send_their_own_spans_once(tmp_path: Path, parent: str) -> None:
    """A thread does not outlive a fork: the one that sends must begin in the child."""
    collector = Collector()
    with collector.running():
        argv = [sys.executable, "-W", "ignore", "-c", CHILD, str(tmp_path), collector.endpoint, parent]
        subprocess.run(argv, check=True, timeout=100)
    names = sorted(span.name for span in collector.spans)
    assert names == ["etl", "etl"] + (["upload"] if parent == "parent too" else [])
    assert (collector.services, collector.paths) == ({"ventas-worker"}, {"/v1/traces"})


OFF = """
import sys
from pathlib import Path
from ventas.ledger import UploadEvent
from ventas.ledger.migrate import upgrade
from ventas.settings import Settings
from ventas.states import RunStatus, Step
from webhooks.receiver import Receiver
class Parts:
    settings = Settings(_env_file=None, VENTAS_HOME=Path(sys.argv[1]))
class Nobody:
    def enqueue(self, step, run_id): ...
upgrade(Parts.settings)
receiver = Receiver(Parts.settings, Nobody)
receiver.start()
(one,) = receiver.receive([UploadEvent("ventas", "ventas.csv", "v", "e", 1)])
in_receiver = [name for name in sys.modules if "opentelemetry" in name or name == "ventas.spans"]
from ventas.pipeline.runner import Outcome, run_step  # brings MLflow, which has parts of OpenTelemetry of its own
Parts.ledger = receiver.ledger
due = run_step(Parts, one.run_id, Step.ETL, lambda context, lease: Outcome(RunStatus.RETRAIN), "w")
receiver.close()
in_worker = [name for name in sys.modules if name.startswith("opentelemetry.exporter") or name == "ventas.spans"]
Path(sys.argv[1], "found").write_text(f"{due} {in_receiver} {in_worker}")
"""


def test_without_the_setting_nothing_of_it_is_imported(tmp_path: Path, settings: Settings) -> None:
    subprocess.run([sys.executable, "-c", OFF, str(tmp_path)], capture_output=True, check=True)
    assert (tmp_path / "found").read_text() == "retrain [] []"


def test_a_wrong_variable_of_opentelemetry_fails_no_step(
    traced: Settings, ledger: Ledger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    run_id = posted(traced, ledger)
    assert worked(traced, run_id, lambda _context, _lease: Outcome(RunStatus.RETRAIN)) == Step.RETRAIN
    assert "max_queue_size must be a positive integer" in capsys.readouterr().err


def test_the_setting_without_the_packages_is_told_once_and_costs_nothing(
    traced: Settings, ledger: Ledger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "ventas.spans")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    run_id = posted(traced, ledger)
    assert worked(traced, run_id, lambda _context, _lease: Outcome(RunStatus.RETRAIN)) == Step.RETRAIN
    told = [line for line in capsys.readouterr().err.splitlines() if "traces_off" in line]
    assert all("pip install 'ventas[otel]'" in line for line in told)
    assert 1 <= len(told) <= 2, "once for the receiver, once for the worker"
