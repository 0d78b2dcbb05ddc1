"""What `GET /metrics` tells in Prometheus' words: the ledger, the queues and the parts, as they are when it is asked.

What belongs to a part that is away is left out, and `ventas_part_up` says so: an absent number is never a wrong one.
Names end in `_total` only where a number never falls, as long as the ledger's rows stay; the rest are gauges.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from importlib.metadata import version
from itertools import product
from threading import Lock
from typing import Generic, TypeVar

import structlog
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from api.parts import PartState
from api.services import Services
from api.status import FRESH_SECONDS, Backlog
from ventas.errors import LedgerUnavailable
from ventas.front.metrics import cumulated, events_metric, requests_metric
from ventas.ledger.outcomes import LiveError, OutcomeFilter
from ventas.ledger.totals import STEP_SECONDS, Durations
from ventas.states import RunStatus, Step

LIVE_ERROR_SECONDS = 60.0  # it changes with an upload only, and takes the database a while
LEDGER = "ledger"
# What has not happened yet is told as 0, lest the first time goes unseen: nothing increases from absent to 1.
_NO_ATTEMPTS = {(step.value, outcome): 0 for step in Step for outcome in ("ok", "retry", "failed", "lost")}
_NO_EVENTS = dict.fromkeys(product(("minio", "sweep"), ("recorded", "duplicate", "ignored")), 0)
_NO_RUNS = {state.value: 0 for state in RunStatus}
Told = TypeVar("Told")
log = structlog.get_logger()


class Kept(Generic[Told]):
    """What `ask` said last, asked again once that is older than `seconds`; errors are not kept."""

    def __init__(self, ask: Callable[[], Told], seconds: float):
        self._ask = ask
        self._seconds = seconds
        self._lock = Lock()
        self._told: tuple[float, Told] | None = None

    def get(self) -> Told:
        """What was said. Raises what `ask` raises."""
        with self._lock:
            now = time.monotonic()
            if self._told is None or now - self._told[0] > self._seconds:
                self._told = (now, self._ask())
            return self._told[1]


class SystemMetrics:
    """A collector for prometheus_client's registry. Safe to use from several threads."""

    def __init__(self, services: Services):
        self._services = services
        self._ledger = Kept(self._of_ledger, FRESH_SECONDS)
        self._live = Kept(self._of_live_error, LIVE_ERROR_SECONDS)

    def describe(self) -> Sequence[Metric]:
        """Nothing: the registry would ask every part just to learn the names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All that is known now; takes as long as `SystemStatus.look` at most, and the ledger's own time-outs."""
        parts = self._services.parts.snapshot() | self._services.system.look()
        yield _gauge("ventas_build", "The release that answers.", {version("ventas"): 1}, "version", "_info")
        yield _parts(parts)
        yield from self._of_queues()
        yield from self._of_this_machine()
        yield from self._of_this_process()
        if parts[LEDGER].status != "ok":
            return
        if (backlog := self._services.system.backlog) is not None:
            yield from _backlog(backlog, self._services.settings.SWEEP_INTERVAL_SECONDS)
        try:
            yield from self._ledger.get()
            yield from self._live.get()
        except LedgerUnavailable as error:  # it has gone since it was asked how it is
            log.warning("part_needed_is_away", part=LEDGER, reason=str(error))

    def _of_queues(self) -> Iterator[Metric]:
        queues = self._services.system.queues
        waiting = {name: one.waiting for name, one in queues.items() if one.waiting is not None}
        workers = {name: len(one.workers) for name, one in queues.items() if one.workers is not None}
        yield _gauge("ventas_queue_waiting", "Tasks in Redis that no worker has taken yet.", waiting, "queue")
        yield _gauge("ventas_queue_workers", "Celery workers that answer for a queue.", workers, "queue")

    def _of_this_machine(self) -> Iterator[Metric]:
        with suppress(OSError):  # the folder is gone; other numbers say what that means
            disk = shutil.disk_usage(self._services.settings.home)
            text = "the disk of the API's state folder."
            yield GaugeMetricFamily("ventas_disk_free_bytes", f"Free on {text}", disk.free)
            yield GaugeMetricFamily("ventas_disk_size_bytes", f"Size of {text}", disk.total)
        yield GaugeMetricFamily(
            "ventas_spool_bytes",
            "Predictions that wait for the database in files; 0 when all are in the history.",
            self._services.spool.waiting_bytes(),
        )

    def _of_this_process(self) -> Iterator[Metric]:
        counts = self._services.tally.all_counts()
        yield requests_metric("ventas_api_request_duration_seconds", counts)
        yield events_metric(
            "ventas_predictions",
            "Predictions answered since the API's start, by what became of their row: recorded, spooled (written "
            "later) or lost (in the log alone).",
            counts,
        )
        champion = self._services.holder.current
        if champion is not None:
            yield GaugeMetricFamily(
                "ventas_api_champion_version",
                "The version that the answering process of the API serves.",
                champion.version,
            )

    def _of_ledger(self) -> list[Metric]:
        ledger = self._services.ledger
        head = ledger.promotions.head()
        told: list[Metric] = [*self._of_totals()]
        if head is None:
            return told
        kinds, due = ledger.alerts.counts_about(head.model_version)
        every = dict.fromkeys(("live_error", "overtaken", "drift"), 0) | kinds
        return [
            *told,
            GaugeMetricFamily(
                "ventas_champion_version", "The champion, as the ledger decided.", head.model_version
            ),
            GaugeMetricFamily(
                "ventas_champion_since_timestamp_seconds",
                "When it became champion.",
                head.created_at.timestamp(),
            ),
            _gauge("ventas_alerts", "Alerts that the present champion has raised, by kind.", every, "kind"),
            GaugeMetricFamily("ventas_alerts_due", "Alerts whose action has not been taken yet.", due),
        ]

    def _of_totals(self) -> Iterator[Metric]:
        totals = self._services.ledger.totals
        steps = totals.steps()
        attempts = CounterMetricFamily(
            "ventas_step_attempts",
            "Ended attempts of steps in the ledger: ok, retry, failed; lost is a lease that ran out.",
            labels=["step", "outcome"],
        )
        for labels, count in sorted((_NO_ATTEMPTS | steps.attempts).items()):
            attempts.add_metric(labels, count)
        yield attempts
        yield _durations(steps.durations)
        events = CounterMetricFamily(
            "ventas_events",
            "Deliveries (source minio) and uploads that no event had told of (source sweep) in the ledger.",
            labels=["source", "outcome"],
        )
        for source_outcome, count in sorted((_NO_EVENTS | totals.events()).items()):
            events.add_metric(source_outcome, count)
        yield events
        yield CounterMetricFamily(
            "ventas_predictions_recorded",
            "Predictions ever recorded: the highest id of the history, so nothing is counted for it. PostgreSQL "
            "may leave numbers out.",
            totals.newest_prediction(),
        )

    def _of_live_error(self) -> list[Metric]:
        ledger, settings = self._services.ledger, self._services.settings
        head = ledger.promotions.head()
        if head is None or (ever := self._served(OutcomeFilter(head.model_version))) is None:
            return [_live_rows(0)]  # an error of no rows is none
        since = ever.last - timedelta(days=settings.ALERT_WINDOW_DAYS - 1)
        recent = self._served(OutcomeFilter(head.model_version, since=since)) or ever
        told: list[Metric] = [
            GaugeMetricFamily(
                "ventas_live_error_rmse",
                "RMSE, in units of sales, of the champion's forecasts of the last ALERT_WINDOW_DAYS that came true.",
                recent.rmse,
            ),
            _live_rows(recent.rows),
        ]
        if recent.verdict_rmse is not None:
            told.append(
                GaugeMetricFamily(
                    "ventas_live_error_limit_rmse",
                    "ALERT_ERROR_RATIO times the RMSE of its verdict; above it an alert is raised.",
                    settings.ALERT_ERROR_RATIO * recent.verdict_rmse,
                )
            )
        return told

    def _served(self, wanted: OutcomeFilter) -> LiveError | None:
        live = self._services.ledger.outcomes.errors(wanted)
        return next((one for one in live if not one.shadow), None)


def _live_rows(rows: int) -> Metric:
    return GaugeMetricFamily("ventas_live_error_rows", "How many forecasts that is.", rows)


def _gauge(name: str, text: str, values: dict[str, int], label: str, suffix: str = "") -> GaugeMetricFamily:
    family = GaugeMetricFamily(name + suffix, text, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def _parts(parts: dict[str, PartState]) -> Metric:
    known = {name: int(state.status == "ok") for name, state in parts.items() if state.status != "unknown"}
    text = "1 for a part that does its work, 0 for one that is away; GET /status and GET /health say why."
    return _gauge("ventas_part_up", text, known, "part")


def _backlog(backlog: Backlog, interval_seconds: float) -> Iterator[Metric]:
    yield _gauge("ventas_runs", "Runs in each state; a run is one upload.", _NO_RUNS | backlog.runs, "state")
    if backlog.oldest is not None:
        yield GaugeMetricFamily(
            "ventas_oldest_working_run_timestamp_seconds",
            "When the run was recorded that waits or works since longest; absent where none does.",
            backlog.oldest.created_at.timestamp(),
        )
    yield GaugeMetricFamily("ventas_sweep_interval_seconds", "SWEEP_INTERVAL_SECONDS.", interval_seconds)
    if (sweep := backlog.sweep) is None:
        return
    moments = (
        ("started", "When the last sweep began.", sweep.started_at),
        ("finished", "When the bucket was last seen whole.", sweep.finished_at),
    )
    for name, text, moment in moments:
        if moment is not None:
            yield GaugeMetricFamily(f"ventas_sweep_{name}_timestamp_seconds", text, moment.timestamp())
    yield GaugeMetricFamily("ventas_sweep_listed", "Object versions that it saw then.", sweep.listed)
    yield GaugeMetricFamily(
        "ventas_sweep_found", "Uploads among them that no event had told of.", sweep.found
    )


def _durations(durations: dict[str, Durations]) -> Metric:
    family = HistogramMetricFamily(
        "ventas_step_duration_seconds", "Attempts of steps that ended well, by their time.", labels=["step"]
    )
    for step, told in sorted(durations.items()):
        family.add_metric([step], cumulated(STEP_SECONDS, told.counts), told.seconds)
    return family
