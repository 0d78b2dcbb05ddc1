"""One OpenTelemetry trace for each upload, where `OTEL_EXPORTER_OTLP_ENDPOINT` says to whom its spans go.

The trace's id is the run's id, a UUID of as many bits; the id of its root is the UUID's last half. So whoever knows a
run goes on with its trace, be it the receiver, a worker, the API, or the sweep that sends a lost task anew: no column
of the ledger, no header of a task, nothing that a lost message could take along. An uploader's own trace cannot be
the run's then; the two are linked instead, as OpenTelemetry advises where a message lies between (see `spans`).

This module is what the others call. Where the setting is empty it imports nothing and makes no span.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING

import structlog

from ventas.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from ventas.ledger import Lease, UploadEvent

WORKER, RECEIVER, API = "worker", "webhooks", "api"
SAMPLED = "01"
log = structlog.get_logger()
current: ContextVar["Span | None"] = ContextVar("span_of_the_step", default=None)

_opened: list["Tracing"] = []


class Tracing:
    """Makes no spans; `spans.Spans` makes them. Nothing here waits for anybody, or raises."""

    def uploaded(self, upload: "UploadEvent", run_id: str) -> None:
        """The root of a new run's trace."""

    @contextmanager
    def step(self, lease: "Lease", worker: str, key: Callable[[], str | None]) -> Iterator[None]:  # noqa: ARG002
        """A span for the block, an attempt of a step; `key` tells the upload's key, and is called for a span only."""
        yield

    def swapped(self, run_id: str | None, version: int, previous: int | None) -> None:
        """A span for the moment at which this process began to serve a version."""

    def close(self) -> None:
        """Send what waits, for a second at most."""


def of(settings: Settings, service: str) -> Tracing:
    """What makes the spans of this process, `service`. Call it where they are made: its thread is not forked."""
    return _made(settings.OTEL_EXPORTER_OTLP_ENDPOINT, service)


@cache
def _made(endpoint: str, service: str) -> Tracing:
    if not endpoint:
        return Tracing()
    try:
        from ventas.spans import Spans

        _opened.append(Spans(endpoint, service))
    except ImportError as error:
        log.warning(
            "traces_off",
            reason=f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {error.name} is not installed. "
            "Run: pip install 'ventas[otel]'",
        )
        return Tracing()
    except Exception:  # OpenTelemetry reads variables of its own; no step may fail for what they say
        log.exception("traces_off", reason="OpenTelemetry cannot be set up.")
        return Tracing()
    return _opened[-1]


def note_end(outcome: str, error: str | None = None) -> None:
    """Say in the span of the step how this attempt ended; `error` where it was no good end."""
    if (span := current.get()) is not None:
        from opentelemetry.trace import StatusCode

        span.set_attribute("ventas.outcome", outcome)
        if error is not None:
            span.set_status(StatusCode.ERROR, error)


def note_error(error: BaseException) -> None:
    """Keep an error with its traceback in the span of the step."""
    if (span := current.get()) is not None:
        span.record_exception(error)


def tags() -> dict[str, str]:
    """What leads from MLflow's run to the span of the step that makes it; nothing without a span."""
    if (span := current.get()) is None:
        return {}
    at = span.get_span_context()
    trace_id = f"{at.trace_id:032x}"
    return {"trace_id": trace_id, "traceparent": f"00-{trace_id}-{at.span_id:016x}-{SAMPLED}"}


def close() -> None:
    """Send what waits of all spans that this process made, for a second at most."""
    for made in _opened:
        made.close()
