"""One row per upload, whatever is delivered how often."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from ledger_databases import ON_BOTH

from ventas.errors import LedgerUnavailable
from ventas.ledger import Ledger, UploadEvent
from ventas.ledger.queries import EventFilter, RunFilter

pytestmark = ON_BOTH


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
    assert ledger.queries.events(EventFilter(), 0, 10)[1] == 3


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
    known = {("ventas", "ventas.csv", "v1", ""), ("ventas", "b_ventas.csv", "null", "x")}
    unknown = {
        ("ventas", "ventas.csv", "v2", ""),
        ("ventas", "c_ventas.csv", "v1", ""),
        ("otro", "x", "v1", ""),
    }
    assert ledger.intake.known([*known, *unknown]) == known


def test_many_deliveries_of_one_upload_at_once_start_one_run(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: ledger.intake.record([_event()])[0].outcome, range(24)))
    assert sorted(outcomes) == ["duplicate"] * 23 + ["recorded"]


def test_deliveries_of_the_same_uploads_in_any_order_at_once(ledger: Ledger) -> None:
    """Batches that overlap wait for each other, they neither lock each other out nor make a run twice."""
    uploads = [_event(version_id=f"v{number}") for number in range(40)]
    orders = [uploads, uploads[::-1], uploads[20:] + uploads[:20]] * 4
    with ThreadPoolExecutor(6) as pool:
        outcomes = [one.outcome for answer in pool.map(ledger.intake.record, orders) for one in answer]
    assert (outcomes.count("recorded"), outcomes.count("duplicate")) == (40, 440)
    assert len(_runs(ledger)) == 40
    assert ledger.queries.events(EventFilter(), 0, 1)[1] == 480


def test_runs_of_one_delivery_are_numbered_in_its_order(ledger: Ledger) -> None:
    recorded = ledger.intake.record([_event(key="z_ventas.csv"), _event(key="a_ventas.csv")])
    assert [run.key for run in _runs(ledger)] == ["a_ventas.csv", "z_ventas.csv"], "newest first"
    assert recorded[0].run_id < recorded[1].run_id


@pytest.mark.parametrize(
    "key", ["a\0ventas.csv", "línea\n\t\x1bventas.csv", "../../etc/ventas.csv", "' OR 1=1 --"]
)
def test_a_key_is_data_whatever_is_in_it(ledger: Ledger, key: str) -> None:
    outcomes = [ledger.intake.record([_event(key=key)])[0].outcome for _ in range(2)]
    assert outcomes == ["recorded", "duplicate"]
    (run,) = _runs(ledger)
    assert run.key == key.replace("\0", "\ufffd")


def test_a_database_without_tables_says_so(unmigrated) -> None:
    with (
        pytest.raises(LedgerUnavailable, match=r"no such table|not made yet"),
        closing(Ledger(unmigrated)) as ledger,
    ):
        ledger.intake.record([_event()])


def test_a_database_that_is_not_there_says_so(settings, tmp_path) -> None:
    (tmp_path / "folder.db").mkdir()
    ledger = Ledger(settings.model_copy(update={"DATABASE_URL": f"sqlite:///{tmp_path / 'folder.db'}"}))
    with pytest.raises(LedgerUnavailable, match="does not answer"):
        ledger.intake.record([_event()])
