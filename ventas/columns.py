"""The raw columns of a sales table as numbers: what a model knows of each column, and how it reads one row.

Fitted attributes are numpy arrays and scalars only, which skops can save; the import path of this class is part of
the contract, for old champions must load.
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator

from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET, WEEKDAY
from ventas.opening import date_places, learn_closed_dates, learn_opening
from ventas.promotion_plan import PLAN_COLUMNS
from ventas.roles import says_open, series_texts

Matrix = npt.NDArray[np.float64]
# Forests compute in float32: a number beyond its range is an error to them.
LARGEST = 1e30
# Of a text of more values only so many, the commonest, have a column of their own; the others share its number.
MAX_ONE_HOT = 12


class RawColumns(BaseEstimator):  # type: ignore[misc]
    """What training saw in each column.

    Parameters
    ----------
    series: the column that tells the series apart, "" where there is one series.
    open: the 0/1 column that says whether a series was open, "" where there is none.
    """

    def __init__(self, series: str = "", open: str = ""):
        self.series = series
        self.open = open

    def fit(self, X: pd.DataFrame) -> Self:
        """Learn names, ranges and texts. Sales are not looked at: later ones must tell a row nothing."""
        special = (DATE, WEEKDAY, PROMOTION, HOLIDAY, TARGET, self.series, self.open, *PLAN_COLUMNS)
        known = [str(name) for name in X.columns if name not in special and X[name].notna().any()]
        numeric = [name for name in known if pd.api.types.is_numeric_dtype(X[name])]
        self._learn_numbers(X, numeric)
        self._learn_texts(X, [name for name in known if name not in numeric])
        self._learn_series(X)
        self._learn_fixed(X)
        self._learn_usual(X)
        self._learn_opening(X)
        return self

    def _learn_numbers(self, X: pd.DataFrame, names: list[str]) -> None:
        self.numeric_names_ = np.array(names, dtype=np.str_)
        columns = [X[name].astype(np.float64).dropna().clip(-LARGEST, LARGEST) for name in names]
        self.numeric_medians_ = np.array([column.median() for column in columns], dtype=np.float64)
        self.numeric_lows_ = np.array([column.min() for column in columns], dtype=np.float64)
        self.numeric_highs_ = np.array([column.max() for column in columns], dtype=np.float64)
        self.numeric_whole_ = np.array([bool((column % 1 == 0).all()) for column in columns], dtype=np.bool_)

    def _learn_texts(self, X: pd.DataFrame, names: list[str]) -> None:
        found = [(name, *one) for name in names for one in _texts_and_whether_common(X[name])]
        self.text_columns_ = np.array([name for name, _, _ in found], dtype=np.str_)
        self.text_values_ = np.array([text for _, text, _ in found], dtype=np.str_)
        self.text_common_ = np.array([common for _, _, common in found], dtype=np.bool_)

    def _learn_series(self, X: pd.DataFrame) -> None:
        texts = series_texts(X[self.series]) if self.series in X else pd.Series([], dtype="str")
        self.series_values_ = np.array(sorted(set(texts) - {""}), dtype=np.str_)
        self.series_is_number_ = bool(self.series in X and pd.api.types.is_numeric_dtype(X[self.series]))

    def _learn_fixed(self, X: pd.DataFrame) -> None:
        """Columns of which each series has one value, such as its region: a row that names the series has it too.

        `fixed_numbers_` (numeric columns, series) and `fixed_texts_` (text columns, series; places among the values)
        are NaN where there is no such value. `absent_numbers_`, of the first's shape, are for rows that tell none.
        """
        names = [name for name, _, _ in self._texts()]
        self.fixed_numbers_ = np.full((len(self.numeric_names_), self.series_count), np.nan)
        self.fixed_texts_ = np.full((len(names), self.series_count), np.nan)
        self.absent_numbers_ = np.tile(self.numeric_medians_[:, None], self.series_count)
        if self.series_count < 2:
            return
        codes = self.series_codes(X)
        for place in range(len(self.numeric_names_)):
            self.fixed_numbers_[place] = _only_values(codes, self._given(X, place), self.series_count)
        for place, (name, texts, _) in enumerate(self._texts()):
            given = _places(X[name].astype("str").fillna(""), texts)
            self.fixed_texts_[place] = _only_values(codes, given, self.series_count)
        known = np.isfinite(self.fixed_numbers_)
        self.absent_numbers_[known] = self.fixed_numbers_[known]

    def fixed_names(self) -> list[str]:
        """Columns that follow from the series; none in champions made before they were learnt."""
        if not hasattr(self, "fixed_numbers_"):
            return []
        names = [*self.numeric_names_.tolist(), *(name for name, _, _ in self._texts())]
        values = np.concatenate([self.fixed_numbers_, self.fixed_texts_])
        return [
            str(name) for name, known in zip(names, np.isfinite(values).any(axis=1), strict=True) if known
        ]

    def _learn_usual(self, X: pd.DataFrame) -> None:
        """Each number's mean in each series, where it changes within one: a price says most beside the usual one."""
        usual: dict[int, Matrix] = {}
        if self.series_count > 1:
            series = self.series_codes(X)
            known = np.isfinite(series)
            codes = series[known].astype(np.int64)
            counts = np.maximum(np.bincount(codes, minlength=self.series_count), 1)
            for place in range(len(self.numeric_names_)):
                values = self._number(X, place, series)[known]
                mean = np.bincount(codes, values, self.series_count) / counts
                if np.abs(values - mean[codes]).max() > 1e-9 * max(1.0, np.abs(values).max()):
                    usual[place] = mean
        self.changing_ = np.array(list(usual), dtype=np.int64)
        self.usual_ = np.array(list(usual.values()), dtype=np.float64).reshape(len(usual), self.series_count)
        for place, mean in usual.items():
            if not self._is_flag(place):  # of which a mean is no value
                self.absent_numbers_[place] = mean

    def _learn_opening(self, X: pd.DataFrame) -> None:
        """The usual opening; absent where nothing is told of it, as in champions made before it was learnt."""
        if not self.open or self.open not in X or DATE not in X:
            return
        day = X[DATE].to_numpy(dtype="datetime64[D]").astype(np.int64).astype(np.float64)
        weekday, holiday = (X[name].to_numpy(dtype=np.float64) for name in (WEEKDAY, HOLIDAY))
        codes = self.series_codes(X)
        opened = self.opened(X) > 0
        self.usually_open_ = learn_opening(opened, codes, self.series_count, day, weekday, holiday)
        usual = self._usual_opening(codes, weekday, holiday)
        self.closed_dates_ = learn_closed_dates(opened, usual, day)

    @property
    def series_count(self) -> int:
        """How many series training held, at least one."""
        return max(1, len(self.series_values_))

    def series_codes(self, X: pd.DataFrame) -> Matrix:
        """The place of each row's series among those of training, NaN where it is unknown; 0 if there is one."""
        if not self.series:
            return np.zeros(len(X))
        if self.series not in X:
            return np.full(len(X), np.nan)
        return _places(series_texts(X[self.series]), self.series_values_)

    def opened(self, X: pd.DataFrame) -> Matrix:
        """1 for rows of open days, 0 for closed ones; open where nothing is said."""
        if not self.open or self.open not in X:
            return np.ones(len(X))
        return np.asarray(pd.to_numeric(X[self.open], errors="coerce") != 0, dtype=np.float64)

    def expected_open(
        self, X: pd.DataFrame, day: Matrix, series: Matrix, weekday: Matrix, holiday: Matrix
    ) -> npt.NDArray[np.bool_]:
        """Open days, shape (rows,); where a row does not say it, as is usual of its series on such a day."""
        opened, silent = self.opened(X) > 0, ~says_open(X, self.open)
        if hasattr(self, "usually_open_") and silent.any():
            usual = self._usual_opening(series, weekday, holiday) & ~self.closed_dates_[date_places(day)]
            opened = np.where(silent, usual, opened)
        return opened

    def _usual_opening(self, series: Matrix, weekday: Matrix, holiday: Matrix) -> npt.NDArray[np.bool_]:
        codes = np.where(np.isfinite(series), series + 1, 0).astype(np.int64)
        usual = self.usually_open_[codes, weekday.astype(np.int64) - 1, (holiday > 0).astype(np.int64)]
        return np.asarray(usual, dtype=np.bool_)

    def values(self, X: pd.DataFrame, series: Matrix) -> Matrix:
        """The further columns, shape (rows, len(names())): numbers within training's range, texts as codes.

        Then how far each number is from its series' mean, where it changes; NaN where the series is unknown.
        """
        columns = [self._number(X, place, series) for place in range(len(self.numeric_names_))]
        for at, (name, texts, common) in enumerate(self._texts()):
            codes = self._text_codes(X, at, name, texts, series)
            if not common.all():
                columns.append(np.where(np.isnan(codes), (len(texts) - 1) / 2, codes))
            columns += [(codes == place).astype(np.float64) for place in np.flatnonzero(common)]
        columns += self._departures(X, series)
        return np.column_stack(columns) if columns else np.empty((len(X), 0))

    def names(self) -> list[str]:
        """Names of `values`' columns; one of a text's value is `column=value`."""
        names = self.numeric_names_.tolist()
        for name, texts, common in self._texts():
            names += [] if common.all() else [name]
            names += [f"{name}={text}" for text in texts[common]]
        names += [f"{name} beside usual" for name in self.numeric_names_[self.changing_]]
        return [str(name) for name in names]

    def _departures(self, X: pd.DataFrame, series: Matrix) -> list[Matrix]:
        known = np.isfinite(series)
        codes = np.where(known, series, 0).astype(np.int64)
        return [
            np.where(known, self._number(X, int(place), series) - mean[codes], np.nan)
            for place, mean in zip(self.changing_, self.usual_, strict=True)
        ]

    def _texts(self) -> list[tuple[str, npt.NDArray[np.str_], npt.NDArray[np.bool_]]]:
        """Each text column's name, its values, and which of them have a column of their own."""
        names = dict.fromkeys(self.text_columns_.tolist())
        own = [(name, self.text_columns_ == name) for name in names]
        return [(name, self.text_values_[rows], self.text_common_[rows]) for name, rows in own]

    def _text_codes(
        self, X: pd.DataFrame, place: int, name: str, texts: npt.NDArray[np.str_], series: Matrix
    ) -> Matrix:
        """Places of a column's texts, NaN for unknown ones; where there is none, that of the series."""
        if name not in X:
            return _of_series(self, "fixed_texts_", place, series)
        codes, absent = _places(X[name].astype("str").fillna(""), texts), X[name].isna().to_numpy(dtype=bool)
        return (
            np.where(absent, _of_series(self, "fixed_texts_", place, series), codes)
            if absent.any()
            else codes
        )

    def _number(self, X: pd.DataFrame, place: int, series: Matrix) -> Matrix:
        """Numbers within the range of training; where there is none, that of the series, else the median."""
        values = self._given(X, place)
        absent = ~np.isfinite(values)
        if not absent.any():
            return values
        usual = _of_series(self, "absent_numbers_", place, series)
        usual = np.where(np.isfinite(usual), usual, self.numeric_medians_[place])
        return np.asarray(np.where(absent, usual, values), dtype=np.float64)

    def _is_flag(self, place: int) -> bool:
        bounds = self.numeric_lows_[place], self.numeric_highs_[place]
        return bool(self.numeric_whole_[place]) and bounds == (0, 1)

    def _given(self, X: pd.DataFrame, place: int) -> Matrix:
        """Numbers of a column within the range of training, NaN where there is none."""
        name = str(self.numeric_names_[place])
        if name not in X.columns:
            return np.full(len(X), np.nan)
        values = pd.to_numeric(X[name], errors="coerce").to_numpy(dtype=np.float64)
        bounded = np.clip(values, self.numeric_lows_[place], self.numeric_highs_[place])
        return np.asarray(np.where(np.isfinite(values), bounded, np.nan), dtype=np.float64)


def _of_series(columns: RawColumns, attribute: str, place: int, series: Matrix) -> Matrix:
    """The one value that each row's series has of a column, NaN where there is none; older champions know none."""
    fixed = getattr(columns, attribute, None)
    if fixed is None:
        return np.full(len(series), np.nan)
    known = np.isfinite(series)
    return np.asarray(np.where(known, fixed[place][np.where(known, series, 0).astype(np.int64)], np.nan))


def _only_values(codes: Matrix, values: Matrix, count: int) -> Matrix:
    """The value of each of `count` series, NaN where it has none; all NaN where some series has several."""
    known = np.isfinite(codes) & np.isfinite(values)
    at, given = codes[known].astype(np.int64), values[known]
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, at, given)
    np.maximum.at(high, at, given)
    if (high > low).any():
        return np.full(count, np.nan)
    return np.where(np.isfinite(low), low, np.nan)


def _texts_and_whether_common(column: "pd.Series[Any]") -> list[tuple[str, bool]]:
    """The texts of a column by name, and whether each is among the MAX_ONE_HOT commonest."""
    counts = column.dropna().astype("str").value_counts()
    by_count = sorted(counts.index, key=lambda text: (-int(counts[text]), text))
    common = set(by_count[:MAX_ONE_HOT])
    return [(text, text in common) for text in sorted(by_count)]


def _places(texts: "pd.Series[str]", known: npt.NDArray[np.str_]) -> Matrix:
    """The place of each text in `known`, NaN where it is not there; in one look at the distinct values."""
    codes, distinct = pd.factorize(texts)
    places = pd.Index(known.astype(object)).get_indexer(pd.Index(distinct).astype(object))
    found = np.append(np.where(places < 0, np.nan, places), np.nan)
    return np.asarray(found[codes], dtype=np.float64)
