"""The quick way into history and runs: the same rows as by the plain way, at once or not at all."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from ledger_databases import ON_BOTH
from sqlalchemy import text

from ventas.ledger import Ledger, UploadEvent
from ventas.ledger.predictions import NewPrediction
from ventas.ledger.queries import EventFilter, RunFilter
from ventas.ledger.quick import Busy

NOON = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=UTC)
PLAIN = NewPrediction(NOON, 2, date(2026, 11, 30), {"DíaDeLaSemana": 1, "Tienda": "Ñuñoa"}, 0.1 + 0.2)
UPLOAD = UploadEvent("ventas", "ventas.csv", "v1", "e", 9000)
ROWS = [
    PLAIN,
    replace(PLAIN, series="Ñ\0-17", low=1500.1, high=1700.3, coverage=0.8, date_assumed=True),
    replace(PLAIN, date=None, input_data={}, created_at=NOON.replace(microsecond=0)),
    replace(
        PLAIN, created_at=NOON.astimezone(timezone(timedelta(hours=-3))), input_data={"a": [1.5, None, True]}
    ),
]


def stored(ledger: Ledger) -> list[tuple]:
    """All that the database keeps of each row, as it keeps it; without the ids."""
    with ledger.database.read() as session:
        return [tuple(row)[1:] for row in session.execute(text("SELECT * FROM predictions ORDER BY id"))]


def test_rows_are_kept_as_the_plain_way_keeps_them(ledger: Ledger) -> None:
    ledger.predictions.add(ROWS)
    ledger.predictions.add_at_once(ROWS)
    kept = stored(ledger)
    assert kept[: len(ROWS)] == kept[len(ROWS) :]


def test_ids_come_in_order_whichever_way_rows_come_in(ledger: Ledger) -> None:
    first = ledger.predictions.add_at_once([replace(PLAIN, prediction=float(at)) for at in range(5)])
    (second,) = ledger.predictions.add([PLAIN])
    third = ledger.predictions.add_at_once([PLAIN, PLAIN])
    assert [*first, second, *third] == list(range(first[0], first[0] + 8))
    assert [ledger.history.get(number).prediction.prediction for number in first] == [0, 1, 2, 3, 4]


def test_a_locked_database_is_not_waited_for(ledger: Ledger, settings) -> None:
    ledger.predictions.add_at_once([PLAIN])
    other = Ledger(settings)
    with other.database.write() as session:
        session.connection()
        with pytest.raises(Busy):
            ledger.predictions.add_at_once([PLAIN])
    ledger.predictions.add_at_once([PLAIN])
    assert len(stored(ledger)) == 2
    other.close()


@ON_BOTH
def test_where_one_must_wait_anyway_it_says_so(ledger: Ledger, database: str) -> None:
    if database == "sqlite":
        assert ledger.predictions.add_at_once([PLAIN])
        assert ledger.intake.record_at_once([UPLOAD])
    else:
        with pytest.raises(Busy):
            ledger.predictions.add_at_once([PLAIN])
        with pytest.raises(Busy):
            ledger.intake.record_at_once([UPLOAD])
        ledger.predictions.checkpoint()
        ledger.intake.checkpoint()


def test_of_uploads_that_are_known_nothing_is_kept(ledger: Ledger) -> None:
    first, again = ledger.intake.record_at_once([UPLOAD, UPLOAD])
    known, other = ledger.intake.record_at_once([UPLOAD, replace(UPLOAD, version_id="v2")])
    assert [one and one.outcome for one in (first, again, known, other)] == [
        "recorded",
        None,
        None,
        "recorded",
    ]
    events, total = ledger.queries.events(EventFilter(), 0, 9)
    assert ([event.run_id for event in events], total) == ([other.run_id, first.run_id], 2)


def test_an_upload_that_sqlite_cannot_hold_leaves_nothing_of_its_group(ledger: Ledger) -> None:
    with pytest.raises(OverflowError):
        ledger.intake.record_at_once([UPLOAD, replace(UPLOAD, version_id="v2", size=2**64)])
    assert ledger.queries.runs(RunFilter(), 0, 9) == ([], 0)
    assert ledger.intake.record_at_once([UPLOAD])[0].outcome == "recorded"


def test_a_ledger_that_was_closed_is_opened_again(ledger: Ledger) -> None:
    (first,) = ledger.predictions.add_at_once([PLAIN])
    ledger.close()
    assert ledger.predictions.add_at_once([PLAIN]) == [first + 1]


def test_two_writers_lose_and_mix_up_nothing(ledger: Ledger, settings) -> None:
    ledgers = [ledger, Ledger(settings)]
    kept: list[dict[int, float]] = [{}, {}]

    def write(who: int) -> None:
        for turn in range(100):
            rows = [replace(PLAIN, prediction=float(1000 * who + turn))] * 3
            while True:
                try:
                    ids = ledgers[who].predictions.add_at_once(rows)
                except Busy:
                    continue
                kept[who] |= dict.fromkeys(ids, rows[0].prediction)
                break

    threads = [threading.Thread(target=write, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = kept[0] | kept[1]
    assert len(told) == 600
    assert {
        number: ledger.history.get(number).prediction.prediction for number in sorted(told)[::50]
    }.items() <= told.items()
    ledgers[1].close()


def test_what_was_written_quickly_comes_into_the_database_file(ledger: Ledger) -> None:
    path = Path(str(ledger.database.url.database))
    ledger.predictions.add_at_once([PLAIN])
    before = path.stat().st_size
    ledger.predictions.add_at_once([PLAIN] * 2000)
    assert path.stat().st_size == before, "left to be done"
    ledger.predictions.checkpoint()
    assert path.stat().st_size > before
