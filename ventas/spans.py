"""The spans themselves; needs the extra `ventas[otel]`. See `tracing`, which loads this where it is wanted.

upload ──────────── root, when the run is recorded ◄─ link ─► event, in the uploader's own trace, if it has one
├─ etl, retrain, promote, forecast: one for each attempt, from its lease to its end
└─ swap: one for each process of the API that begins to serve the model

Spans are sent by a thread of their own, from a queue that drops what it cannot hold: a collector that is away costs a
step nothing. All are kept, for uploads are few; choosing among traces is for the collector.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Thread
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ventas.ids import trace_id
from ventas.ledger import Lease, UploadEvent
from ventas.tracing import Tracing, current, note_end

SEND_EVERY_MILLISECONDS = 1000
PATIENCE_SECONDS = 2.0  # for one batch, its retries too; what the collector has not taken then is dropped
CLOSE_SECONDS = 1.0  # granian ends its process after 2
LAST_64_BITS = 2**64 - 1
_root: ContextVar[SpanContext | None] = ContextVar("root", default=None)


class Spans(Tracing):
    """Makes the spans of one process and sends them to `endpoint`, the base address of an OTLP collector."""

    def __init__(self, endpoint: str, service: str):
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": f"ventas-{service}"}),
            sampler=ALWAYS_ON,
            id_generator=_Ids(),
            shutdown_on_exit=False,  # it would wait for as long as the collector likes
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter_to(endpoint), schedule_delay_millis=SEND_EVERY_MILLISECONDS)
        )
        self._tracer = self._provider.get_tracer("ventas")

    def uploaded(self, upload: UploadEvent, run_id: str) -> None:
        """The root; where the object names its uploader's trace, a span there too, and a link to each other."""
        theirs, ours = _uploaders(upload.traceparent), _root_of(run_id)
        about: dict[str, str | int] = {
            "ventas.run_id": run_id,
            "ventas.key": upload.key,
            "ventas.version_id": upload.version_id,
            "ventas.source": upload.source,
        }
        token = _root.set(ours)
        try:
            root = self._tracer.start_span(
                "upload",
                Context(),
                SpanKind.CONSUMER,
                attributes=about,
                links=[Link(theirs)] if theirs else [],
            )
        finally:
            _root.reset(token)
        root.end()
        if theirs and theirs.trace_flags.sampled:
            self._tracer.start_span(
                "event", _below(theirs), SpanKind.CONSUMER, attributes=about, links=[Link(ours)]
            ).end()

    @contextmanager
    def step(self, lease: Lease, worker: str, key: Callable[[], str | None]) -> Iterator[None]:
        """An attempt; an error that leaves the block means that the step is tried again."""
        about: dict[str, str | int] = {
            "ventas.run_id": lease.run_id,
            "ventas.key": key() or "",
            "ventas.attempt": lease.attempt,
            "ventas.worker": worker,
        }
        span = self._tracer.start_span(lease.step.value, _below(_root_of(lease.run_id)), attributes=about)
        token = current.set(span)
        try:
            yield
        except Exception as error:
            note_end("retry", str(error))
            raise
        finally:
            current.reset(token)
            span.end()

    def swapped(self, run_id: str | None, version: int, previous: int | None) -> None:
        """In the trace of the upload that made the version; none where that is not known."""
        if run_id is not None and trace_id(run_id) is not None:
            about: dict[str, str | int] = {
                "ventas.run_id": run_id,
                "ventas.version": version,
                "ventas.previous": previous or 0,
            }
            self._tracer.start_span("swap", _below(_root_of(run_id)), attributes=about).end()

    def close(self) -> None:
        """Send what waits; whoever sends cannot be interrupted, so he is left alone after a second."""
        sending = Thread(target=self._provider.force_flush, name="last-spans", daemon=True)
        sending.start()
        sending.join(CLOSE_SECONDS)


class _Ids(RandomIdGenerator):
    """Random ids but for a root, whose ids come from its run."""

    def generate_trace_id(self) -> int:
        root = _root.get()
        return root.trace_id if root else super().generate_trace_id()

    def generate_span_id(self) -> int:
        root = _root.get()
        return root.span_id if root else super().generate_span_id()


def exporter_to(endpoint: str) -> SpanExporter:
    """What sends spans; other `OTEL_EXPORTER_OTLP_...` variables of the environment, as of headers, count too."""
    return OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=PATIENCE_SECONDS)


def _root_of(run_id: str) -> SpanContext:
    bits = UUID(run_id).int
    return SpanContext(bits, bits & LAST_64_BITS, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _below(parent: SpanContext) -> Context:
    return set_span_in_context(NonRecordingSpan(parent), Context())


def _uploaders(traceparent: str | None) -> SpanContext | None:
    """The uploader's span; None where the text is missing, or is no `traceparent` of W3C's."""
    if not traceparent:
        return None
    found = TraceContextTextMapPropagator().extract({"traceparent": traceparent}, Context())
    span = get_current_span(found).get_span_context()
    return span if span.is_valid else None
