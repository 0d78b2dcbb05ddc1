"""The migrations make the schema that the code works with, forwards and backwards, with rows in it."""

from datetime import UTC, date, datetime

import pytest
from alembic import command
from ledger_databases import ON_BOTH
from sqlalchemy import inspect

from ventas.errors import LedgerUnavailable
from ventas.ledger import Database, Ledger, Run, UploadEvent
from ventas.ledger.migrate import configuration, upgrade
from ventas.ledger.predictions import NewPrediction
from ventas.states import RunStatus, Step

pytestmark = ON_BOTH


def test_the_migrations_make_the_schema_of_the_code(ledger: Ledger) -> None:
    with ledger.database.write() as session:
        command.check(configuration(session.connection()))


def test_migrating_again_changes_nothing(settings, ledger: Ledger) -> None:
    ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v", "e", 1)])
    upgrade(settings)
    assert ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v", "e", 1)])[0].outcome == "duplicate"


def test_old_predictions_tell_whether_their_date_was_assumed(settings, ledger: Ledger) -> None:
    noon, day = datetime(2026, 11, 23, 12, tzinfo=UTC), date(2026, 11, 30)
    inputs = [{"Festivo": 0}, {"Festivo": 0, "Fecha": None}, {"Festivo": 0, "Fecha": "2026-11-30"}]
    ids = ledger.predictions.add([NewPrediction(noon, 1, day, given, 1.5) for given in inputs])
    with ledger.database.write() as session:
        command.downgrade(configuration(session.connection()), "0002")
    upgrade(settings)
    found = [ledger.history.get(number).prediction for number in ids]
    assert [row.date_assumed for row in found] == [True, True, False]
    assert [(row.prediction, row.series, row.low) for row in found] == [(1.5, "", None)] * 3
    assert ledger.predictions.add([NewPrediction(noon, 1, day, {}, 1.5)])[0] > ids[-1], "ids only grow"


def test_rows_survive_a_step_back_and_forth(settings, ledger: Ledger) -> None:
    (recorded,) = ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v", "e", 1)])
    lease = ledger.runs.acquire(recorded.run_id, Step.ETL, "w")
    ledger.runs.finish(lease, RunStatus.RETRAIN, quality={"rows_in": 3, "warnings": ["día"]})
    with ledger.database.write() as session:
        command.downgrade(configuration(session.connection()), "0001")
    upgrade(settings)
    run = ledger.runs.get(recorded.run_id)
    assert (run.status, run.quality, run.superseded_by) == (
        "retrain",
        {"rows_in": 3, "warnings": ["día"]},
        None,
    )
    assert run.kind == "sales", "there was no other kind before"
    assert run.dataset_at is not None, "what had passed etl before has a dataset"
    assert [step.outcome for step in ledger.runs.attempts(run.id)] == ["ok"]


def test_all_the_way_back_leaves_no_table(ledger: Ledger) -> None:
    with ledger.database.write() as session:
        command.downgrade(configuration(session.connection()), "base")
        left = set(inspect(session.connection()).get_table_names())
    assert left <= {"alembic_version", "sqlite_sequence"}


@pytest.mark.parametrize("text", ["NUL \0 inside", "🎉 ñandú ‮", "x" * 100_000])
def test_any_text_can_be_kept(ledger: Ledger, text: str) -> None:
    """A reason quotes what was in a file; PostgreSQL itself refuses NUL."""
    (recorded,) = ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v", "e", 1)])
    lease = ledger.runs.acquire(recorded.run_id, Step.ETL, "w")
    ledger.runs.finish(lease, RunStatus.REJECTED, reason=text, quality={"warnings": [text]})
    run = ledger.runs.get(recorded.run_id)
    assert run.reason == text.replace("\0", "\ufffd")
    assert run.quality == {"warnings": [text]}


def test_a_hung_lock_is_given_up(settings, ledger: Ledger) -> None:
    """Another process that holds the row for too long is an outage like any other, not a hang."""
    (recorded,) = ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v", "e", 1)])
    impatient = Ledger(settings, lock_timeout_seconds=0.2)
    with ledger.database.write() as session:
        session.get(Run, recorded.run_id, with_for_update=True)
        with pytest.raises(LedgerUnavailable, match="does not answer"):
            impatient.runs.acquire(recorded.run_id, Step.ETL, "w")
    assert impatient.runs.acquire(recorded.run_id, Step.ETL, "w") is not None
    impatient.close()


def test_a_closed_database_opens_again(settings, ledger: Ledger) -> None:
    database = Database(settings.database_url)
    for _ in range(2):
        with database.read() as session:
            assert session.get(Run, "none") is None
        database.close()
