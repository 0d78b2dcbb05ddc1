"""Log lines as events with fields, the same from every process: `log.info("champion_swapped", version=2)`."""

import logging
import sys
from typing import Any, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from ventas.ids import trace_id
from ventas.settings import Settings


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever `sys.stderr` is at the time: a stream kept from start-up may have been closed since."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def configure_logging(settings: Settings, service: str) -> None:
    """Send structlog's events and the libraries' own lines to stderr, as `LOG_FORMAT` and `LOG_LEVEL` say.

    `service` becomes a field of every line. May be called again: the newest call counts.
    """
    shared = _shared_processors(service)
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        shared.append(_add_trace_id)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Stderr()
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[ProcessorFormatter.remove_processors_meta, *_renderers(settings)],
        )
    )
    root = logging.getLogger()
    for old in [known for known in root.handlers if isinstance(known, _Stderr)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.LOG_LEVEL)
    # It warns of every retry; a part that stays away is reported once, by whoever needs it.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    # It tells of every request at INFO: four lines for each look at the parts, and Prometheus looks every 15 s.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _shared_processors(service: str) -> list[Processor]:
    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        add_service,
    ]


def _add_trace_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A line that names a run names its trace, too."""
    if "run_id" in event and (found := trace_id(event["run_id"])) is not None:
        event.setdefault("trace_id", found)
    return event


def _renderers(settings: Settings) -> list[Any]:
    if settings.LOG_FORMAT == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    # The default traceback shows local variables, and with them secrets.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
