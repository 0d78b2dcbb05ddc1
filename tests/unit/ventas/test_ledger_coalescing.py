"""Which run is newer, and what a superseded one is linked to."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from ledger_databases import ON_BOTH

from ventas.ledger import Ledger, UploadEvent
from ventas.pipeline.coalescing import superseded
from ventas.states import RunStatus, Step

pytestmark = ON_BOTH
START = datetime(2026, 11, 1, tzinfo=UTC)
REACHED = {
    "received": [],
    "retrain": [RunStatus.RETRAIN],
    "not_promoted": [RunStatus.NOT_PROMOTED],
    "promote": [RunStatus.RETRAIN, RunStatus.PROMOTE],
    "promoted": [RunStatus.RETRAIN, RunStatus.PROMOTE, RunStatus.PROMOTED],
    "rejected": [RunStatus.REJECTED],
    "failed": [RunStatus.RETRAIN, RunStatus.FAILED],
    "superseded": [RunStatus.SUPERSEDED],
}


def upload(
    ledger: Ledger, second: int, status: str = "received", *, key: str = "ventas.csv", version: str = ""
) -> str:
    """The run of a version uploaded in that second, brought to `status`."""
    moment = START + timedelta(seconds=second)
    event = UploadEvent("ventas", key, version or f"v{second}", "e", 1, uploaded_at=moment)
    run_id = ledger.intake.record([event])[0].run_id
    for step, reached in zip(Step, REACHED[status], strict=False):
        ledger.runs.finish(ledger.runs.acquire(run_id, step, "w"), reached)
    return run_id


def outcome(ledger: Ledger, run_id: str):
    return superseded(SimpleNamespace(ledger=ledger), ledger.runs.get(run_id))


@pytest.mark.parametrize("status", ["retrain", "promote", "promoted", "not_promoted"])
def test_a_newer_version_that_passed_etl_supersedes(ledger: Ledger, status: str) -> None:
    old, newer = upload(ledger, 1), upload(ledger, 2, status)
    ended = outcome(ledger, old)
    assert (ended.status, ended.columns["superseded_by"]) == ("superseded", newer)
    assert newer in ended.columns["reason"]
    assert outcome(ledger, newer) is None


@pytest.mark.parametrize("status", ["received", "rejected", "failed", "superseded"])
def test_one_that_is_not_known_to_be_usable_swallows_nothing(ledger: Ledger, status: str) -> None:
    old = upload(ledger, 1)
    upload(ledger, 2, status)
    assert outcome(ledger, old) is None


def test_the_newest_is_named_not_the_next(ledger: Ledger) -> None:
    old = upload(ledger, 1)
    upload(ledger, 2, "retrain")
    newest = upload(ledger, 9, "retrain")
    upload(ledger, 3, "retrain")
    assert outcome(ledger, old).columns["superseded_by"] == newest


def test_other_keys_and_older_versions_do_not_count(ledger: Ledger) -> None:
    upload(ledger, 1, "retrain")
    run_id = upload(ledger, 5)
    upload(ledger, 9, "retrain", key="tienda/ventas.csv")
    assert outcome(ledger, run_id) is None


def test_the_version_id_decides_between_uploads_of_one_millisecond(ledger: Ledger) -> None:
    first = upload(ledger, 1, "retrain", version="a")
    second = upload(ledger, 1, "retrain", version="b")
    assert outcome(ledger, first).columns["superseded_by"] == second
    assert outcome(ledger, second) is None


def test_links_follow_to_the_newest(ledger: Ledger) -> None:
    first, second, third = (upload(ledger, second) for second in (1, 2, 3))
    runs = ledger.runs
    runs.finish(runs.acquire(first, Step.ETL, "w"), RunStatus.SUPERSEDED, superseded_by=second)
    runs.finish(runs.acquire(second, Step.ETL, "w"), RunStatus.SUPERSEDED, superseded_by=third)
    assert runs.get(first).superseded_by == third
    assert runs.get(second).superseded_by == third
    assert runs.get(third).superseded_by is None


def test_a_link_that_comes_late_names_the_newest_too(ledger: Ledger) -> None:
    first, second, third = (upload(ledger, second) for second in (1, 2, 3))
    runs = ledger.runs
    lease = runs.acquire(first, Step.ETL, "w")  # has seen the second as the newest, and ends after it
    runs.finish(runs.acquire(second, Step.ETL, "w"), RunStatus.SUPERSEDED, superseded_by=third)
    runs.finish(lease, RunStatus.SUPERSEDED, superseded_by=second)
    assert runs.get(first).superseded_by == third


def test_what_an_operator_starts_again_is_worked_on_whatever_is_newer(ledger: Ledger) -> None:
    old = upload(ledger, 1, "superseded")
    upload(ledger, 2, "promoted")
    ledger.replays.retry(old, "ana")
    assert outcome(ledger, old) is None
    ledger.runs.finish(ledger.runs.acquire(old, Step.ETL, "w"), RunStatus.RETRAIN)
    assert ledger.runs.get(old).superseded_by is None, "it is no longer superseded"


def test_the_latest_dataset_is_that_of_the_newest_upload_of_any_key(ledger: Ledger) -> None:
    assert ledger.runs.latest_dataset() is None
    made = {}
    for second, key in ((5, "b_ventas.csv"), (9, "a_ventas.csv"), (7, "c_ventas.csv")):
        run_id = upload(ledger, second, key=key)
        lease = ledger.runs.acquire(run_id, Step.ETL, "w")
        ledger.runs.note(lease, dataset_at=START)
        made[second] = run_id
    upload(ledger, 99, "rejected")
    assert ledger.runs.latest_dataset().id == made[9]
