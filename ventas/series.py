"""What tells the series of a file apart, and which rows repeat each other within them."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE
from ventas.further import Further

Bools = npt.NDArray[np.bool_]

# Fewer repeated dates than this, as share of the rows and as number, are corrections of single days, no series.
_MANY, _SOME = 0.05, 10
# A column tells the series apart if at most this share of the rows repeats within it; of few rows a few may.
_FEW_ROWS, _FEW_REPEATS = 0.01, 0.1
# An id takes each value about once a date, so it has hardly more values than a date has rows; a count of
# customers, say, has far more.
_MOST_PER_DATE = 3


def find_series(frame: pd.DataFrame, further: list[Further]) -> Further | None:
    """The column (text, or whole numbers) of which each value has hardly any date twice; None for one series.

    Of several such columns that with the fewest values, of equal ones the first. `frame` holds column Fecha, and
    its rows are those of `further`.
    """
    repeats = int(frame.duplicated([DATE]).sum())
    if not repeats or (repeats < _MANY * len(frame) and repeats < _SOME):
        return None
    allowed = max(_FEW_ROWS * len(frame), min(_FEW_REPEATS * repeats, _SOME))
    found = _fewest_values(frame[DATE], further, allowed)
    if found is None and (whole := frame.duplicated()).any():  # rows that were pasted twice prove nothing
        once = (~whole).to_numpy()
        rest = [replace(column, values=column.values[once]) for column in further]
        found = _fewest_values(frame[DATE][once], rest, allowed)
    return next((column for column in further if found and column.name == found.name), None)


def _fewest_values(
    dates: "pd.Series[pd.Timestamp]", further: list[Further], allowed: float
) -> Further | None:
    """The column with the fewest values of those within which at most `allowed` rows repeat a date."""
    most = _MOST_PER_DATE * int(dates.value_counts().max())
    places = pd.factorize(dates)[0].astype(np.int64)
    found = None
    for column in further:
        codes, values = pd.factorize(column.values)
        kinds = len(values)
        known = codes >= 0
        if not 1 < kinds <= most or not _may_be_id(column) or (~known).sum() > _FEW_ROWS * len(known):
            continue
        if int(pd.Series((places * kinds + codes)[known]).duplicated().sum()) <= allowed:
            found, most = column, kinds - 1
    return found


def _may_be_id(column: Further) -> bool:
    return column.role != "numeric" or bool((column.values.dropna() % 1 == 0).all())


def duplicates(frame: pd.DataFrame, further: list[Further], series: Further | None) -> Bools:
    """Rows of `frame` that a later row repeats: those of the same date and series, if that is known.

    Where texts vary within a date and none of them was found to tell the series apart, only rows that are equal in
    all columns repeat each other.
    """
    if series is not None:
        codes = pd.factorize(series.values)[0]
        pairs = pd.DataFrame({"date": frame[DATE], "series": codes})
        return pairs.duplicated(keep="last").to_numpy() & (codes >= 0)
    again = frame.duplicated([DATE], keep="last").to_numpy()
    texts = [column.name for column in further if column.role in ("categorical", "id")]
    if not again.any() or not texts:
        return again
    left_out = {("left out", column.name): column.values for column in further if column.role == "left_out"}
    whole = pd.concat([frame, pd.DataFrame(left_out, index=frame.index)], axis=1) if left_out else frame
    # Comparing all columns is dear: first narrow down to dates and texts that repeat at all.
    alike = np.flatnonzero(frame.duplicated([DATE, *texts], keep=False).to_numpy())
    again = np.zeros(len(frame), dtype=bool)
    again[alike] = whole.iloc[alike].duplicated(keep="last").to_numpy()
    return again
