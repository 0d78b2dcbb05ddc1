"""Days more than a year from all others: a mistyped year, most likely.

One such row would be the end of the file's time: the test would be that row, and a table of the last year would know
nothing else. Honest gaps stay: a shop that was closed for two years has many days on either side, and a file of one
day a year has no part that holds nearly all rows.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.int64]

FAR_DAYS = 366  # between a stray day and the nearest other one
MOST_STRAY_DAYS = 3  # together; more are no slip of the keyboard
STRAY_SHARE = 0.01  # of all rows, at most: one day of a whole chain may be mistyped at once
MAIN_SHARE = 0.9  # of all rows, at least, lie in the part that the others are far from


@dataclass
class DayCounts:
    """Rows by day (since 1970-01-01), counted part by part."""

    rows: Counter[int] = field(default_factory=Counter)

    def add(self, days: npt.NDArray[np.datetime64], counts: npt.NDArray[np.int64]) -> None:
        """Count the rows of some days, each of which may come again; NaT is none."""
        known = ~np.isnat(days)
        numbers, places = np.unique(days[known].astype("datetime64[D]").astype(np.int64), return_inverse=True)
        sums = np.bincount(places, weights=counts[known], minlength=len(numbers)).astype(np.int64)
        self.rows.update(dict(zip(numbers.tolist(), sums.tolist(), strict=True)))

    def stray(self) -> Days:
        """The days that are most likely mistyped, sorted."""
        days = np.array(sorted(day for day, rows in self.rows.items() if rows), dtype=np.int64)
        if len(days) <= 1:
            return days[:0]
        rows = np.array([self.rows[day] for day in days.tolist()], dtype=np.int64)
        parts = np.concatenate([[0], np.cumsum(np.diff(days) > FAR_DAYS)])
        sums, lengths, total = np.bincount(parts, weights=rows), np.bincount(parts), int(rows.sum())
        if sums.max() < MAIN_SHARE * total:
            return days[:0]
        few = (lengths <= MOST_STRAY_DAYS) & (sums <= max(1.0, STRAY_SHARE * total)) & (sums < sums.max())
        stray: Days = days[few[parts]]
        return stray
