"""What the further columns of a file mean beyond their values: open or closed, and what leaks sales."""

import pandas as pd

from ventas import leaks
from ventas.closed import find_open
from ventas.further import Further
from ventas.quality import Report
from ventas.remarks import Remark
from ventas.roles import Roles


def meanings(
    frame: pd.DataFrame,
    further: list[Further],
    series: str,
    remarks: list[Remark],
    count: int | None = None,
) -> Report:
    """The quality report's part about columns that mean something; `remarks` grows by what to do about them.

    `series` is the column that tells the series of `frame` apart, "" for one series; `count` of them, if known.
    """
    numeric = [column.name for column in further if column.role == "numeric" and column.name != series]
    is_open, advice = find_open(frame, numeric)
    roles = Roles(series, is_open)
    leaking = leaks.find_leaks(frame, numeric, roles)
    remarks += [*advice, *map(leaks.leak_remark, leaking)]
    if count is None:
        count = int(frame[series].nunique()) if series else min(len(frame), 1)
    return {
        "series_count": count,
        "open": is_open,
        "closed_rows": int((~roles.is_open(frame)).sum()),
        "leaks": leaking,
    }
