"""Actual sales of the test rows beside what the judged fit says of them: few enough points for a chart.

Where a file has several rows of one date (a chain of shops), points are sums over a date. More than MOST_POINTS are
thinned: every second date stays, or every third, as many as it takes, always the first among them. So the same rows
give the same points.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET
from ventas.roles import Roles
from ventas.training import inputs

MOST_POINTS = 2000

_SUMMED = ["actual", "prediction"]
_SHARED = ["promotion", "holiday"]


@dataclass(frozen=True)
class JudgedRows:
    """Points in the order of their dates, and how they were made of `rows` test rows of `series` series.

    points: columns date, series, promotion, holiday, actual, prediction, low, high. Of sums, promotion and holiday
    are the share of rows that had one, series is "", and low and high are NaN: intervals do not add up.
    step: 1 where every date is here, 3 where every third is.
    """

    points: pd.DataFrame
    rows: int
    dates: int
    series: int
    summed: bool
    step: int

    def to_json(self) -> str:
        """The file of a version: what was done, and the points column by column; NaN is null."""
        columns = {name: _plain(self.points[name]) for name in self.points}
        about = {name: getattr(self, name) for name in ("rows", "dates", "series", "summed", "step")}
        return json.dumps(about | {"points": columns}, ensure_ascii=False, allow_nan=False)


def judged_rows(fit: Any, rows: pd.DataFrame, roles: Roles) -> JudgedRows:
    """What `fit` says of `rows`, which hold their sales; no points where there are no rows."""
    every = _table(fit, rows, roles)
    summed = bool(every["date"].duplicated().any())
    points = _sums(every) if summed else every.sort_values("date", ignore_index=True)
    dates, step = len(points), max(1, -(-len(points) // MOST_POINTS))
    return JudgedRows(
        points=points.iloc[::step].reset_index(drop=True),
        rows=len(rows),
        dates=dates,
        series=int(every["series"].nunique()),
        summed=summed,
        step=step,
    )


def _table(fit: Any, rows: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    values, low, high = _predicted(fit, rows)
    return pd.DataFrame(
        {
            "date": rows[DATE].to_numpy(),
            "series": roles.series_of(rows).to_numpy(),
            "promotion": rows[PROMOTION].to_numpy(dtype=np.float64),
            "holiday": rows[HOLIDAY].to_numpy(dtype=np.float64),
            "actual": rows[TARGET].to_numpy(dtype=np.float64),
            "prediction": values,
            "low": low,
            "high": high,
        }
    )


def _predicted(fit: Any, rows: pd.DataFrame) -> tuple[Any, Any, Any]:
    """Sales and the ends of their interval, each of shape (rows,); ends are NaN where the fit knows no interval."""
    if rows.empty:
        return (np.empty(0),) * 3
    model = fit[-1] if isinstance(fit, Pipeline) else None
    if getattr(model, "offsets", None) is None:
        values = np.asarray(fit.predict(inputs(rows)), dtype=np.float64)
        return values, np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    found: tuple[Any, Any, Any] = fit[-1].predict_interval(fit[:-1].transform(inputs(rows)))
    return found


def _sums(every: pd.DataFrame) -> pd.DataFrame:
    by_date = every.groupby("date", sort=True)
    sums, shares = by_date[_SUMMED].sum(), by_date[_SHARED].mean()
    joined = shares.join(sums).reset_index().assign(series="", low=np.nan, high=np.nan)
    return joined[list(every.columns)]


def _plain(column: "pd.Series[Any]") -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return list(column.dt.strftime("%Y-%m-%d"))
    if pd.api.types.is_numeric_dtype(column.dtype):
        return [None if not np.isfinite(value) else round(float(value), 4) for value in column]
    return list(column)
