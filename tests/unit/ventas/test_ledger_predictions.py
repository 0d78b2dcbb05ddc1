"""The history of predictions: ids only grow, pages are newest first, values come back as they were."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from ledger_databases import ON_BOTH

from ventas.ledger import Ledger
from ventas.ledger.predictions import NewPrediction

pytestmark = ON_BOTH
NOON = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=UTC)


def _prediction(value: float = 1605.2, **changes: object) -> NewPrediction:
    given = {"created_at": NOON, "model_version": 2, "date": date(2026, 11, 30), "prediction": value}
    return NewPrediction(**({"input_data": {"DíaDeLaSemana": 1, "Tienda": "Ñuñoa"}} | given | changes))


def test_a_prediction_comes_back_as_it_was(ledger: Ledger) -> None:
    (number,) = ledger.predictions.add([_prediction(0.1 + 0.2)])
    kept = ledger.history.get(number).prediction
    assert (kept.prediction, kept.created_at, kept.date) == (0.1 + 0.2, NOON, date(2026, 11, 30))
    assert kept.input_data == {"DíaDeLaSemana": 1, "Tienda": "Ñuñoa"}


def test_interval_series_and_an_assumed_date_come_back_too(ledger: Ledger) -> None:
    told = {"series": "Ñ-17", "low": 1500.1, "high": 1700.3, "coverage": 0.8, "date_assumed": True}
    plain, full = ledger.predictions.add([_prediction(), _prediction(**told)])
    found = ledger.history.get(full).prediction
    assert {name: getattr(found, name) for name in told} == told
    found = ledger.history.get(plain).prediction
    assert (found.series, found.low, found.high, found.coverage, found.date_assumed) == (
        "",
        None,
        None,
        None,
        False,
    )


def test_ids_come_in_the_order_of_the_rows_and_grow(ledger: Ledger) -> None:
    first = ledger.predictions.add([_prediction(float(value)) for value in range(100)])
    assert first == sorted(first)
    assert [ledger.history.get(number).prediction.prediction for number in first[:3]] == [0, 1, 2]
    assert ledger.predictions.add([_prediction()])[0] > first[-1]


def test_pages_are_newest_first_and_count_all(ledger: Ledger) -> None:
    ledger.predictions.add([_prediction(float(value)) for value in range(7)])
    rows, total = ledger.history.page(skip=2, limit=3)
    assert ([past.prediction.prediction for past in rows], total) == ([4, 3, 2], 7)
    assert ledger.history.page(skip=2**62, limit=3) == ([], 7)
    assert ledger.history.get(2**62) is None


def test_many_writers_at_once_lose_nothing(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda value: ledger.predictions.add([_prediction(float(value))])[0], range(80)))
    assert len(set(ids)) == 80
    assert ledger.history.page(0, 1)[1] == 80


def test_a_moment_of_another_zone_is_kept_in_utc_and_one_without_is_refused(ledger: Ledger) -> None:
    local = NOON.astimezone(timezone(timedelta(hours=-3)))
    (number,) = ledger.predictions.add([_prediction(created_at=local)])
    assert ledger.history.get(number).prediction.created_at.isoformat() == "2026-11-30T12:00:00.123456+00:00"
    with pytest.raises(Exception, match="without a time zone"):
        ledger.predictions.add([_prediction(created_at=NOON.replace(tzinfo=None))])
