"""The sweep finds what events lost, and sends what was never sent, on an S3 server of its own."""

import io

import pytest
from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import ventas.spans
import ventas.tracing
from ventas.errors import BrokerUnavailable
from ventas.ledger import Ledger, Run, UploadEvent
from ventas.ledger.queries import RunFilter
from ventas.pipeline.sweep import sweep
from ventas.states import Step
from ventas.store import Store


class Parts:
    """The parts of a context that the sweep uses."""

    def __init__(self, settings, ledger: Ledger):
        self.settings, self.ledger, self.store = settings, ledger, Store(settings)


def _empty(client: Minio) -> None:
    for item in client.list_objects("ventas", recursive=True, include_version=True):
        client.remove_object("ventas", item.object_name, version_id=item.version_id)


@pytest.fixture
def bucket(s3_settings) -> Minio:
    client = Minio(s3_settings.MINIO_ENDPOINT, access_key="minio", secret_key="any-secret", secure=False)
    client.make_bucket("ventas")
    client.set_bucket_versioning("ventas", VersioningConfig(ENABLED))
    _empty(client)  # other tests use the same server
    yield client
    _empty(client)


@pytest.fixture
def parts(s3_settings, ledger: Ledger) -> Parts:
    return Parts(s3_settings, ledger)


def _put(bucket: Minio, key: str) -> None:
    bucket.put_object("ventas", key, io.BytesIO(b"x"), 1)


def _statuses(ledger: Ledger) -> dict[str, str]:
    return {run.key: run.status for run in ledger.queries.runs(RunFilter(), 0, 50)[0]}


def test_uploads_without_a_run_are_found_once(bucket: Minio, parts: Parts) -> None:
    for key in ("ventas.csv", "ventas.csv", "tienda/VENTAS 2.csv.gz", "notas.txt", "informes/ventas.csv"):
        _put(bucket, key)
    for key in ("entrada/días.csv", "salida/días.csv", "salida/ventas.csv"):
        _put(bucket, f"pronosticos/{key}")
    sent: list[tuple[Step, str]] = []
    swept = sweep(parts, lambda step, run_id: sent.append((step, run_id)))
    assert (swept.found, swept.enqueued, len(sent)) == (5, 4, 4), "two versions of one key are two uploads"
    assert [step for step, _ in sent].count(Step.FORECAST) == 1
    assert _statuses(parts.ledger) == {
        "ventas.csv": "received",
        "tienda/VENTAS 2.csv.gz": "received",
        "notas.txt": "ignored",
        "pronosticos/entrada/días.csv": "received",
    }
    assert sweep(parts, lambda step, run_id: sent.append((step, run_id))).found == 0
    assert len(sent) == 4, "what was sent just now is not sent again"


def test_the_trace_of_an_upload_that_the_sweep_found_begins_there(
    bucket: Minio, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = InMemorySpanExporter()
    monkeypatch.setattr(ventas.spans, "exporter_to", lambda _endpoint: kept)
    spans = ventas.spans.Spans("http://127.0.0.1:1", "worker")
    monkeypatch.setattr(ventas.tracing, "of", lambda _settings, _service: spans)
    for key in ("ventas.csv", "notas.txt"):
        _put(bucket, key)
    sent: list[str] = []
    for _ in range(2):
        sweep(parts, lambda step, run_id: sent.append(run_id))
    spans.close()
    (root,) = kept.get_finished_spans()
    assert [f"{root.context.trace_id:032x}"] == [run_id.replace("-", "") for run_id in sent]
    assert (root.name, root.attributes["ventas.source"], root.parent) == ("upload", "sweep", None)


def test_a_replay_whose_task_was_lost_is_sent(bucket: Minio, parts: Parts) -> None:
    (recorded,) = parts.ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v1", "e", 1)])
    with parts.ledger.database.write() as session:
        session.get_one(Run, recorded.run_id).status = "promoted"
    replay, _ = parts.ledger.replay_work.ask(recorded.run_id, "Ana")
    sent: list[tuple[str, str]] = []

    def away(task: str, subject: str) -> None:
        raise BrokerUnavailable("Redis is away")

    assert sweep(parts, away).enqueued == 0
    assert sweep(parts, lambda task, subject: sent.append((task, subject))).enqueued == 1
    assert sent == [("replay", replay.id)]


def test_a_broker_that_is_away_leaves_the_tasks_for_the_next_sweep(bucket: Minio, parts: Parts) -> None:
    def away(step: Step, run_id: str) -> None:
        raise BrokerUnavailable("Redis is away")

    _put(bucket, "ventas.csv")
    assert sweep(parts, away).enqueued == 0
    sent: list[Step] = []
    assert sweep(parts, lambda step, run_id: sent.append(step)).enqueued == 1
    assert sent == [Step.ETL]
