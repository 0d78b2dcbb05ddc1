"""Errors part by part: a model that is better on the whole may be worse on Sundays, or for one store."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import COUNTS_FROM_ROWS, HOLIDAY, PROMOTION, WEEKDAY
from ventas.roles import Roles

Losses = npt.NDArray[np.float64]

SERIES_SHOWN = 10  # of the worst, and as many of the best
COLUMNS = {"weekday": WEEKDAY, "promotion": PROMOTION, "holiday": HOLIDAY}
SERIES = "series"


@dataclass(frozen=True)
class Segment:
    """Rows that have one `value` of a `segment` (weekday, promotion, holiday, series), and the errors on them.

    `change` is the share by which the challenger's RMSE is above the champion's; infinite where that has none. The
    last two are None without a champion.
    """

    segment: str
    value: str
    rows: int
    challenger_rmse: float
    champion_rmse: float | None = None
    change: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The segment as the verdict keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class SegmentTable:
    """All segments but the middle of many series; the `worst` has rows enough to count."""

    segments: list[Segment]
    worst: Segment | None
    series_compared: int
    series_worse: int


def segment_table(frame: pd.DataFrame, ours: Losses, theirs: Losses | None, roles: Roles) -> SegmentTable:
    """The errors of challenger and champion by segment of `frame`.

    `ours` and `theirs` are squared errors of shape (rows,); `theirs` is None where there is no champion.
    """
    plain = [
        one
        for name, column in COLUMNS.items()
        if column in frame
        for one in _segments(name, frame[column].astype("str"), ours, theirs)
    ]
    series = list(_segments(SERIES, roles.series_of(frame), ours, theirs)) if roles.series in frame else []
    counted = [one for one in (*plain, *series) if one.rows >= COUNTS_FROM_ROWS and one.change is not None]
    return SegmentTable(
        segments=plain + _shown(series),
        worst=max(counted, key=_change, default=None),
        series_compared=len(series),
        series_worse=sum(_change(one) > 0 for one in series),
    )


def _segments(name: str, values: "pd.Series[Any]", ours: Losses, theirs: Losses | None) -> Iterator[Segment]:
    codes, texts = pd.factorize(values, sort=True)
    rows = np.bincount(codes, minlength=len(texts))
    our_errors = _errors(codes, ours, rows)
    if theirs is None:
        yield from (
            Segment(name, str(text), int(n), float(error))
            for text, n, error in zip(texts, rows, our_errors, strict=True)
        )
        return
    for text, n, error, other in zip(texts, rows, our_errors, _errors(codes, theirs, rows), strict=True):
        yield Segment(
            name, str(text), int(n), float(error), float(other), _growth(float(error), float(other))
        )


def _errors(codes: npt.NDArray[np.intp], losses: Losses, rows: npt.NDArray[np.intp]) -> Losses:
    """RMSE of each segment, shape (segments,)."""
    return np.asarray(np.sqrt(np.bincount(codes, weights=losses, minlength=len(rows)) / rows))


def _growth(ours: float, theirs: float) -> float:
    if theirs == 0:
        return 0.0 if ours == 0 else float("inf")
    return ours / theirs - 1


def _change(segment: Segment) -> float:
    return segment.change or 0.0


def _shown(series: list[Segment]) -> list[Segment]:
    """All series where they are few; else those whose error grew and fell most, the worst first."""
    if len(series) <= 2 * SERIES_SHOWN:
        return series
    counted = [one for one in series if one.rows >= COUNTS_FROM_ROWS]
    ranked = sorted(counted or series, key=lambda one: -_change(one))
    return ranked[:SERIES_SHOWN] + ranked[SERIES_SHOWN:][-SERIES_SHOWN:]
