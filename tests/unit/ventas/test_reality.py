"""What came true: which predictions count, what their errors are, and what a corrected upload changes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from ledger_databases import ON_BOTH
from reality_world import FIRST, SERIES, World, rows_of, sales

from ventas.ledger import Ledger
from ventas.ledger.outcomes import OutcomeFilter
from ventas.ledger.tables import Outcome

DAY = timedelta(days=1)


@pytest.fixture
def world(settings, ledger: Ledger) -> World:
    return World(settings, ledger)


@ON_BOTH
def test_a_prediction_that_came_true_has_its_errors(world: World) -> None:
    world.predict(FIRST, 90.0, low=80.0, high=105.0, coverage=0.8)
    world.predict(FIRST + DAY, 130.0, low=120.0, high=140.0, coverage=0.8)
    world.face(sales(10, 100.0))
    (live,) = world.live()
    assert (live.rows, live.mae, live.first, live.last) == (2, 20.0, FIRST, FIRST + DAY)
    assert live.rmse == pytest.approx(((10**2 + 30**2) / 2) ** 0.5)
    assert live.wape == pytest.approx(0.2)
    assert (live.coverage, live.intervals) == (0.5, 2)


@ON_BOTH
def test_errors_are_told_by_week_and_month_in_order(world: World) -> None:
    for number in range(40):
        world.predict(FIRST + number * DAY, 90.0)
    world.face(sales(40, 100.0))
    weeks, months = (world.ledger.outcomes.errors(OutcomeFilter(), segment) for segment in ("week", "month"))
    mondays = [FIRST - FIRST.weekday() * DAY + week * 7 * DAY for week in range(7)]
    assert [one.segment for one in weeks] == [str(day) for day in mondays if day < FIRST + 40 * DAY]
    assert [one.segment for one in months] == sorted({f"{FIRST + n * DAY:%Y-%m}" for n in range(40)})
    assert sum(one.rows for one in weeks) == sum(one.rows for one in months) == 40


def test_without_intervals_and_sales_shares_are_unknown(world: World) -> None:
    world.predict(FIRST)
    world.face(sales(3, 0.0))
    (live,) = world.live()
    assert (live.wape, live.coverage, live.intervals) == (None, None, 0)


COUNT: list[dict[str, object]] = [
    {},
    {"created_at": datetime(2026, 11, 2, 2, 59, tzinfo=UTC)},  # before midnight in Buenos Aires
]
DO_NOT_COUNT: list[dict[str, object]] = [
    {"created_at": datetime(2026, 11, 2, 3, 0, tzinfo=UTC)},
    {"created_at": datetime(2026, 12, 1, tzinfo=UTC)},
    {"date_assumed": True},
    {"promotion": 1},
    {"holiday": 1},
    {"series": "17"},
    {"date": FIRST - DAY},  # the upload says nothing of that day
    {"date": None},
]


@ON_BOTH
def test_only_what_was_forecast_in_time_for_what_then_happened_counts(world: World) -> None:
    """Each case is a version of its own."""
    for version, changes in enumerate([*COUNT, *DO_NOT_COUNT]):
        world.predict(FIRST, model_version=version, **changes)
    world.face(sales(5))
    assert sorted(one.model_version for one in world.live()) == list(range(len(COUNT)))


def test_of_several_forecasts_of_a_version_the_latest_that_fits_counts(world: World) -> None:
    early = datetime(2026, 10, 1, tzinfo=UTC)
    world.predict(FIRST, 95.0, created_at=early + DAY)
    world.predict(FIRST, 50.0, created_at=early)  # written late, from the spool
    world.predict(FIRST, 10.0, promotion=1)
    world.predict(FIRST, 80.0, model_version=2)
    world.face(sales(5, 100.0))
    assert [(one.model_version, one.rows, one.mae) for one in world.live()] == [(2, 1, 20.0), (1, 1, 5.0)]


def test_series_are_told_apart_closed_days_and_doubtful_rows_do_not_count(world: World) -> None:
    shops = [sales(2, actual, Tienda=shop, Abierto=1.0) for shop, actual in ((1.0, 100.0), (2.0, 200.0))]
    closed = sales(2, 0.0, Tienda=3.0, Abierto=0.0)
    twice = [sales(1, actual, Tienda=4.0, Abierto=1.0) for actual in (1.0, 2.0)]
    for shop in ("1", "2", "3", "4", ""):
        world.predict(FIRST, 110.0, series=shop)
    world.face(pd.concat([*shops, closed, *twice], ignore_index=True), roles=SERIES)
    assert {one.segment: one.mae for one in world.live("series")} == {"1": 10.0, "2": 90.0}


@ON_BOTH
def test_segments_and_filters_choose(world: World) -> None:
    world.predict_days(14)
    world.predict(FIRST + 14 * DAY, promotion=1)
    world.face(sales(15, Promociones=[0] * 14 + [1]))
    assert {one.segment: one.rows for one in world.live("weekday")} == {
        str(day): 2 for day in range(2, 8)
    } | {"1": 3}
    assert {one.segment: one.rows for one in world.live("promotion")} == {"0": 14, "1": 1}
    assert [one.rows for one in world.live(since=FIRST + DAY, until=FIRST + 2 * DAY)] == [2]
    assert world.live(model_version=9) == []


def test_the_shadow_is_kept_apart_and_the_verdicts_error_stands_beside(world: World) -> None:
    world.judged(1, 12.5, promoted=True)
    world.predict_days(3, 90.0)
    world.shadow_days(4, 97.0, version=2)
    world.face(sales(5, 100.0))
    found = [(one.model_version, one.shadow, one.rows, one.mae, one.verdict_rmse) for one in world.live()]
    assert found == [(2, True, 4, 3.0, None), (1, False, 3, 10.0, 12.5)]


@ON_BOTH
def test_doing_it_twice_changes_nothing(world: World) -> None:
    world.predict_days(5)
    run = world.face(sales(5))
    before = _stored(world)
    world.face(sales(5), run)
    assert _stored(world) == before


def test_a_corrected_upload_replaces_and_an_older_one_does_not(world: World) -> None:
    older, newer = world.upload(minutes=10), world.upload(minutes=20)
    world.predict_days(5)
    world.face(sales(5, 100.0), older)
    world.face(sales(3, 95.0), newer)
    assert [(one.rows, one.mae) for one in world.live()] == [(5, pytest.approx((3 * 5 + 2 * 10) / 5))]
    world.face(sales(5, 500.0), older)
    assert [one.mae for one in world.live()] == [pytest.approx((3 * 5 + 2 * 10) / 5)]


@ON_BOTH
def test_a_correction_of_a_flag_takes_an_outcome_away_and_lets_another_count(world: World) -> None:
    world.predict(FIRST, 90.0)
    world.predict(FIRST + DAY, 90.0)
    world.predict(FIRST, 99.0, promotion=1)
    world.face(sales(2, 100.0))
    world.face(sales(2, 100.0, Promociones=[1, 0], Abierto=[1, 0]), roles=SERIES)
    assert [(one.rows, one.mae) for one in world.live()] == [(1, 1.0)], "a closed day is no outcome any more"
    world.face(sales(2, 100.0, Promociones=[1, 1]))
    assert [(one.rows, one.first) for one in world.live()] == [(1, FIRST)]


@ON_BOTH
def test_two_uploads_at_once_leave_the_newer_ones_truth(world: World) -> None:
    runs = [world.upload(minutes=minutes) for minutes in range(1, 7)]
    world.predict_days(40)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda pair: world.face(sales(40, 100.0 + pair[0]), pair[1]), enumerate(runs)))
    assert [(one.rows, one.mae) for one in world.live()] == [(40, 15.0)]


def test_a_large_upload_is_joined_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ventas.ledger.outcomes.READ_ROWS", 7)
    monkeypatch.setattr("ventas.ledger.outcomes.WRITE_ROWS", 5)
    for _ in range(2):
        world.predict_days(40)
    world.face(sales(40))
    world.face(sales(40, 101.0))
    assert rows_of(world.live()) == {(1, False): 40}
    assert world.live()[0].mae == 11.0
    assert world.live(since=date(2027, 1, 1)) == []


def _stored(world: World) -> list[tuple[object, ...]]:
    with world.ledger.database.read() as session:
        rows = session.query(Outcome).order_by(Outcome.id)
        return [(row.id, row.prediction_id, row.date, row.actual, row.judged_at, row.run_id) for row in rows]
