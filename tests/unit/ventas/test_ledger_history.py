"""The history filtered, sorted and counted: what any reader of all rows would find, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from ledger_databases import ON_BOTH

from ventas.ledger import Ledger, UploadEvent, history
from ventas.ledger.history import Past
from ventas.ledger.history_filter import SORTS, HistoryFilter
from ventas.ledger.predictions import NewPrediction

pytestmark = ON_BOTH
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = date(2026, 11, 30)  # a Monday
ROWS = 60
JUDGED = range(1, ROWS, 4)


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """A history of 60 predictions, every fourth of which has an outcome."""
    ids = ledger.predictions.add([_prediction(number) for number in range(ROWS)])
    (upload,) = ledger.intake.record([UploadEvent("ventas", "ventas.csv", "v", "e", 1)])
    ledger.outcomes.write([_outcome(ids[number], number, str(upload.run_id)) for number in JUDGED])
    return ledger


def _prediction(number: int) -> NewPrediction:
    given = {"Promociones": int(number % 3 == 0), "Festivo": int(number % 10 == 0)}
    return NewPrediction(
        created_at=NOON + timedelta(minutes=number * 7 % 60),
        model_version=1 + number // 25,
        date=FIRST + timedelta(days=number),
        input_data=given,
        prediction=1000.0 + number * 37 % 101,
        series="17" if number % 2 else "",
    )


def _outcome(prediction_id: int, number: int, run_id: str) -> dict[str, Any]:
    made = _prediction(number)
    told = {name: getattr(made, name) for name in ("model_version", "series", "date", "prediction")}
    flags = {"promotion": int(number % 3 == 0), "holiday": int(number % 10 == 0)}
    known = {"weekday": made.date.isoweekday() if made.date else 0, "low": None, "high": None}
    sold = {"actual": made.prediction + (number - 30), "prediction_id": prediction_id, "shadow": False}
    upload = {"run_id": run_id, "uploaded_at": NOON, "version_id": "v", "judged_at": NOON}
    return told | flags | known | sold | upload


def numbers(found: list[Past]) -> list[int]:
    return [past.prediction.id for past in found]


CASES: list[tuple[HistoryFilter, Callable[[int, NewPrediction], bool]]] = [
    (HistoryFilter(), lambda _n, _p: True),
    (HistoryFilter(model_version=2), lambda _n, p: p.model_version == 2),
    (
        HistoryFilter(since=FIRST + timedelta(days=10), until=FIRST + timedelta(days=12)),
        lambda n, _p: 10 <= n <= 12,
    ),
    (
        HistoryFilter(asked_since=NOON + timedelta(minutes=5), asked_until=NOON + timedelta(minutes=30)),
        lambda _n, p: 5 <= (p.created_at - NOON) / timedelta(minutes=1) <= 30,
    ),
    (HistoryFilter(promotion=1, holiday=0), lambda n, _p: n % 3 == 0 and n % 10 != 0),
    (HistoryFilter(weekday=7), lambda n, _p: n % 7 == 6),
    (HistoryFilter(weekday=1, series=""), lambda n, _p: n % 14 == 0),
    (HistoryFilter(first_id=20, last_id=29), lambda n, _p: 19 <= n <= 28),
    (HistoryFilter(has_actual=True), lambda n, _p: n in JUDGED),
    (HistoryFilter(has_actual=False), lambda n, _p: n not in JUDGED),
    (
        HistoryFilter(has_actual=True, promotion=1, asked_since=NOON + timedelta(minutes=9), weekday=3),
        lambda n, p: (
            n in JUDGED and n % 3 == 0 and n % 7 == 2 and p.created_at >= NOON + timedelta(minutes=9)
        ),
    ),
    (HistoryFilter(model_version=9), lambda _n, _p: False),
]


@pytest.mark.parametrize("recent", [5, 20_000], ids=["old rows too", "recent rows"])
def test_a_filter_finds_what_fits_and_counts_it(
    filled: Ledger, monkeypatch: pytest.MonkeyPatch, recent: int
) -> None:
    monkeypatch.setattr(history, "RECENT_IDS", recent)
    for wanted, fits in CASES:
        expected = [n + 1 for n in reversed(range(ROWS)) if fits(n, _prediction(n))]
        for skip in (0, 2, 40):
            found, total = filled.history.page(skip, 7, wanted)
            assert (numbers(found), total) == (expected[skip : skip + 7], len(expected)), (wanted, skip)


def test_every_order_is_complete_the_same_from_both_ends_and_turned_by_a_minus(filled: Ledger) -> None:
    for sort in SORTS:
        total = filled.history.page(0, 1, sort=sort)[1]  # type: ignore[arg-type]
        assert total == (len(JUDGED) if sort.endswith("error") else ROWS)
        pages = [filled.history.page(skip, 7, sort=sort)[0] for skip in range(0, total, 7)]  # type: ignore[arg-type]
        listed = [past for page in pages for past in page]
        values = [_value(past, sort.removeprefix("-")) for past in listed]
        assert values == sorted(values, reverse=sort.startswith("-")), sort
        assert len(set(numbers(listed))) == total, sort


def _value(past: Past, name: str) -> Any:
    row, outcome = past
    if name == "error":
        return abs(row.prediction - outcome.actual) if outcome else None
    return getattr(row, {"timestamp": "created_at", "Fecha": "date"}.get(name, name))


def test_a_row_comes_with_the_outcome_of_its_version_day_and_series(filled: Ledger) -> None:
    later = replace(_prediction(1), created_at=NOON + timedelta(days=1))
    (again,) = filled.predictions.add([later])
    known, other = filled.history.get(2), filled.history.get(again)
    assert known is not None
    assert other is not None
    assert known.outcome is not None
    assert known.outcome.actual == known.prediction.prediction - 29
    assert other.outcome is not None
    assert other.outcome.prediction_id == 2, "it does not count itself"
    unjudged = filled.history.get(3)
    assert unjudged is not None
    assert unjudged.outcome is None


def test_a_total_grows_with_the_history_and_with_what_comes_true(filled: Ledger) -> None:
    promoted, judged = HistoryFilter(promotion=1), HistoryFilter(has_actual=True)
    before = [filled.history.page(0, 1, wanted)[1] for wanted in (HistoryFilter(), promoted, judged)]
    filled.predictions.add([_prediction(number) for number in (60, 61, 63)])
    after = [filled.history.page(0, 1, wanted)[1] for wanted in (HistoryFilter(), promoted, judged)]
    assert (before, after) == ([60, 20, 15], [63, 22, 15])


def test_all_rows_come_in_parts_newest_first(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "EXPORT_ROWS", 8)
    parts = list(filled.history.all(HistoryFilter(promotion=1)))
    assert [len(part) for part in parts] == [8, 8, 4]
    assert [n for part in parts for n in numbers(list(part))] == [n + 1 for n in range(57, -1, -3)]
    assert list(filled.history.all(HistoryFilter(model_version=9))) == []


def test_an_id_that_is_missing_moves_no_page(filled: Ledger) -> None:
    with filled.database.write() as session:
        session.delete(session.merge(filled.history.get(59).prediction))  # type: ignore[union-attr]
    fresh = history.History(filled.database)
    assert (numbers(fresh.page(0, 3)[0]), fresh.page(0, 3)[1]) == ([60, 58, 57], 59)
    assert numbers(fresh.page(56, 3)[0]) == [3, 2, 1]
