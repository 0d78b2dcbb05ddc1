"""One row per upload, whatever is delivered how often."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ventas.errors import LedgerUnavailable
from ventas.ledger import Ledger, UploadEvent
from ventas.ledger.queries import RunFilter


def _event(**changes: object) -> UploadEvent:
    given = {"bucket": "ventas", "key": "ventas.csv", "version_id": "v1", "etag": "e1", "size": 10}
    return UploadEvent(**(given | changes))


def _runs(ledger: Ledger) -> list:
    return ledger.queries.runs(RunFilter(), 0, 100)[0]


def test_an_upload_starts_one_run(ledger: Ledger) -> None:
    (recorded,) = ledger.intake.record([_event()])
    (run,) = _runs(ledger)
    assert recorded.outcome == "recorded"
    assert (run.id, run.status, run.key, run.version_id) == (recorded.run_id, "received", "ventas.csv", "v1")


def test_a_repeated_delivery_finds_its_run_and_is_kept_as_an_event(ledger: Ledger) -> None:
    first, second = ledger.intake.record([_event(), _event()])
    (third,) = ledger.intake.record([_event()])
    assert [first.outcome, second.outcome, third.outcome] == ["recorded", "duplicate", "duplicate"]
    assert first.run_id == second.run_id == third.run_id
    assert len(_runs(ledger)) == 1
    assert ledger.queries.events(0, 10)[1] == 3


def test_another_version_of_the_same_key_is_another_run(ledger: Ledger) -> None:
    ledger.intake.record([_event(), _event(version_id="v2")])
    assert {run.version_id for run in _runs(ledger)} == {"v1", "v2"}


def test_without_versioning_the_etag_tells_uploads_apart(ledger: Ledger) -> None:
    outcomes = ledger.intake.record(
        [
            _event(version_id="null", etag="a"),
            _event(version_id="null", etag="a"),
            _event(version_id="null", etag="b"),
        ]
    )
    assert [one.outcome for one in outcomes] == ["recorded", "duplicate", "recorded"]


def test_what_is_no_sales_upload_is_recorded_as_ignored_with_the_reason(ledger: Ledger) -> None:
    ledger.intake.record([_event(key="notes.txt", ignored_because="no sales file")])
    (run,) = _runs(ledger)
    assert (run.status, run.reason) == ("ignored", "no sales file")
    assert run.finished_at is not None


def test_what_the_pipeline_wrote_itself_starts_no_run(ledger: Ledger) -> None:
    (recorded,) = ledger.intake.record([_event(key="informes/x.md", ignored_because="own", own_output=True)])
    assert (recorded.run_id, recorded.outcome) == (None, "ignored")
    assert _runs(ledger) == []


def test_known_uploads_can_be_told_from_unknown_ones(ledger: Ledger) -> None:
    ledger.intake.record([_event(), _event(key="b_ventas.csv", version_id="null", etag="x")])
    assert ledger.intake.known("ventas", {"ventas.csv", "b_ventas.csv", "c_ventas.csv"}) == {
        ("ventas.csv", "v1", ""),
        ("b_ventas.csv", "null", "x"),
    }


def test_many_deliveries_of_one_upload_at_once_start_one_run(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: ledger.intake.record([_event()])[0].outcome, range(24)))
    assert sorted(outcomes) == ["duplicate"] * 23 + ["recorded"]


def test_a_database_that_is_not_there_says_so(settings, tmp_path) -> None:
    (tmp_path / "folder.db").mkdir()
    ledger = Ledger(settings.model_copy(update={"DATABASE_URL": f"sqlite:///{tmp_path / 'folder.db'}"}))
    with pytest.raises(LedgerUnavailable, match="does not answer"):
        ledger.intake.record([_event()])
