"""A win must be more than luck: by days, in blocks of weeks, and by a test that agrees."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from scipy.stats import t as student

from ventas.evidence import DailyGain, block_means, diebold_mariano, weigh


def by_day(means: np.ndarray, rows: int = 1) -> DailyGain:
    """Days of equally many rows each, with these mean differences."""
    return DailyGain(means * rows, np.full(len(means), float(rows)))


def test_diebold_mariano_one_day_ahead_is_a_t_test_of_the_mean() -> None:
    """By hand: mean 3, variance 2 (over n), factor (n - 1) / n: the statistic is 3 / sqrt(2 / 4) = 4.2426."""
    daily = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    statistic, p_value = diebold_mariano(daily, horizon=1)
    assert statistic == pytest.approx(3 / np.sqrt(2 / 5) * np.sqrt(4 / 5))
    assert statistic == pytest.approx(np.sqrt(18))
    assert p_value == pytest.approx(2 * student.sf(np.sqrt(18), df=4), rel=1e-12)


def test_diebold_mariano_further_ahead_counts_the_covariances_of_neighbours() -> None:
    """By hand for horizon 2: d = 0 1 3 4 4 6, mean 3, deviations -3 -2 0 1 1 3, g0 = 24/6, g1 = 10/6."""
    daily = np.array([0.0, 1.0, 3.0, 4.0, 4.0, 6.0])
    statistic, _ = diebold_mariano(daily, horizon=2)
    variance = (24 / 6 + 2 * 10 / 6) / 6
    factor = (6 + 1 - 4 + 2 / 6) / 6
    assert statistic == pytest.approx(3 / np.sqrt(variance) * np.sqrt(factor))


def test_a_variance_that_comes_out_negative_is_taken_from_the_days_alone() -> None:
    daily = np.array([5.0, -4.0] * 10)
    assert diebold_mariano(daily, horizon=2) != diebold_mariano(daily, horizon=1)
    statistic, p_value = diebold_mariano(daily, horizon=2)
    assert np.isfinite([statistic, p_value]).all()


@pytest.mark.parametrize(
    ("daily", "told"), [([], (None, None)), ([3.0], (None, None)), ([1.0, 2.0] * 6, (None, None))]
)
def test_too_few_days_for_a_test(daily: list[float], told: tuple[None, None]) -> None:
    assert diebold_mariano(np.array(daily), horizon=7) == told


@pytest.mark.parametrize(("value", "p_value"), [(0.0, 1.0), (2.0, 0.0)])
def test_days_that_do_not_vary_leave_no_doubt(value: float, p_value: float) -> None:
    assert diebold_mariano(np.full(40, value)) == (None, p_value)


def test_models_that_err_alike_are_as_likely_to_be_better() -> None:
    found = weigh(by_day(np.zeros(40)), seed=1)
    assert (found.word, found.low, found.high, found.probability) == ("undecided", 0.0, 0.0, 0.5)


def test_the_same_seed_gives_the_same_interval() -> None:
    daily = by_day(np.random.default_rng(0).normal(1, 5, 60))
    assert weigh(daily, seed=3) == weigh(daily, seed=3)
    assert weigh(daily, seed=3) != weigh(daily, seed=4)


def test_blocks_are_whole_weeks_that_may_wrap_around_the_end() -> None:
    """Days 0 to 7 of two weeks: a resample is two weeks of days in a row, and one day of the second is cut off."""
    means = block_means(by_day(np.arange(13.0)), np.random.default_rng(0))
    possible = {sum((start + step) % 13 for step in range(7)) for start in range(13)}
    cut = {sum((start + step) % 13 for step in range(6)) for start in range(13)}
    sums = {round(13 * mean) for mean in means}
    assert sums <= {first + second for first in possible for second in cut}


@pytest.mark.parametrize(("gain", "word"), [(5.0, "win"), (-5.0, "loss"), (0.1, "undecided")])
def test_a_clear_gain_is_a_win_and_a_clear_loss_a_loss(gain: float, word: str) -> None:
    daily = by_day(gain + np.random.default_rng(2).normal(0, 3, 120))
    found = weigh(daily, seed=1)
    assert found.word == word
    assert (found.probability > 0.5) == (found.low + found.high > 0)


def test_under_thirty_days_all_is_undecided() -> None:
    daily = by_day(5 + np.random.default_rng(2).normal(0, 1, 29))
    found = weigh(daily, seed=1)
    assert (found.word, found.low > 0) == ("undecided", True)


DAY = st.tuples(st.integers(1, 50), st.floats(-1e6, 1e6))


@given(st.lists(DAY, min_size=1, max_size=60))
@budget(max_examples=60, deadline=None)
def test_the_interval_holds_the_difference_by_rows(days: list[tuple[int, float]]) -> None:
    rows, means = (np.array(column, dtype=np.float64) for column in zip(*days, strict=True))
    gain = DailyGain(rows * means, rows)
    found = weigh(gain, seed=1)
    assert found.low <= gain.mean <= found.high
    assert gain.mean == pytest.approx(np.repeat(means, rows.astype(int)).mean(), abs=1e-3)
    if found.word != "undecided":
        assert found.word == ("win" if gain.mean > 0 else "loss")


def test_days_with_more_rows_count_for_more() -> None:
    """Few full days lose what many almost empty ones win: by days that were a win, by rows it is a loss."""
    rows = np.where(np.arange(70) % 7 == 0, 100.0, 1.0)
    means = np.where(rows > 1, -10.0, 4.0) + np.random.default_rng(3).normal(0, 0.5, 70)
    assert (weigh(by_day(means), seed=1).word, weigh(DailyGain(rows * means, rows), seed=1).word) == (
        "win",
        "loss",
    )


def test_days_of_equally_many_rows_are_weighed_as_their_means() -> None:
    """The figures are those of daily means, as they were before rows counted."""
    found = weigh(by_day(np.random.default_rng(0).normal(1, 5, 60), rows=7), seed=3)
    assert (found.word, found.probability) == ("undecided", 0.9555)
    assert (found.low, found.high) == pytest.approx((-0.15653495293573716, 2.9111176467803244))
    assert (found.dm_statistic, found.dm_p_value) == pytest.approx((1.3720394332239005, 0.1752456311190284))


def _wins_and_losses(days: int, series: int, related: float, trials: int) -> tuple[float, float]:
    """How often two models of equal skill are told apart: by dates as we do, and by rows as if these were alone.

    Each day has a shock that all series share, which leans on that of the day before by `related`.
    """
    rng = np.random.default_rng(days + series)
    by_dates = by_rows = 0
    for trial in range(trials):
        shocks = rng.normal(size=days)
        for day in range(1, days):
            shocks[day] += related * shocks[day - 1]
        rows = shocks[:, None] + rng.normal(size=(days, series))
        by_dates += weigh(by_day(rows.mean(axis=1), series), seed=trial).word != "undecided"
        flat = rows.ravel()
        by_rows += abs(flat.mean() / flat.std() * np.sqrt(flat.size)) > 1.96
    return by_dates / trials, by_rows / trials


@pytest.mark.parametrize("related", [0.0, 0.3])
def test_shocks_that_all_series_share_are_not_called_a_win(related: float) -> None:
    """Of 300 comparisons without a difference 5 % may be called one; three standard errors above it are 8.8 %."""
    by_dates, by_rows = _wins_and_losses(days=110, series=50, related=related, trials=300)
    assert by_dates < 0.088
    assert by_rows > 0.5, "a test by rows cries wolf"
