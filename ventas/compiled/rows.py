"""One question as a row of `SalesMatrix`: the same numbers, in a list."""

import math
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from ventas import days
from ventas.contract import HOLIDAY, PROMOTION, WEEKDAY
from ventas.matrix import LONGEST_PLAN, SalesMatrix
from ventas.opening import LONGEST_MONTH
from ventas.target_statistics import CELLS, DAY_TYPES, Rows

Row = list[float]
UNKNOWN = math.nan
KEPT_DAYS = 4096
_EPOCH = date(1970, 1, 1).toordinal()


class RowReader:
    """Reads the raw columns of one question as a fitted `SalesMatrix` does; safe to use from several threads."""

    def __init__(self, features: SalesMatrix):
        columns = features.columns_
        self._series, self._open = columns.series, columns.open
        usual = getattr(columns, "usually_open_", None)
        self._usually_open = None if usual is None else usual.tolist()
        self._closed_dates = [] if usual is None else np.flatnonzero(columns.closed_dates_).tolist()
        self._codes = {str(text): place for place, text in enumerate(columns.series_values_.tolist())}
        self._further = [*_numbers(columns), *_texts(columns), *_departures(columns)]
        self._plan = [str(name) for name in features.plan_names_]
        self._calendar = features.calendar_ if features.calendar else None
        self._days: dict[int, Row] = {}
        self._statistics = _statistics(features) if features.statistics else None

    def series_text(self, columns: Mapping[str, Any]) -> str:
        """The series as text, as `Roles.series_of` writes it; raises UnicodeError for one that no text can hold."""
        value = columns.get(self._series, "") if self._series else ""
        if isinstance(value, str):
            value.encode()
            return value
        return str(int(value)) if float(value).is_integer() else repr(float(value))

    def knows_series(self, columns: Mapping[str, Any]) -> bool:
        """Whether training held the series, as `ServedModel.series_known`."""
        return self._code(columns) is not None

    def assumes_closed(self, columns: Mapping[str, Any], day: int | None) -> bool:
        """Whether the question is answered as a closed day without saying so, as `ServedModel.closed_assumed`."""
        if not self._open or self._open in columns:
            return False
        return not self._is_open(columns, self._code(columns), day)

    def read(self, columns: Mapping[str, Any], day: int | None) -> Row:
        """The row of one question; `day` is the number of days since 1970-01-01, None where it is unknown."""
        code = self._code(columns)
        weekday, promotion, holiday = (float(columns[name]) for name in (WEEKDAY, PROMOTION, HOLIDAY))
        row = [
            float(self._is_open(columns, code, day)),
            UNKNOWN,
            UNKNOWN if day is None else float(day),
            UNKNOWN if code is None else float(code),
            weekday,
            promotion,
            holiday,
        ]
        for read in self._further:
            row += read(columns, code)
        for name in self._plan:
            row.append(min(max(float(columns[name]), 0.0), LONGEST_PLAN) if name in columns else UNKNOWN)
        if self._calendar is not None:
            row += self._of_day(day, holiday)
        if self._statistics is not None:
            self._tell(row, code, day)
        return row

    def _is_open(self, columns: Mapping[str, Any], code: int | None, day: int | None) -> bool:
        """As `RawColumns.expected_open`."""
        if self._open in columns:
            return bool(columns[self._open] != 0)
        if self._usually_open is None:
            return True
        usual = self._usually_open[0 if code is None else code + 1]
        if not usual[int(columns[WEEKDAY]) - 1][columns[HOLIDAY] > 0]:
            return False
        if day is None or not self._closed_dates:
            return True
        asked = date.fromordinal(day + _EPOCH)
        return asked.month * LONGEST_MONTH + asked.day - 1 not in self._closed_dates  # as `date_places`

    def _code(self, columns: Mapping[str, Any]) -> int | None:
        if not self._series:
            return 0
        return self._codes.get(self.series_text(columns)) if self._series in columns else None

    def _of_day(self, day: int | None, holiday: float) -> Row:
        if day is None:
            return [UNKNOWN] * len(days.NAMES)
        found = self._days.get(day)
        if found is None:
            if len(self._days) >= KEPT_DAYS:
                self._days = {}
            assert self._calendar is not None
            found = self._calendar.transform(np.array([day], dtype=np.float64), np.zeros(1))[0].tolist()
            self._days[day] = found
        return [*found[:_SINCE_HOLIDAY], 0.0, 0.0] if holiday > 0 else found

    def _tell(self, row: Row, code: int | None, day: int | None) -> None:
        """What sales were before; the first of it is the base."""
        assert self._statistics is not None
        table, last, horizon = self._statistics
        place = (0 if code is None else code + 1) * CELLS + cell_of(row)
        told: Row = table[place].tolist()
        row[1] = math.expm1(told[0])
        row += told
        row.append(UNKNOWN if day is None else min(max(day - last, 0.0), horizon))


_SINCE_HOLIDAY = days.NAMES.index("since_holiday")
Read = Callable[[Mapping[str, Any], int | None], Row]


def cell_of(row: Row) -> int:
    """Day type and promotion of a row of the matrix as one number below CELLS, as `Rows.cells`."""
    day_type = DAY_TYPES - 1 if row[6] > 0 else int(row[4]) - 1
    return day_type * 2 + (row[5] > 0)


def all_cells(series_count: int) -> Rows:
    """A row for each series, the unknown one first, and in it for each cell; without a date."""
    cells = np.arange(CELLS)
    holiday = (cells // 2 == DAY_TYPES - 1).astype(np.float64)
    weekday = np.where(holiday > 0, 1.0, cells // 2 + 1)
    series = np.repeat(np.array([UNKNOWN, *range(series_count)]), CELLS)
    each = (
        np.tile(column, series_count + 1) for column in (weekday, (cells % 2).astype(np.float64), holiday)
    )
    return Rows(np.full(len(series), UNKNOWN), series, *each)


def _statistics(features: SalesMatrix) -> tuple[npt.NDArray[np.float64], float, float]:
    known = features.statistics_
    table = known.transform(all_cells(features.columns_.series_count))[:, :-1]
    return np.ascontiguousarray(table), float(known.last_), float(known.horizon_)


def _numbers(columns: Any) -> list[Read]:
    return [_number(*known) for known in _number_columns(columns)]


def _number_columns(columns: Any) -> list[tuple[str, float, float, float, Row]]:
    """Name, median, low, high, and what is taken for each series where nothing is told."""
    medians = columns.numeric_medians_
    usual = getattr(columns, "absent_numbers_", np.empty((len(medians), 0)))
    parts = (columns.numeric_names_, medians, columns.numeric_lows_, columns.numeric_highs_, usual)
    return list(zip(*(part.tolist() for part in parts), strict=True))


def _number(name: str, median: float, low: float, high: float, usual: Row) -> Read:
    def read(columns: Mapping[str, Any], code: int | None) -> Row:
        if name in columns:
            return [min(max(float(columns[name]), low), high)]
        return [median if code is None or not usual else usual[code]]

    return read


def _departures(columns: Any) -> list[Read]:
    numbers = _number_columns(columns)
    return [
        _departure(_number(*numbers[int(place)]), usual.tolist())
        for place, usual in zip(columns.changing_, columns.usual_, strict=True)
    ]


def _departure(number: Read, usual: Row) -> Read:
    def read(columns: Mapping[str, Any], code: int | None) -> Row:
        return [UNKNOWN if code is None else number(columns, code)[0] - usual[code]]

    return read


def _texts(columns: Any) -> list[Read]:
    found = []
    names = list(dict.fromkeys(columns.text_columns_.tolist()))
    fixed = getattr(columns, "fixed_texts_", np.full((len(names), 0), UNKNOWN))
    for name, places in zip(names, fixed.tolist(), strict=True):
        own = columns.text_columns_ == name
        values = columns.text_values_[own].tolist()
        usual = [None if math.isnan(place) else values[int(place)] for place in places]
        found.append(_text(name, values, columns.text_common_[own].tolist(), usual))
    return found


def _text(name: str, values: list[str], common: list[bool], usual: list[str | None]) -> Read:
    """The code of a text where not all have a column of their own, then those columns.

    `usual` are the texts of the series, for rows that tell none.
    """
    several = [] if all(common) else [(len(values) - 1) / 2]
    absent = several + [0.0] * sum(common)
    rows = {
        value: ([float(place)] if several else [])
        + [float(other == place) for other, own in enumerate(common) if own]
        for place, value in enumerate(values)
    }

    def read(columns: Mapping[str, Any], code: int | None) -> Row:
        if name in columns or code is None or not usual:
            return rows.get(columns.get(name, ""), absent)
        return rows.get(usual[code] or "", absent)

    return read
