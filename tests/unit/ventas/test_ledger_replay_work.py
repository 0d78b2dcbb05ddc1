"""A replay that was asked for: one at a time for a run, leased, and never at work for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from ledger_databases import ON_BOTH

from ventas.errors import Conflict, LeaseLost, NotFound
from ventas.ledger import Ledger, Run, UploadEvent
from ventas.ledger.replay_work import ReplayWork

pytestmark = ON_BOTH
LATER = timedelta(minutes=5)


def past(ledger: Ledger, status: str, key: str = "ventas.csv") -> str:
    """A run that ended so."""
    (recorded,) = ledger.intake.record([UploadEvent("ventas", key, "v1", "e", 1)])
    with ledger.database.write() as session:
        session.get_one(Run, recorded.run_id).status = status
    return str(recorded.run_id)


@pytest.fixture
def replay_id(ledger: Ledger) -> str:
    return ledger.replay_work.ask(past(ledger, "promoted"), "Ana")[0].id


@pytest.fixture
def dying(ledger: Ledger) -> ReplayWork:
    """Leases run out as soon as they are taken, as if their worker had died."""
    return ReplayWork(ledger.database, lease_seconds=-1)


def test_all_who_ask_at_once_get_one_replay(ledger: Ledger) -> None:
    run_id = past(ledger, "not_promoted")
    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(lambda n: ledger.replay_work.ask(run_id, f"a{n}"), range(8)))
    assert len({replay.id for replay, _ in asked}) == 1
    assert sum(new for _, new in asked) == 1


def test_another_one_can_be_asked_for_when_it_has_ended(ledger: Ledger, replay_id: str) -> None:
    work = ledger.replay_work
    lease = work.acquire(replay_id)
    assert work.ask(lease.run_id, "Eva")[1] is False
    work.finish(lease, [{"same": True}])
    second, new = work.ask(lease.run_id, "Eva")
    assert (new, second.actor, second.result) == (True, "Eva", None)
    assert work.latest(lease.run_id).id == second.id


@pytest.mark.parametrize(
    ("status", "key"),
    [
        ("retrain", "ventas.csv"),
        ("failed", "ventas.csv"),
        ("completed", "pronosticos/entrada/x.csv"),
        ("rejected", "pronosticos/entrada/x.csv"),
    ],
)
def test_only_what_was_judged_can_be_judged_anew(ledger: Ledger, status: str, key: str) -> None:
    run_id = past(ledger, status, key)
    with pytest.raises(Conflict, match=f"is {status}; only an upload of sales"):
        ledger.replay_work.ask(run_id, "Ana")
    assert ledger.replay_work.latest(run_id) is None
    with pytest.raises(NotFound):
        ledger.replay_work.ask("none", "Ana")


def test_its_progress_and_its_result_are_kept(ledger: Ledger, replay_id: str) -> None:
    lease = ledger.replay_work.acquire(replay_id)
    assert ledger.replay_work.acquire(replay_id) is None, "leased to one worker only"
    ledger.replay_work.progress(lease, 1.5, 3)
    now = ledger.replay_work.latest(lease.run_id)
    assert (now.status, now.progress_done, now.progress_total, now.finished_at) == ("running", 1.5, 3, None)
    ledger.replay_work.finish(lease, [{"key": "día.csv", "same": False}])
    ended = ledger.replay_work.latest(lease.run_id)
    assert (ended.status, ended.result) == ("done", [{"key": "día.csv", "same": False}])
    assert ended.finished_at is not None
    assert ledger.replay_work.acquire(replay_id) is None


def test_one_that_was_never_sent_is_due_and_one_that_was_sent_is_not(ledger: Ledger, replay_id: str) -> None:
    work = ledger.replay_work
    assert work.take_due(LATER) == [replay_id]
    assert work.take_due(LATER) == []
    work.unmark_enqueued([replay_id])
    assert work.take_due(LATER) == [replay_id]
    work.unmark_enqueued([replay_id])
    work.mark_enqueued(replay_id)
    assert work.take_due(LATER) == []
    assert work.take_due(timedelta(0)) == [replay_id], "sent, and lost with its broker"


def test_the_lease_of_a_dead_worker_is_taken_away(ledger: Ledger, dying: ReplayWork, replay_id: str) -> None:
    dead = dying.acquire(replay_id)
    assert ledger.replay_work.take_due(LATER) == [replay_id]
    assert ledger.replay_work.latest(dead.run_id).status == "waiting"
    alive = ledger.replay_work.acquire(replay_id)
    assert alive.attempt == 2
    for write in (
        lambda: dying.renew(dead),
        lambda: dying.progress(dead, 1, 2),
        lambda: dying.finish(dead, []),
        lambda: dying.fail(dead, "why"),
    ):
        with pytest.raises(LeaseLost):
            write()
    ledger.replay_work.finish(alive, [])
    assert ledger.replay_work.take_due(timedelta(0)) == []


def test_a_lease_that_is_renewed_is_not_taken_away(ledger: Ledger, dying: ReplayWork, replay_id: str) -> None:
    lease = dying.acquire(replay_id)
    ledger.replay_work.renew(lease)
    assert ledger.replay_work.take_due(timedelta(0)) == []
