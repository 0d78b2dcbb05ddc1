"""Tukey's fences: which sales are outliers, within each series and on open days only.

Sales differ by weekday, holiday and promotion, and fences around all of them take the weakest weekday for a fault: on
a made-up chain 8 % of the rows, nearly every Sunday of some stores. So an outlier must lie outside the fences of its
series, and far outside (twice as far) those of its own kind of day.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import HOLIDAY, PROMOTION, TARGET, WEEKDAY
from ventas.roles import Roles

Bools = npt.NDArray[np.bool_]

_FEWEST_ROWS = 20  # of a series, for fences of its own
_FEWEST_ALIKE = 8  # days of one kind, for theirs
_FAR = 2.0


@dataclass(frozen=True)
class Fences:
    """Where outliers begin.

    low, high: of all open rows, for a series that has too few of its own. lows, highs: of each series that has
    enough, indexed by its name. kinds: columns low and high of each kind of day that has enough, by series and kind:
    the number of the weekday (0 for a holiday), and that with a promotion or without.
    """

    low: float
    high: float
    lows: "pd.Series[float]"
    highs: "pd.Series[float]"
    kinds: pd.DataFrame

    def outside(self, frame: pd.DataFrame, roles: Roles) -> Bools:
        """The outliers among the rows of `frame`, shape (rows,); a closed day is none."""
        sales, low, high = frame[TARGET].to_numpy(), self.low, self.high
        outside = (sales < low) | (sales > high)
        if len(self.lows):
            series = roles.series_of(frame)
            lows, highs = (
                series.map(own).fillna(common).to_numpy()
                for own, common in ((self.lows, low), (self.highs, high))
            )
            outside = (sales < lows) | (sales > highs)
        outside &= roles.is_open(frame)
        outside[outside] = self._unlike(frame[outside], roles)
        return np.asarray(outside, dtype=bool)

    def _unlike(self, frame: pd.DataFrame, roles: Roles) -> Bools:
        """Whether each row is unlike the others of its kind; so is one of a kind that is too rare to tell."""
        sales = frame[TARGET].to_numpy()
        fine, coarse = (self.kinds.reindex(keys).to_numpy() for keys in _kinds(frame, roles))
        low, high = np.where(np.isnan(fine), coarse, fine).T
        return np.asarray(~((sales >= low) & (sales <= high)), dtype=bool)


def find_fences(frame: pd.DataFrame, factor: float, roles: Roles) -> Fences:
    """The fences of `frame`: `factor` times the distance of the quartiles beyond them; closed days do not count.

    With no spread between the quartiles they are the range itself, or most rows would go.
    """
    counted = frame[roles.is_open(frame)]
    sales, series = counted[TARGET], roles.series_of(counted)
    often = (series.map(series.value_counts()) >= _FEWEST_ROWS) & (series != "")
    of_each = _fences(sales[often].groupby(series[often]), factor)
    kinds = _fences_of_kinds(counted, _FAR * factor, roles)
    if not len(sales):
        return Fences(0.0, 0.0, of_each["low"], of_each["high"], kinds)
    of_all = _fences(sales.groupby(np.zeros(len(sales))), factor).iloc[0]
    return Fences(float(of_all["low"]), float(of_all["high"]), of_each["low"], of_each["high"], kinds)


def _kinds(frame: pd.DataFrame, roles: Roles) -> tuple[pd.MultiIndex, pd.MultiIndex]:
    """Series and kind of each row: weekday with promotion, and weekday alone."""
    series, weekday = roles.series_of(frame), np.where(frame[HOLIDAY] > 0, 0, frame[WEEKDAY])
    promoted = np.where(frame[PROMOTION] > 0, "+", "-")
    names = np.char.add(weekday.astype(np.str_), promoted)
    return (
        pd.MultiIndex.from_arrays([series, names]),
        pd.MultiIndex.from_arrays([series, weekday.astype(np.str_)]),
    )


def _fences_of_kinds(frame: pd.DataFrame, factor: float, roles: Roles) -> pd.DataFrame:
    """Fences of each kind of day; those that have no spread, or too few days, are none."""
    parts = []
    for keys in _kinds(frame, roles):
        groups = frame[TARGET].groupby(keys)
        found = _fences(groups, factor)
        parts.append(found[(groups.size() >= _FEWEST_ALIKE) & (found["low"] < found["high"])])
    return pd.concat(parts)


def _fences(groups: Any, factor: float) -> pd.DataFrame:
    """Columns low and high for each of the grouped series of sales, indexed by the groups' names."""
    first, third = groups.quantile(0.25), groups.quantile(0.75)
    reach = factor * (third - first)
    return pd.DataFrame(
        {
            "low": (first - reach).where(reach > 0, groups.min()),
            "high": (third + reach).where(reach > 0, groups.max()),
        }
    )
