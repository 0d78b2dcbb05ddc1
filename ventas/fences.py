"""Tukey's fences: which sales are outliers, within each series and on open days only.

Sales differ by weekday, holiday and promotion, and fences around all of them take the weakest weekday for a fault: on
a made-up chain 8 % of the rows, nearly every Sunday of some stores. So an outlier must lie outside the fences of its
series, and far outside (twice as far) those of its own kind of day.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import HOLIDAY, PROMOTION, TARGET, WEEKDAY
from ventas.ordering import stable_order
from ventas.roles import Roles

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FEWEST_ROWS = 20  # of a series, for fences of its own
_FEWEST_ALIKE = 8  # days of one kind, for theirs
_FAR = 2.0
_KINDS = 32  # of days there are fewer


@dataclass(frozen=True)
class Fences:
    """Where outliers begin.

    low, high: of all open rows, for a series that has too few of its own. lows, highs: of each series that has
    enough, indexed by its name. kinds: columns low and high of each kind of day that has enough, by series and kind:
    weekday (0 for a holiday) with a promotion or without, and the weekday alone, as numbers of `_kinds`.
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
            codes, names = pd.factorize(roles.series_of(frame))
            lows, highs = (
                own.reindex(names).fillna(common).to_numpy()[codes]
                for own, common in ((self.lows, low), (self.highs, high))
            )
            outside = (sales < lows) | (sales > highs)
        outside &= roles.is_open(frame)
        outside[outside] = self._unlike(frame[outside], roles)
        return np.asarray(outside, dtype=bool)

    def _unlike(self, frame: pd.DataFrame, roles: Roles) -> Bools:
        """Whether each row is unlike the others of its kind; so is one of a kind that is too rare to tell."""
        sales, series = frame[TARGET].to_numpy(), roles.series_of(frame)
        fine, coarse = (
            self.kinds.reindex(pd.MultiIndex.from_arrays([series, kind])).to_numpy() for kind in _kinds(frame)
        )
        low, high = np.where(np.isnan(fine), coarse, fine).T
        return np.asarray(~((sales >= low) & (sales <= high)), dtype=bool)


def find_fences(frame: pd.DataFrame, factor: float, roles: Roles) -> Fences:
    """The fences of `frame`: `factor` times the distance of the quartiles beyond them; closed days do not count.

    With no spread between the quartiles they are the range itself, or most rows would go.
    """
    is_open = roles.is_open(frame)
    sales = frame[TARGET].to_numpy(dtype=np.float64)[is_open]
    ascending = np.argsort(sales)
    sales = sales[ascending]
    codes, names = pd.factorize(roles.series_of(frame)[is_open])
    series = codes[ascending].astype(np.int64)
    kinds = [
        _fences_of_kinds(series, kind[is_open][ascending], sales, names, _FAR * factor)
        for kind in _kinds(frame)
    ]
    of_each = _fences(series, sales, factor)
    of_each = of_each[(of_each["rows"] >= _FEWEST_ROWS) & (names[of_each.index] != "")]
    lows, highs = (of_each[bound].set_axis(names[of_each.index]).sort_index() for bound in ("low", "high"))
    if not len(sales):
        return Fences(0.0, 0.0, lows, highs, pd.concat(kinds))
    of_all = _fences(np.zeros(len(sales), dtype=np.int64), sales, factor).iloc[0]
    return Fences(float(of_all["low"]), float(of_all["high"]), lows, highs, pd.concat(kinds))


def _kinds(frame: pd.DataFrame) -> tuple[Ints, Ints]:
    """The kind of each row's day as numbers below _KINDS: weekday with promotion, and weekday alone."""
    weekday = np.where(frame[HOLIDAY] > 0, 0, frame[WEEKDAY]).astype(np.int64)
    return 2 * weekday + (frame[PROMOTION] > 0).to_numpy(), _KINDS // 2 + weekday


def _fences_of_kinds(
    series: Ints, kind: Ints, sales: Floats, names: "pd.Index[str]", factor: float
) -> pd.DataFrame:
    """Fences of each kind of day; those that have no spread, or too few days, are none."""
    found = _fences(series * _KINDS + kind, sales, factor)
    found = found[(found["rows"] >= _FEWEST_ALIKE) & (found["low"] < found["high"])]
    index = pd.MultiIndex.from_arrays([names[found.index // _KINDS], found.index % _KINDS])
    return found[["low", "high"]].set_axis(index)


def _fences(groups: Ints, ascending: Floats, factor: float) -> pd.DataFrame:
    """Columns low, high and rows for each of the `groups` of sales, which come in ascending order, by its number."""
    order = stable_order(groups)
    groups, sales = groups[order], ascending[order]
    begins = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))[: len(groups)]
    rows = np.diff(begins, append=len(groups))
    first, third = (_quantile(sales, begins, rows, share) for share in (0.25, 0.75))
    reach = factor * (third - first)
    low = np.where(reach > 0, first - reach, sales[begins])
    high = np.where(reach > 0, third + reach, sales[begins + rows - 1])
    return pd.DataFrame({"low": low, "high": high, "rows": rows}, index=groups[begins])


def _quantile(sales: Floats, begins: Ints, rows: Ints, share: float) -> Floats:
    """One quantile of each group of `rows` ascending sales from `begins` on, between two of them as pandas has it."""
    place = share * (rows - 1)
    below = begins + place.astype(np.int64)
    above = np.minimum(below + 1, begins + rows - 1)
    return np.asarray(sales[below] + (sales[above] - sales[below]) * (place % 1))
