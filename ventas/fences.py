"""Tukey's fences: which sales are outliers, within each series and on open days only."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import TARGET
from ventas.roles import Roles

Bools = npt.NDArray[np.bool_]

_FEWEST_ROWS = 20  # of a series, for fences of its own


@dataclass(frozen=True)
class Fences:
    """Where outliers begin.

    low, high: of all open rows, for a series that has too few of its own. lows, highs: of each series that has
    enough, indexed by its name.
    """

    low: float
    high: float
    lows: "pd.Series[float]"
    highs: "pd.Series[float]"

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
        return np.asarray(outside & roles.is_open(frame), dtype=bool)


def find_fences(frame: pd.DataFrame, factor: float, roles: Roles) -> Fences:
    """The fences of `frame`: `factor` times the distance of the quartiles beyond them; closed days do not count.

    With no spread between the quartiles they are the range itself, or most rows would go.
    """
    counted = frame[roles.is_open(frame)]
    sales, series = counted[TARGET], roles.series_of(counted)
    often = (series.map(series.value_counts()) >= _FEWEST_ROWS) & (series != "")
    of_each = _fences(sales[often].groupby(series[often]), factor)
    if not len(sales):
        return Fences(0.0, 0.0, of_each["low"], of_each["high"])
    of_all = _fences(sales.groupby(np.zeros(len(sales))), factor).iloc[0]
    return Fences(float(of_all["low"]), float(of_all["high"]), of_each["low"], of_each["high"])


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
