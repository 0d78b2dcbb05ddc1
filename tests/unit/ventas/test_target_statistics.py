"""The means are those of a slow reference in plain Python, and tell nothing of later days."""

from collections.abc import Callable, Iterable
from math import inf, isnan, log1p

import numpy as np
import pytest

from ventas.target_statistics import (
    BLOCK_DAYS,
    HALF_LIVES,
    HORIZON_SHARE,
    NAMES,
    PRIOR,
    WARM_UP_DAYS,
    Rows,
    TargetStatistics,
)

Row = tuple[float, float, float, float, float, float]  # day, series, weekday, promotion, holiday, sales


def _table(days: int, series: int, seed: int = 3) -> list[Row]:
    random = np.random.default_rng(seed)
    return [
        (
            *(19_000.0 + day, float(one), day % 7 + 1.0, float(random.random() < 0.3)),
            *(float(random.random() < 0.1), float(random.uniform(50, 500) * (one + 1))),
        )
        for day in range(days)
        for one in range(series)
    ]


def _rows(table: Iterable[Row]) -> tuple[Rows, np.ndarray]:
    columns = np.array(list(table)).T
    return Rows(*columns[:5]), columns[5]


def _day_type(row: Row) -> float:
    return 8 if row[4] else row[2]


def _reference(history: list[Row], asked: Row, half_life: float, until: float) -> dict[str, float]:
    """The level, promotion, day type and cell means of `asked`, and the cell's over all series."""

    def total(wanted: Callable[[Row], bool]) -> tuple[float, float]:
        chosen = [row for row in history if wanted(row)]
        weights = [0.5 ** ((until - row[0]) / half_life) for row in chosen]
        return sum(weights), sum(weight * row[5] for weight, row in zip(weights, chosen, strict=True))

    def drawn(wanted: Callable[[Row], bool], towards: float) -> float:
        weight, sales = total(wanted)
        return (sales + PRIOR * towards) / (weight + PRIOR)

    weight, sales = total(lambda row: True)
    overall = sales / weight
    own = drawn(lambda row: row[1] == asked[1], overall)
    same = {
        "promotion": lambda row: row[3] == asked[3],
        "day_type": lambda row: _day_type(row) == _day_type(asked),
        "cell": lambda row: row[3] == asked[3] and _day_type(row) == _day_type(asked),
    }
    shapes = {name: drawn(alike, overall) for name, alike in same.items()}
    return {"level": own, "all stores": shapes["cell"]} | {
        name: drawn(lambda row, alike=alike: row[1] == asked[1] and alike(row), own * shapes[name] / overall)
        for name, alike in same.items()
    }


def _expected(history: list[Row], asked: Row, until: float) -> list[float]:
    short, middle, ever = (_reference(history, asked, half_life, until) for half_life in HALF_LIVES)
    base, level = log1p(middle["cell"]), log1p(middle["level"])
    found = [base, level - base, log1p(short["level"]) - level, log1p(ever["level"]) - level]
    found[1] = level
    for name in ("promotion", "day_type"):
        found += [log1p(one[name]) - base for one in (short, middle, ever)]
    return [*found, log1p(short["cell"]) - base, log1p(ever["cell"]) - base]


def test_the_means_are_those_of_the_reference() -> None:
    table = _table(100, 3)
    statistics = TargetStatistics(3).fit(*_rows(table))
    asked = [(19_110.0, one, weekday, 1.0, 0.0, 0.0) for one in (0.0, 2.0) for weekday in (1.0, 6.0)]
    asked += [(19_110.0, 1.0, 3.0, 0.0, 1.0, 0.0)]
    told = statistics.transform(_rows(asked)[0])
    for row, found in zip(asked, told, strict=True):
        assert found[:-1] == pytest.approx(_expected(table, row, 19_099.0), rel=1e-9)
    assert told[:, -1].tolist() == [11.0] * 5


def test_an_unknown_series_is_told_the_mean_of_all_and_nothing_else() -> None:
    table = _table(100, 3)
    told = (
        TargetStatistics(3).fit(*_rows(table)).transform(_rows([(19_110.0, np.nan, 2.0, 0.0, 0.0, 0.0)])[0])
    )
    expected = _reference(table, (19_110.0, -1.0, 2.0, 0.0, 0.0, 0.0), HALF_LIVES[1], 19_099.0)
    assert told[0, 0] == pytest.approx(log1p(expected["all stores"]))
    assert np.isnan(told[0, 1:-1]).all()


def test_rows_of_an_unknown_series_teach_the_shared_means_only() -> None:
    table = _table(100, 2)
    nameless = [(row[0], np.nan, *row[2:5], 9e6) for row in table]
    with_them = TargetStatistics(2).fit(*_rows([*table, *nameless]))
    without = TargetStatistics(2).fit(*_rows(table))
    own = slice(16, None)
    assert np.array_equal(with_them.sums_[own], without.sums_[own])
    assert with_them.sums_[:16].sum() > without.sums_[:16].sum()


def test_a_row_of_training_sees_exactly_the_days_before_its_block_and_lag() -> None:
    table = _table(40 * 7, 2)
    rows, sales = _rows(table)
    told = TargetStatistics(2, seed=5).chained(rows, sales, rows)
    warm = rows.day - 19_000 < WARM_UP_DAYS
    assert np.isnan(told[warm]).all()
    assert np.isfinite(told[~warm]).all()
    for place in range(WARM_UP_DAYS * 2, len(table), 37):
        row, known_until = table[place], table[place][0] - told[place, -1]
        assert known_until < 19_000 + (row[0] - 19_000) // BLOCK_DAYS * BLOCK_DAYS
        history = [one for one in table if one[0] <= known_until]
        assert told[place, :-1] == pytest.approx(_expected(history, row, known_until), rel=1e-7)


def test_how_old_a_row_s_means_are_is_at_most_the_share_of_a_test_and_often_new() -> None:
    rows, sales = _rows(_table(700, 1))
    staleness = TargetStatistics(1).chained(rows, sales, rows)[:, -1]
    known = staleness[np.isfinite(staleness)]
    assert known.min() == 1
    assert HORIZON_SHARE * 700 - BLOCK_DAYS < known.max() <= HORIZON_SHARE * 700 + BLOCK_DAYS
    assert 0.4 < (known <= BLOCK_DAYS).mean() < 0.9


@pytest.mark.parametrize("seed", [1, 2])
def test_later_sales_change_nothing_of_earlier_rows(seed: int) -> None:
    table = _table(300, 2)
    rows, sales = _rows(table)
    later = rows.day >= 19_200
    other = np.where(later, sales * 7 + 1e6, sales)
    first, second = (TargetStatistics(2, seed).chained(rows, one, rows) for one in (sales, other))
    assert np.array_equal(first[~later], second[~later], equal_nan=True)
    assert not np.array_equal(first[later], second[later], equal_nan=True)


def test_hidden_dates_and_series_hide_what_they_would_tell() -> None:
    rows, sales = _rows(_table(200, 2))
    hidden = Rows(np.full(400, np.nan), rows.series, rows.weekday, rows.promotion, rows.holiday)
    told = TargetStatistics(2).chained(rows, sales, hidden)[-10:]
    assert np.isnan(told[:, -1]).all()
    assert np.isfinite(told[:, :-1]).all()
    nameless = Rows(rows.day, np.full(400, np.nan), rows.weekday, rows.promotion, rows.holiday)
    told = TargetStatistics(2).chained(rows, sales, nameless)[-10:]
    assert np.isnan(told[:, 1:-1]).all()
    assert np.isfinite(told[:, [0, -1]]).all()


def test_nothing_sold_and_few_days_give_finite_means() -> None:
    rows, _ = _rows(_table(3, 2))
    told = TargetStatistics(2).fit(rows, np.zeros(6)).transform(rows)
    assert np.isfinite(told).all()
    assert told[:, NAMES.index("log_base")].tolist() == [0.0] * 6
    assert np.isnan(TargetStatistics(2).chained(rows, np.zeros(6), rows)).all()


def test_half_lives_are_those_that_the_names_say() -> None:
    assert (60, 180, inf) == HALF_LIVES
    assert not any(isnan(value) for value in HALF_LIVES)
