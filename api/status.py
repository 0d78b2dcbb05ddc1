"""How the whole system is: every part asked at once, when somebody wants to know, and remembered for a while.

A part that hangs holds up one thread of its own and no other: it is not asked again before that has ended. Of the
requests that come meanwhile only the one that began to ask waits, and not for long; the first time all of them do,
for there is nothing to remember yet.
"""

import time
from dataclasses import dataclass
from threading import Lock, Thread

import structlog

from api.parts import Parts, PartState
from api.probes import (
    Probe,
    Queue,
    Queues,
    Reasons,
    flower_url,
    http_probe,
    minio_url,
    redis_probe,
    workers_probe,
)
from ventas.errors import LedgerUnavailable
from ventas.ledger import Ledger, Run
from ventas.ledger.sweeps import LastSweep, longest_silence
from ventas.queues import WORKERS
from ventas.settings import Settings
from ventas.times import utc_now

FRESH_SECONDS = 3.0
WAIT_SECONDS = 2.5
SLOW_REASON = f"It has not answered within {WAIT_SECONDS} s."

log = structlog.get_logger()


@dataclass(frozen=True)
class Backlog:
    """What the ledger knows: runs by state, the run that waits or works since longest, the last sweep."""

    runs: dict[str, int]
    oldest: Run | None
    sweep: LastSweep | None


class SystemStatus:
    """Asks the parts, and remembers what they said. Safe to use from several threads."""

    def __init__(self, settings: Settings, ledger: Ledger):
        self._settings = settings
        self._ledger = ledger
        self.queues: Queues = {name: Queue() for name in WORKERS}
        self.backlog: Backlog | None = None
        self._probes = self._all_probes()
        self._parts = Parts(*(part for probe in self._probes for part in probe.parts))
        self._threads: dict[Probe, Thread] = {}
        self._asking = Lock()
        self._asked_at = float("-inf")

    def look(self) -> dict[str, PartState]:
        """How each part is, at most FRESH_SECONDS old; takes WAIT_SECONDS at most, the first look twice that."""
        is_first = self._asked_at == float("-inf")
        # Whoever asks gives up after WAIT_SECONDS and has then to note it: who waits for that waits longer.
        if self._asking.acquire(blocking=is_first, timeout=2 * WAIT_SECONDS if is_first else -1):
            try:
                if time.monotonic() - self._asked_at > FRESH_SECONDS:
                    self._ask_all()
                    self._asked_at = time.monotonic()
            finally:
                self._asking.release()
        return self._parts.snapshot()

    def _all_probes(self) -> list[Probe]:
        settings = self._settings
        probes = [
            http_probe("minio", minio_url(settings)),
            redis_probe(settings, self.queues),
            http_probe("webhooks", f"{settings.WEBHOOKS_URL.rstrip('/')}/health"),
            workers_probe(settings, self.queues),
            Probe(("ledger", "beat"), self._ask_ledger),
        ]
        if settings.MLFLOW_TRACKING_URI.startswith("http"):
            probes.append(http_probe("mlflow", f"{settings.MLFLOW_TRACKING_URI.rstrip('/')}/health"))
        if flower := flower_url(settings):
            probes.append(http_probe("flower", flower))
        return probes

    def _ask_all(self) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        for probe in self._probes:
            thread = self._threads.get(probe)
            if thread is None or not thread.is_alive():
                self._threads[probe] = Thread(target=self._ask, args=(probe,), name="probe", daemon=True)
                self._threads[probe].start()
        for probe, thread in self._threads.items():
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                self._note(dict.fromkeys(probe.parts, SLOW_REASON))

    def _ask(self, probe: Probe) -> None:
        try:
            self._note(probe.ask())
        except Exception:  # a probe that died silently would leave its part as it was, for ever
            log.exception("probe_failed", parts=probe.parts)
            self._note(dict.fromkeys(probe.parts, "It cannot be asked; the log of the API tells why."))

    def _note(self, reasons: Reasons) -> None:
        for part, reason in reasons.items():
            if reason is None:
                self._parts.back(part)
            else:
                self._parts.away(part, reason)

    def _ask_ledger(self) -> Reasons:
        try:
            queries = self._ledger.queries
            self.backlog = Backlog(queries.counts(), queries.oldest_working(), self._ledger.sweeps.last())
        except LedgerUnavailable as error:
            self.backlog = None
            log.warning("part_needed_is_away", part="ledger", reason=str(error))
            return {"ledger": "The database of runs and history does not answer."}
        return {"ledger": None, "beat": self._sweep_fault(self.backlog.sweep)}

    def _sweep_fault(self, sweep: LastSweep | None) -> str | None:
        """Beat listens nowhere: it is known by the sweep, which it starts."""
        if sweep is None or sweep.started_at is None:
            return "No sweep has run yet."
        if sweep.problem:
            return f"The last sweep broke off: {sweep.problem}"
        silent = utc_now() - sweep.started_at
        if silent > longest_silence(self._settings.SWEEP_INTERVAL_SECONDS):
            return f"No sweep has begun for {silent.total_seconds():.0f} s; beat or the worker may be away."
        return None
