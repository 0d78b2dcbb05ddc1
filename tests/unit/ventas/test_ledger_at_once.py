"""Two processes at the same moment: of two promotions against one champion one is kept, of two sweeps one lists."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from ledger_databases import ON_BOTH

from ventas.errors import ChampionChanged
from ventas.ledger import Ledger, Promotion, UploadEvent
from ventas.ledger.migrate import upgrade
from ventas.ledger.sweeps import Sweeps
from ventas.states import RunStatus, Step
from ventas.times import utc_now

pytestmark = ON_BOTH
AT_ONCE = 4


def _together(work: Callable[[int], object]) -> list:
    """What `work` gives for 0, 1, 2, 3, all begun at the same moment."""
    start = Barrier(AT_ONCE)

    def begun(number: int) -> object:
        start.wait(20)
        return work(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(begun, range(AT_ONCE)))


def _leased_for_promote(ledger: Ledger, version: int):
    runs = ledger.runs
    (recorded,) = ledger.intake.record([UploadEvent("ventas", f"{version}_ventas.csv", "v", "e", 1)])
    runs.finish(runs.acquire(recorded.run_id, Step.ETL, "w"), RunStatus.RETRAIN)
    runs.finish(runs.acquire(recorded.run_id, Step.RETRAIN, "w"), RunStatus.PROMOTE, model_version=version)
    return runs.acquire(recorded.run_id, Step.PROMOTE, "w")


def _promotion(version: int, previous: int | None) -> Promotion:
    return Promotion(
        created_at=utc_now(),
        model_version=version,
        previous_version=previous,
        source="verdict",
        actor="pipeline",
        reason="better",
    )


@pytest.mark.parametrize("previous", [None, 9], ids=["the first champion", "a later one"])
def test_of_promotions_against_one_champion_one_is_kept(ledger: Ledger, previous: int | None) -> None:
    if previous is not None:
        lease = _leased_for_promote(ledger, previous)
        ledger.runs.finish(lease, RunStatus.PROMOTED, promotion=_promotion(previous, None))
    leases = [_leased_for_promote(ledger, version) for version in range(AT_ONCE)]

    def promote(version: int) -> bool:
        try:
            ledger.runs.finish(leases[version], RunStatus.PROMOTED, promotion=_promotion(version, previous))
        except ChampionChanged:
            return False
        return True

    won = _together(promote)
    assert sorted(won) == [False, False, False, True]
    kept = [one.model_version for one in ledger.promotions.all()]
    assert kept == [won.index(True)] + ([previous] if previous is not None else [])
    promoted = [ledger.runs.get(lease.run_id).status for lease in leases].count("promoted")
    assert promoted == 1


def test_of_a_verdict_and_a_hand_at_once_one_is_kept(ledger: Ledger) -> None:
    lease = _leased_for_promote(ledger, 1)

    def change(number: int) -> bool:
        if number:
            return bool(ledger.promotions.record_manual(7, None, "ana", "by hand", mirrored=True))
        try:
            ledger.runs.finish(lease, RunStatus.PROMOTED, promotion=_promotion(1, None))
        except ChampionChanged:
            return False
        return True

    assert sorted(_together(change)) == [False, False, False, True]
    assert len(ledger.promotions.all()) == 1


def test_a_due_task_is_sent_by_one_sweep_only(ledger: Ledger) -> None:
    ledger.intake.record([UploadEvent("ventas", "ventas.csv", f"v{number}", "e", 1) for number in range(50)])
    taken = _together(lambda _: ledger.runs.take_due(timedelta(hours=1)))
    due = [run_id for some in taken for run_id, _ in some]
    assert (len(due), len(set(due))) == (50, 50)


def test_one_sweep_lists_at_a_time(ledger: Ledger) -> None:
    tokens = _together(lambda _: ledger.sweeps.begin())
    (token,) = [one for one in tokens if one]
    assert ledger.sweeps.renew(token)
    ledger.sweeps.finish(token, listed=3, found=1)
    assert ledger.sweeps.begin() is not None, "the next one may"


def test_a_sweep_that_was_killed_is_followed_by_the_next(ledger: Ledger) -> None:
    dead = Sweeps(ledger.database, lease_seconds=-1).begin()
    alive = ledger.sweeps.begin()
    assert alive is not None
    assert not ledger.sweeps.renew(dead)
    ledger.sweeps.finish(dead, listed=99, found=99)
    assert ledger.sweeps.last().finished_at is None, "the dead one changes nothing"


def test_how_the_last_sweep_ended_can_be_asked(ledger: Ledger) -> None:
    assert ledger.sweeps.last() is None
    ledger.sweeps.finish(ledger.sweeps.begin(), listed=5, found=2)
    first = ledger.sweeps.last()
    assert (first.listed, first.found, first.problem) == (5, 2, None)
    ledger.sweeps.break_off(ledger.sweeps.begin(), "MinIO does not answer")
    last = ledger.sweeps.last()
    assert (last.finished_at, last.problem) == (first.finished_at, "MinIO does not answer")


def test_two_migrations_at_once(unmigrated) -> None:
    _together(lambda _: upgrade(unmigrated))
    ledger = Ledger(unmigrated)
    assert ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v", "e", 1)])[0].outcome == "recorded"
    ledger.close()
