"""The sales of a file over time, in so few points that a report can hold them and a page draw them."""

import math
from typing import Any

import numpy as np
import pandas as pd

from ventas.contract import DATE, TARGET
from ventas.ordering import day_numbers

MOST_POINTS = 200
_WEEK = 7
_EXACT = 6  # digits of a sum that rest on no order of its rows: a half cent is rounded the same way


def sales_curve(frame: pd.DataFrame) -> dict[str, Any]:
    """Mean sales of a day, all series together, in equal spans of time.

    `days` is the length of a span: 1, or whole weeks where the file is long. `points` are pairs of the ISO date that
    a span begins with and its sales per day that has any row; spans without rows are left out.
    """
    if frame.empty:
        return {"days": 1, "points": []}
    days = day_numbers(frame[DATE].to_numpy())
    first = np.datetime64(int(days.min()), "D")
    days = days - days.min()
    width = _width(int(days.max()) + 1)
    spans = (np.arange(int(days.max()) + 1) // width)[days]
    totals = np.bincount(spans, weights=frame[TARGET].to_numpy(dtype=np.float64))
    totals = np.round(totals, _EXACT)
    known = np.bincount(np.flatnonzero(np.bincount(days)) // width, minlength=len(totals))
    used = np.flatnonzero(known)
    return {
        "days": width,
        "points": [
            [str(first + np.timedelta64(int(span) * width, "D")), round(float(totals[span] / known[span]), 2)]
            for span in used
        ],
    }


def _width(days: int) -> int:
    return 1 if days <= MOST_POINTS else _WEEK * math.ceil(days / MOST_POINTS / _WEEK)
