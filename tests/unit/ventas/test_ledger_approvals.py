"""Held promotions: which ones wait, and that each happens once at most."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from ledger_databases import ON_BOTH

from ventas.errors import Conflict
from ventas.ledger import Ledger, Promotion, Run, UploadEvent

pytestmark = ON_BOTH
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def _held(
    ledger: Ledger, version: int, judged_against: int | None, *, held: bool = True, hours: int = 0
) -> str:
    """A run whose verdict on `version` is held, of an upload some hours after Monday."""
    (recorded,) = ledger.intake.record([UploadEvent("ventas", f"{version}-ventas.csv", "v1", "e", 1)])
    with ledger.database.write() as session:
        run = session.get_one(Run, recorded.run_id)
        run.status, run.model_version, run.reason = "not_promoted", version, "Held for approval."
        run.uploaded_at = MONDAY + timedelta(hours=hours)
        run.verdict = {"promoted": False, "held": held, "champion_version": judged_against}
    return str(recorded.run_id)


def _champion(ledger: Ledger, version: int, hours: int = 0) -> None:
    with ledger.database.write() as session:
        session.add(
            Promotion(
                created_at=MONDAY, model_version=version, uploaded_at=MONDAY + timedelta(hours=hours),
                source="verdict", actor="pipeline", reason="Better.",
            )
        )  # fmt: skip


def test_only_what_is_held_against_the_present_champion_waits(ledger: Ledger) -> None:
    _champion(ledger, 1)
    _held(ledger, 2, judged_against=1)
    _held(ledger, 3, judged_against=1, held=False)
    _held(ledger, 4, judged_against=9)
    _held(ledger, 5, judged_against=1, hours=-1)
    _held(ledger, 6, judged_against=None)
    assert ledger.approvals.waiting() == {2}


def test_before_the_first_champion_the_first_model_waits(ledger: Ledger) -> None:
    _held(ledger, 1, judged_against=None)
    assert ledger.approvals.waiting() == {1}
    assert ledger.approvals.approve(1, "ana", "Go.").previous_version is None


def test_runs_without_a_verdict_or_with_an_old_one_do_not_wait(ledger: Ledger) -> None:
    for version, verdict in ((1, None), (2, {"promoted": False})):
        run_id = _held(ledger, version, None)
        with ledger.database.write() as session:
            session.get_one(Run, run_id).verdict = verdict
    assert ledger.approvals.waiting() == frozenset()


def test_an_approval_keeps_who_when_and_why_with_the_run(ledger: Ledger) -> None:
    run_id = _held(ledger, 1, None)
    ledger.approvals.approve(1, "ana", "The board wants it.")
    run = ledger.runs.get(run_id)
    assert (run.status, run.reason) == ("promoted", "Held for approval. Approved by ana: The board wants it.")
    approved = run.verdict["approved"]
    assert (approved["actor"], approved["reason"]) == ("ana", "The board wants it.")
    assert datetime.fromisoformat(approved["at"]) == ledger.promotions.head().created_at


@pytest.mark.parametrize(
    ("version", "says"),
    [(3, "does not wait"), (4, "judged against champion version 9; now there is champion version 1"),
     (5, "older than that of champion version 1"), (6, "judged against no champion"), (99, "does not wait")],
)  # fmt: skip
def test_what_cannot_be_approved_is_told_and_changes_nothing(ledger: Ledger, version: int, says: str) -> None:
    _champion(ledger, 1)
    _held(ledger, 3, judged_against=1, held=False)
    _held(ledger, 4, judged_against=9)
    _held(ledger, 5, judged_against=1, hours=-1)
    _held(ledger, 6, judged_against=None)
    for ask in (ledger.approvals.require, lambda one: ledger.approvals.approve(one, "ana", "Go.")):
        with pytest.raises(Conflict, match=says):
            ask(version)
    assert [one.model_version for one in ledger.promotions.all()] == [1]


def test_of_many_who_approve_at_once_one_does(ledger: Ledger) -> None:
    _champion(ledger, 1)
    for version in (2, 3):
        _held(ledger, version, judged_against=1)

    def approve(number: int) -> int:
        try:
            return ledger.approvals.approve(2 + number % 2, "ana", "Go.").model_version
        except Conflict:
            return 0

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(approve, range(6)))
    assert len([version for version in done if version]) == 1
    assert len(ledger.promotions.all()) == 2
