"""What tells the series of a file apart, and which rows repeat each other within them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, shown
from ventas.further import Further
from ventas.ordering import Ints, day_numbers, in_order_of_appearance, ranks
from ventas.remarks import Remark, remark
from ventas.roles import series_texts

Bools = npt.NDArray[np.bool_]
# The place of each row's date among all dates, shape (rows,), and the rows of each date.
Dates = tuple[Ints, Ints]

# Fewer repeated dates than this, as share of the rows and as number, are corrections of single days, no series.
_MANY, _SOME = 0.05, 10
# A column tells the series apart if at most this share of the rows repeats within it; of few rows a few may.
FEW_ROWS, _FEW_REPEATS = 0.01, 0.1
# It may be empty in so many rows, where no column without gaps tells them apart.
MOST_EMPTY = 0.2
# An id takes each value about once a date, so it has hardly more values than a date has rows; a count of
# customers, say, has far more.
_MOST_PER_DATE = 3
_DENSE = 4  # numbers up to so many times their count are counted in a table of all
MOST_PAIRED = 10  # columns of which pairs are tried


@dataclass(frozen=True)
class SeriesOfRows:
    """The series of each row: the place of its name among `names`, in order of appearance, -1 where it has none."""

    places: Ints
    names: list[str]

    @classmethod
    def of(cls, places: npt.NDArray[np.int32], values: "pd.Series[Any]") -> Self:
        """Of rows whose `values` tell the series apart, equal ones having equal `places`; both of shape (rows,)."""
        rows = np.flatnonzero(places >= 0)
        known, first = in_order_of_appearance(ranks(places[rows].astype(np.int64))[0])
        found = np.full(len(places), -1, dtype=np.int64)
        found[rows] = known
        return cls(found, series_texts(values.iloc[rows[first]]).tolist())


def find_keys(frame: pd.DataFrame, further: list[Further]) -> tuple[Further, ...]:
    """The column that tells the series apart, or two that do so only together; none for one series.

    `frame` holds column Fecha, and its rows are those of `further`.
    """
    dates = _dates(frame)
    repeats = len(frame) - len(dates[1])
    if not may_hold_series(len(frame), repeats):
        return ()
    one = find_series(frame, dates, further, repeats)
    return (one,) if one else _find_pair(frame, further, allowed_repeats(len(frame), repeats))


def may_hold_series(rows: int, repeats: int) -> bool:
    """Whether so many repeated dates in so many rows look like several series."""
    return repeats > 0 and (repeats >= _MANY * rows or repeats >= _SOME)


def allowed_repeats(rows: int, repeats: int) -> float:
    """How many rows may repeat a date within its series, in a file of so many rows and repeated dates."""
    return max(FEW_ROWS * rows, min(_FEW_REPEATS * repeats, _SOME))


def find_series(frame: pd.DataFrame, dates: Dates, further: list[Further], repeats: int) -> Further | None:
    """The column (text, or whole numbers) of which each value has hardly any date twice.

    Of several such columns that with the fewest values, of equal ones the first. `repeats` are the rows whose date
    stands again.
    """
    allowed = allowed_repeats(len(frame), repeats)
    found = _fewest_values(dates, further, allowed)
    if found is None and (whole := frame.duplicated()).any():  # rows that were pasted twice prove nothing
        once = (~whole).to_numpy()
        rest = [replace(column, values=column.values[once], known=None) for column in further]
        found = _fewest_values(_dates(frame[once]), rest, allowed)
    found = found or _fewest_values(dates, further, allowed, MOST_EMPTY)
    return next((column for column in further if found and column.name == found.name), None)


def _fewest_values(
    dates: Dates, further: list[Further], allowed: float, empty: float = FEW_ROWS
) -> Further | None:
    """The column with the fewest values of those within which at most `allowed` rows repeat a date."""
    places, per_date = dates
    most = most_values(int(per_date.max()))
    found = None
    for column in further:
        kinds = int(column.places.max(initial=-1)) + 1
        known = column.places >= 0
        if not 1 < kinds <= most or not _may_be_id(column) or (~known).sum() > empty * len(known):
            continue
        if _repeats((places * kinds + column.places)[known]) <= allowed:
            found, most = column, kinds - 1
    return found


def _dates(frame: pd.DataFrame) -> Dates:
    return ranks(day_numbers(frame[DATE].to_numpy()))


def _repeats(keys: Ints) -> int:
    """How many of the numbers, none of them negative, stand once more before."""
    if len(keys) and int(keys.max()) < _DENSE * len(keys):
        return len(keys) - int(np.count_nonzero(np.bincount(keys)))
    return len(keys) - len(pd.unique(keys))


def most_values(busiest: int) -> int:
    """How many values an id may have where the date with the most rows has `busiest`."""
    return _MOST_PER_DATE * busiest


def _find_pair(frame: pd.DataFrame, further: list[Further], allowed: float) -> tuple[Further, ...]:
    """The two columns with the fewest values together within which at most `allowed` rows repeat a date."""
    most = most_values(int(_dates(frame)[1].max()))
    tried = [column for column in further if _may_be_half(column, most)][:MOST_PAIRED]
    found: tuple[Further, ...] = ()
    for pair in combinations(tried, 2):
        table = pd.DataFrame({"date": frame[DATE], **{str(n): one.values for n, one in enumerate(pair)}})
        kinds = len(table[["0", "1"]].drop_duplicates())
        if kinds <= most and int(table.duplicated().sum()) <= allowed:
            found, most = pair, kinds - 1
    return found


def _may_be_half(column: Further, most: int) -> bool:
    """Whether a column may be half of a key: an id of stores or products, but no yes or no."""
    kinds = column.values.nunique()
    flag = column.role == "numeric" and bool(column.values.isin([0, 1]).all())
    return 1 < kinds <= most and not flag and column.missing == 0 and _may_be_id(column)


def _may_be_id(column: Further) -> bool:
    return column.role != "numeric" or bool((column.values.dropna() % 1 == 0).all())


def key_remarks(keys: Sequence[Further], lines: npt.NDArray[np.int64]) -> list[Remark]:
    """What the sender should know of the columns that tell the series apart; `lines` are those of their rows."""

    def empty() -> tuple[int, int]:
        cells = keys[0].values.isna().to_numpy()
        return int(cells.sum()), int(lines[cells][0]) if cells.any() else 0

    return remarks_on_keys([(key.name, key.role) for key in keys], empty)


def remarks_on_keys(keys: Sequence[tuple[str, str]], empty: Callable[[], tuple[int, int]]) -> list[Remark]:
    """The same by names and roles; `empty` counts the rows without a value of the one key, and has the first line."""
    if len(keys) == 2:
        return [remark("series_of_two", first=shown(keys[0][0]), second=shown(keys[1][0]))]
    if not keys:
        return []
    name, role = keys[0]
    if role == "left_out":
        return [remark("series_left_out", column=shown(name))]
    rows, line = empty()
    return [remark("series_empty", column=shown(name), rows=rows, line=line)] if rows else []


def duplicates(frame: pd.DataFrame, further: list[Further], keys: Sequence[Further]) -> Bools:
    """Rows of `frame` that a later row repeats: those of the same date and series, if that is known by `keys`.

    Where texts vary within a date and nothing was found to tell the series apart, only rows that are equal in all
    columns repeat each other.
    """
    if keys:
        return _dates_again(_dates(frame)[0], keys)
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


def _dates_again(dates: Ints, keys: Sequence[Further]) -> Bools:
    """The rows whose date, given by its place, a later row of the same series has too; all of shape (rows,)."""
    known = np.all([column.places >= 0 for column in keys], axis=0)
    numbers = dates
    for column in keys:
        numbers = numbers * (int(column.places.max(initial=0)) + 1) + column.places
    again = np.zeros(len(dates), dtype=bool)
    if _repeats(numbers[known]):  # the look-up of all is dear, and most files need none
        again[known] = pd.Series(numbers[known]).duplicated(keep="last").to_numpy()
    return again
