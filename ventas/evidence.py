"""Evidence that a difference in error is more than luck, from whole days.

Rows of one day share its shocks, so a thousand series are no thousand observations: what is resampled and tested are
whole days, and neighbouring days stay together. The statistic is the mean loss difference of all rows, as in the
errors that a verdict shows: a day of a thousand rows counts a thousand times as much as a day of one.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

Word = Literal["win", "undecided", "loss"]
Days = npt.NDArray[np.float64]

BLOCK_DAYS = 7  # sales repeat by the week
RESAMPLES = 2000
EVIDENCE_MIN_DATES = 30
INTERVAL = (0.025, 0.975)
LEVEL = 0.05


@dataclass(frozen=True)
class DailyGain:
    """Loss differences by date in order of time: their sums and numbers of rows, each of shape (dates,)."""

    sums: Days
    rows: Days

    @property
    def mean(self) -> float:
        """The mean difference of a row: the champion's mean squared error minus the challenger's."""
        return float(self.sums.sum() / self.rows.sum())

    def linearised(self) -> Days:
        """Days whose plain mean is `mean` and whose spread is that of the ratio, shape (dates,).

        Where all days have equally many rows they are the daily means.
        """
        return np.asarray(self.mean + (self.sums - self.mean * self.rows) / self.rows.mean())


@dataclass(frozen=True)
class Evidence:
    """What the daily differences tell; positive favours the challenger.

    `low` and `high` bound the mean difference of a row with 95 % confidence, and the one that was seen lies inside.
    `probability` is the share of resamples in which the challenger's mean loss is lower (an equal one counts half).
    `dm_statistic` and `dm_p_value` (two-sided) are Diebold and Mariano's, which let errors be related within a
    week; None where they cannot be had.
    """

    word: Word
    low: float
    high: float
    probability: float
    dm_statistic: float | None
    dm_p_value: float | None


def weigh(gain: DailyGain, seed: int) -> Evidence:
    """The evidence in `gain`, which has a date at least.

    It is a win or a loss only from EVIDENCE_MIN_DATES dates on, and where interval and test agree: with few weeks
    each alone calls luck a win more often than one time in twenty.
    """
    means = block_means(gain, np.random.default_rng(seed))
    low, high = (float(bound) for bound in np.quantile(means, INTERVAL))
    low, high = (
        min(low, gain.mean),
        max(high, gain.mean),
    )  # days that are all alike leave no width but rounding
    lower = float(np.mean(means > 0) + np.mean(means == 0) / 2)
    statistic, p_value = diebold_mariano(gain.linearised(), BLOCK_DAYS)
    sure = len(gain.rows) >= EVIDENCE_MIN_DATES and p_value is not None and p_value < LEVEL
    return Evidence(_word(low, high) if sure else "undecided", low, high, lower, statistic, p_value)


def block_means(gain: DailyGain, rng: np.random.Generator) -> Days:
    """Means of RESAMPLES series, each made of whole weeks of `gain` that may wrap around its end."""
    dates = len(gain.rows)
    blocks = -(-dates // BLOCK_DAYS)
    starts = rng.integers(dates, size=(RESAMPLES, blocks, 1))
    days = ((starts + np.arange(BLOCK_DAYS)) % dates).reshape(RESAMPLES, -1)[:, :dates]
    return np.asarray(gain.sums[days].sum(axis=1) / gain.rows[days].sum(axis=1))


def diebold_mariano(daily: Days, horizon: int = 1) -> tuple[float | None, float | None]:
    """Statistic and two-sided p-value of equal accuracy, corrected after Harvey, Leybourne and Newbold.

    `horizon` days ahead leave errors that are related over `horizon` - 1 days. Both are None with fewer than twice as
    many days; the statistic alone is None where the days do not vary at all.
    """
    days = len(daily)
    if days < 2 * horizon:
        return None, None
    factor = (days + 1 - 2 * horizon + horizon * (horizon - 1) / days) / days
    mean, centred = float(daily.mean()), daily - daily.mean()
    covariances = [float(centred[lag:] @ centred[: days - lag]) / days for lag in range(horizon)]
    variance = (covariances[0] + 2 * sum(covariances[1:])) / days
    if variance <= 0:  # possible where neighbours contradict each other
        variance = covariances[0] / days
    if not 0 < variance < np.inf:
        return None, 1.0 if mean == 0 else 0.0
    statistic = mean / variance**0.5 * factor**0.5
    return statistic, float(2 * stdtr(days - 1, -abs(statistic)))


def _word(low: float, high: float) -> Word:
    if low <= 0 <= high:
        return "undecided"
    return "win" if low > 0 else "loss"
