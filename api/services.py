"""What the routes work with: made once per process, stopped with it."""

import atexit
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from api.background import Loop, stop_all
from api.catalogue import FencedCatalogue
from api.history import HISTORY, OUTCOMES, History
from api.holder import CHAMPION, LEDGER, REGISTRY, ChampionHolder
from api.notices import NOTICES, ChampionNotices
from api.parts import Parts
from api.ports import ModelCatalogue, ModelSource, ShadowModels
from api.shadow import SHADOW, Shadow
from api.spool import Spool
from api.status import SystemStatus
from api.version_files import VersionFiles
from ventas import tracing
from ventas.errors import BrokerUnavailable, LedgerUnavailable
from ventas.front.tally import SharedTally
from ventas.ledger import Ledger
from ventas.lost_knowledge import KnowledgeBase
from ventas.settings import Settings
from ventas.store import Store

log = structlog.get_logger()
SHARE_SECONDS = 1.0  # how long the other processes may not know what this one has counted
Enqueue = Callable[[str, str], None]  # a task by its name, and the id that it is given


@dataclass(frozen=True)
class Services:
    """The API's parts; `start` begins the background work of this process, `close` ends it."""

    settings: Settings
    parts: Parts
    ledger: Ledger
    holder: ChampionHolder
    notices: ChampionNotices
    history: History
    shadow: Shadow
    catalogue: ModelCatalogue
    files: VersionFiles
    source: ModelSource
    enqueue: Enqueue
    system: SystemStatus
    spool: Spool
    tally: SharedTally
    sharing: Loop
    knowledge: KnowledgeBase

    def start(self) -> None:
        """Start the threads. Call it in the process that serves, never before a fork."""
        self.tally.clear()
        for loop in self._loops():
            loop.start()
        atexit.register(self.close)

    def close(self) -> None:
        """Stop the threads and close the connections; may be called twice."""
        atexit.unregister(self.close)
        stop_all(self._loops())
        self.notices.close()
        self.history.close()
        tracing.close()
        self.ledger.close()

    def _loops(self) -> tuple[Loop, ...]:
        asking = (*self.holder.loops, *self.notices.loops, *self.history.loops, *self.shadow.loops)
        return (*asking, self.sharing)

    def today(self) -> date:
        """Today where the business is."""
        return datetime.now(ZoneInfo(self.settings.BUSINESS_TIMEZONE)).date()


def make_services(
    settings: Settings,
    source: ModelSource,
    catalogue: ModelCatalogue,
    enqueue: Enqueue,
    shadows: ShadowModels,
) -> Services:
    """Wire the parts together; starts nothing yet."""
    parts = Parts(CHAMPION, LEDGER, REGISTRY, NOTICES, HISTORY, SHADOW)
    ledger = Ledger(settings, lock_timeout_seconds=settings.HISTORY_TIMEOUT_SECONDS)
    fenced = FencedCatalogue(catalogue, parts, REGISTRY)
    spool = Spool(settings.home / "spool")
    tally = SharedTally(settings.home / "run" / "api-counts", OUTCOMES)
    holder = ChampionHolder(
        source,
        parts,
        settings.CHAMPION_POLL_SECONDS,
        partial(_run_of, ledger),
        partial(_trace, settings),
        partial(_is_example, ledger),
    )
    return Services(
        settings=settings,
        parts=parts,
        ledger=ledger,
        holder=holder,
        notices=ChampionNotices(settings.REDIS_URL, parts, holder.wake),
        history=History(ledger, spool, parts, tally),
        shadow=Shadow(shadows, ledger, parts, settings.CHAMPION_POLL_SECONDS),
        catalogue=fenced,
        files=VersionFiles(fenced),
        source=source,
        enqueue=enqueue,
        system=SystemStatus(settings, ledger),
        spool=spool,
        tally=tally,
        sharing=Loop("counts", tally.share, SHARE_SECONDS),
        knowledge=KnowledgeBase(settings, ledger, Store(settings, impatient=True)),
    )


def _run_of(ledger: Ledger, version: int) -> str | None:
    try:
        run = ledger.queries.run_of_version(version)
    except LedgerUnavailable:
        return None  # the log says so elsewhere, and a model is served all the same
    return run.id if run else None


def _is_example(ledger: Ledger, version: int) -> bool:
    try:
        return version in ledger.queries.examples([version])
    except LedgerUnavailable:
        return False  # the next load asks again, and a model is served all the same


def _trace(settings: Settings, run_id: str | None, version: int, previous: int | None) -> None:
    """Asked for at the swap, not before: the processes that serve are forked after the parts are made."""
    tracing.of(settings, tracing.API).swapped(run_id, version, previous)


def sent(enqueue: Enqueue, task: str, subject: str, mark: Callable[[str], None]) -> bool:
    """Whether a task was sent; if not, the sweep sends it. `mark` notes in the ledger that it was."""
    try:
        enqueue(task, subject)
        mark(subject)
    except BrokerUnavailable as error:
        log.warning("left_to_the_sweep", task=task, subject=subject, reason=str(error))
        return False
    except LedgerUnavailable as error:  # the task is sent; the sweep may send it once more
        log.warning("sent_but_not_marked", task=task, subject=subject, reason=str(error))
    return True
