"""What became of every upload: final states, what is lost, what took effect twice, how long it took."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from chaos.faults import Fault, Struck
from chaos.site import NotInTime, Site, wait_until
from chaos.uploads import Batch
from ventas.ledger import Run, StepAttempt
from ventas.states import FINAL_STATES
from ventas.times import utc_now

SECONDS_FOR_ALL = 180.0
SECONDS_EACH = 20.0
TAKEN_UP_WITHIN = 60.0


@dataclass(frozen=True)
class Row:
    """A line of the table. Times in seconds since the fault; `taken_up_seconds` is None where no step was lost."""

    fault: str
    uploads: int
    states: dict[str, int]
    lost: int
    doubled: int
    recovered_seconds: float
    taken_up_seconds: float | None
    killed_in_fit: bool | None

    @property
    def problems(self) -> list[str]:
        """What is not as promised, in words."""
        slow = self.taken_up_seconds is not None and self.taken_up_seconds > TAKEN_UP_WITHIN
        failed = self.states.get("failed", 0)
        found = {
            f"{self.lost} uploads lost": self.lost,
            f"{self.doubled} effects doubled": self.doubled,
            f"{failed} good files ended as failed": failed,
            f"a killed run was taken up after {self.taken_up_seconds} s": slow,
            "no run was killed inside its fit": self.killed_in_fit is False,
        }
        return [f"{self.fault}: {words}" for words, wrong in found.items() if wrong]


def endure(site: Site, fault: Fault, uploads: int) -> Row:
    """Upload half a batch, strike, upload the rest, wait for the end of all runs, and count."""
    batch = Batch(site, f"{fault.name}-{utc_now():%H%M%S}", uploads)
    batch.put((uploads + 1) // 2)
    with fault.strike(site, batch) as struck:
        batch.put_rest()
    with suppress(NotInTime):  # what is not final by then counts as lost
        wait_until(batch.all_final, "the end of all runs", SECONDS_FOR_ALL + SECONDS_EACH * uploads)
    return _row(site, fault, batch, struck, (utc_now() - struck.at).total_seconds())


def _row(site: Site, fault: Fault, batch: Batch, struck: Struck, seconds: float) -> Row:
    found = [site.runs_of(upload.key, upload.version_id) for upload in batch.uploads]
    runs = [run for rows in found for run in rows]
    return Row(
        fault=fault.title,
        uploads=len(batch.uploads),
        states=dict(Counter(run.status for run in runs)),
        lost=sum(not any(run.status in FINAL_STATES for run in rows) for rows in found),
        doubled=sum(len(rows) > 1 for rows in found) + _doubled_effects(site, runs),
        recovered_seconds=round(seconds, 1),
        taken_up_seconds=_taken_up(site, runs, struck.at) if fault.kills_worker else None,
        killed_in_fit=struck.in_fit is not None if fault.in_fit else None,
    )


def _doubled_effects(site: Site, runs: list[Run]) -> int:
    """Runs that registered more than one version or were promoted more than once."""
    versions = site.versions_by_run()
    promotions = Counter(promotion.run_id for promotion in site.ledger.promotions.all())
    return sum(len(versions.get(run.id, [])) > 1 or promotions[run.id] > 1 for run in runs)


def _taken_up(site: Site, runs: list[Run], at: datetime) -> float | None:
    """The longest time until a step whose worker was killed was started again."""
    waits = [wait_of(site.ledger.runs.attempts(run.id), at) for run in runs]
    return round(max(found), 1) if (found := [wait for wait in waits if wait is not None]) else None


def wait_of(steps: list[StepAttempt], at: datetime) -> float | None:
    """Seconds from `at` until the step that was then lost was started again: infinite if never, None if none was."""
    for lost in steps:
        if lost.outcome == "lost" and lost.started_at <= at:
            again = (step.started_at for step in steps if step.step == lost.step and step.started_at > at)
            return min(((start - at).total_seconds() for start in again), default=float("inf"))
    return None


@dataclass(frozen=True)
class Champions:
    """Who is champion at the end: in what the API serves, in the ledger, and in MLflow's alias."""

    served: int | None
    ledger: int | None
    alias: int | None

    @property
    def problems(self) -> list[str]:
        """What is not as promised, in words."""
        agree = self.served is not None and self.served == self.ledger == self.alias
        return [] if agree else [f"champion: served {self.served}, ledger {self.ledger}, alias {self.alias}"]


def champions(site: Site, seconds: float = 30) -> Champions:
    """The three, once they agree, or as they are after `seconds`."""

    def look() -> Champions | None:
        found = _champions(site)
        return None if found.problems else found

    try:
        return wait_until(look, "the champions to agree", seconds)
    except NotInTime:
        return _champions(site)


def _champions(site: Site) -> Champions:
    head = site.ledger.promotions.head()
    return Champions(site.served_version(), head.model_version if head else None, site.champion_alias())
