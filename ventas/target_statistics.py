"""What sales were before: weighted means per series, day of the week, holiday and promotion, the newest days first.

A row of training sees the sales of earlier days only, as a row that is asked about later will: training is cut into
blocks of four weeks, and a block's rows get the means as they stood at the end of an earlier block. How much earlier
is drawn with a seed, up to the share of time that a test takes, and told to the model as `staleness`.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

Matrix = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

HALF_LIVES = (60.0, 180.0, np.inf)  # days
SHORT, MIDDLE, ALL = range(3)
BLOCK_DAYS = 28
WARM_UP_DAYS = 56  # of history that a row must have
HORIZON_SHARE = 0.4  # of training's span: what 30 % of all dates are of the other 70 %
PRIOR = 2.0  # days' worth of the coarser mean that is mixed into a finer one
DAY_TYPES, CELLS = 8, 16  # Monday to Sunday and holiday, each with and without a promotion
NAMES = (
    *("log_base", "log_level", "level_60", "level_all"),
    *("promotion_60", "promotion_180", "promotion_all"),
    *("day_type_60", "day_type_180", "day_type_all"),
    *("cell_60", "cell_all", "staleness"),
)


@dataclass(frozen=True)
class Rows:
    """Rows as arrays of shape (rows,): day numbers and series codes (NaN where unknown), weekday and flags."""

    day: Matrix
    series: Matrix
    weekday: Matrix
    promotion: Matrix
    holiday: Matrix

    def take(self, chosen: npt.NDArray[np.bool_] | Integers) -> "Rows":
        """Some of the rows."""
        return Rows(*(column[chosen] for column in vars(self).values()))

    @property
    def cells(self) -> Integers:
        """Day type and promotion as one number below CELLS."""
        day_type = np.where(self.holiday > 0, DAY_TYPES - 1, self.weekday - 1)
        return (day_type * 2 + (self.promotion > 0)).astype(np.int64)


class TargetStatistics(BaseEstimator):  # type: ignore[misc]
    """Means of sales with recency weights, for each of `series_count` series and for all of them."""

    def __init__(self, series_count: int = 1, seed: int = 0):
        self.series_count = series_count
        self.seed = seed

    def fit(self, rows: Rows, y: Matrix) -> Self:
        """Learn the means as they stand after the last day of `rows`; an unknown series teaches the shared ones."""
        self.weights_, self.sums_ = self._empty()
        self.last_ = float(rows.day.max())
        self.horizon_ = HORIZON_SHARE * (self.last_ - float(rows.day.min()))
        self._add(self.weights_, self.sums_, rows, y, self.last_)
        return self

    def transform(self, rows: Rows) -> Matrix:
        """Shape (rows, len(NAMES)): the base's logarithm, then logarithms of ratios. Unknown series: mostly NaN."""
        staleness = np.clip(rows.day - self.last_, 0, self.horizon_)
        return self._features(self.weights_, self.sums_, rows, staleness)

    def chained(self, rows: Rows, y: Matrix, seen: Rows) -> Matrix:
        """What `transform` gives for each row of training, from earlier days only; NaN for the first WARM_UP_DAYS.

        `seen` are the same rows as the model is to see them, with dates or series hidden.
        """
        found = np.full((len(y), len(NAMES)), np.nan)
        first = rows.day.min()
        blocks = ((rows.day - first) // BLOCK_DAYS).astype(np.int64)
        order = np.argsort(blocks, kind="stable")
        bounds = np.searchsorted(blocks[order], np.arange(blocks.max() + 2))
        past: list[tuple[Matrix, Matrix]] = []
        weights, sums = self._empty()
        end = first
        for block, lag in enumerate(self._lags(int(blocks.max()) + 1, rows.day.max() - first)):
            chosen = order[bounds[block] : bounds[block + 1]]
            here = rows.take(chosen)
            if lag is not None and len(chosen):
                known_until = first + (block - lag) * BLOCK_DAYS - 1
                asked = seen.take(chosen)
                found[chosen] = self._features(*past[block - lag - 1], asked, asked.day - known_until)
            new_end = first + (block + 1) * BLOCK_DAYS - 1
            _decay(weights, sums, new_end - end)
            self._add(weights, sums, here, y[chosen], new_end)
            past.append((weights.copy(), sums.copy()))
            end = new_end
        return found

    def _lags(self, blocks: int, span: float) -> list[int | None]:
        """For each block how many blocks before its own are not known either; None while there is no history."""
        random = np.random.RandomState(self.seed)
        most = int(HORIZON_SHARE * span / BLOCK_DAYS)
        drawn = np.where(np.arange(blocks) % 2, random.randint(0, most + 1, size=blocks), 0)
        spare = np.arange(blocks) - WARM_UP_DAYS // BLOCK_DAYS
        return [None if free < 0 else int(min(lag, free)) for lag, free in zip(drawn, spare, strict=True)]

    def _empty(self) -> tuple[Matrix, Matrix]:
        shape = (CELLS + self.series_count * (1 + 2 + DAY_TYPES + CELLS), len(HALF_LIVES))
        return np.zeros(shape), np.zeros(shape)

    def _keys(self, rows: Rows) -> list[Integers]:
        """Where each row's means lie: its cell, and its series alone, by promotion, by day type and by cell."""
        cells, series = rows.cells, np.nan_to_num(rows.series).astype(np.int64)
        keys, offset = [cells], CELLS
        for size, code in ((1, 0 * cells), (2, cells % 2), (DAY_TYPES, cells // 2), (CELLS, cells)):
            keys.append(offset + series * size + code)
            offset += self.series_count * size
        return keys

    def _add(self, weights: Matrix, sums: Matrix, rows: Rows, y: Matrix, until: float) -> None:
        shared, *own = self._keys(rows)
        known = np.isfinite(rows.series)
        for place, half_life in enumerate(HALF_LIVES):
            weight = 0.5 ** ((until - rows.day) / half_life)
            for key, counted in ((shared, weight), *((key, weight * known) for key in own)):
                weights[:, place] += np.bincount(key, counted, len(weights))
                sums[:, place] += np.bincount(key, counted * y, len(weights))

    def _features(self, weights: Matrix, sums: Matrix, rows: Rows, staleness: Matrix) -> Matrix:
        cell, level, *finer = self._means(weights, sums)
        keys = self._keys(rows)
        known = np.isfinite(rows.series)
        base = np.where(known, finer[-1][keys[4] - self._offset(3), MIDDLE], cell[keys[0], MIDDLE])
        columns = [base]
        columns += [np.where(known, level[keys[1] - CELLS, place], np.nan) for place in (MIDDLE, SHORT, ALL)]
        for number, (mean, places) in enumerate(
            zip(finer, ((SHORT, MIDDLE, ALL), (SHORT, MIDDLE, ALL), (SHORT, ALL)), strict=True), start=1
        ):
            at = keys[number + 1] - self._offset(number)
            columns += [np.where(known, mean[at, place], np.nan) for place in places]
        logs = np.log1p(np.column_stack(columns))
        logs[:, 2:4] -= logs[:, [1]]
        logs[:, 4:] -= logs[:, [0]]
        return np.column_stack([logs, staleness])

    def _offset(self, level: int) -> int:
        """Where the series' means of a level begin: alone, by promotion, by day type, by cell."""
        return CELLS + self.series_count * (0, 1, 1 + 2, 1 + 2 + DAY_TYPES)[level]

    def _means(self, weights: Matrix, sums: Matrix) -> list[Matrix]:
        """Means per cell over all series, per series, and per series and promotion, day type and cell.

        A finer mean is drawn towards what the coarser ones let expect by PRIOR days.
        """
        ends = [0, CELLS, *(self._offset(level) for level in (1, 2, 3)), len(weights)]
        w, v = ([part[a:b] for a, b in pairwise(ends)] for part in (weights, sums))
        overall = v[0].sum(axis=0) / np.maximum(w[0].sum(axis=0), 1e-12)
        cell = _drawn(v[0], w[0], overall)
        level = _drawn(v[1], w[1], overall)
        by_cell = v[0].reshape(DAY_TYPES, 2, -1), w[0].reshape(DAY_TYPES, 2, -1)
        shapes = [
            *(_drawn(by_cell[0].sum(axis=axis), by_cell[1].sum(axis=axis), overall) for axis in (0, 1)),
            cell,
        ]
        finer = []
        for place, shape in enumerate(shapes, start=2):
            expected = level[:, None, :] * (shape / np.maximum(overall, 1e-12))[None, :, :]
            finer.append(_drawn(v[place], w[place], expected.reshape(-1, len(HALF_LIVES))))
        return [cell, level, *finer]


def _drawn(sums: Matrix, weights: Matrix, towards: Matrix) -> Matrix:
    return (sums + PRIOR * towards) / (weights + PRIOR)


def _decay(weights: Matrix, sums: Matrix, days: float) -> None:
    for place, half_life in enumerate(HALF_LIVES):
        weights[:, place] *= 0.5 ** (days / half_life)
        sums[:, place] *= 0.5 ** (days / half_life)
