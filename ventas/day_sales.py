"""What was sold on each day, of a dataset as `etl` left it, held in a few bytes a row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET
from ventas.roles import Roles
from ventas.split import dataset_parts

_EPOCH = date(1970, 1, 1).toordinal()
_PART = 100_000  # rows of a file in memory at a time


@dataclass(frozen=True)
class DaySale:
    """The sales of one day, of one series or summed over all.

    `promotion` and `holiday` are the share of its rows that had one: 0 or 1 where there is one series.
    """

    date: date
    sales: float
    promotion: float
    holiday: float
    series: int


@dataclass(frozen=True)
class DaySales:
    """The sales of a dataset in order of date; all arrays have the shape (rows,), some 18 bytes a row.

    days: since 1970. codes: the place of each row's series in `series`, which is [""] where there is one.
    """

    series: tuple[str, ...]
    days: npt.NDArray[np.int32]
    codes: npt.NDArray[np.int32]
    sales: npt.NDArray[np.float64]
    promotion: npt.NDArray[np.bool_]
    holiday: npt.NDArray[np.bool_]

    def between(self, first: date | None, last: date | None, series: str | None) -> list[DaySale]:
        """The days from `first` to `last`, newest first, of one series or summed over all.

        Raises KeyError where the dataset has no such series.
        """
        start, end = np.searchsorted(self.days, [_number(first, -1), _number(last, 1) + 1])
        rows = np.arange(start, end)
        if series is not None:
            rows = rows[self.codes[rows] == self._code(series)]
        return list(self._summed(rows))[::-1]

    def _code(self, series: str) -> int:
        if series not in self.series:
            raise KeyError(series)
        return self.series.index(series)

    def _summed(self, rows: npt.NDArray[np.int64]) -> Iterator[DaySale]:
        days, places = np.unique(self.days[rows], return_inverse=True)
        counts = np.bincount(places)
        sums = [
            np.bincount(places, weights=values[rows]) for values in (self.sales, self.promotion, self.holiday)
        ]
        for day, count, sales, promotion, holiday in zip(days.tolist(), counts, *sums, strict=True):
            told = float(sales), float(promotion / count), float(holiday / count), int(count)
            yield DaySale(date.fromordinal(_EPOCH + day), *told)


def _number(day: date | None, otherwise: int) -> int:
    """Days since 1970; without a date, before (-1) or after (1) all of them."""
    return otherwise * 10_000_000 if day is None else day.toordinal() - _EPOCH


def day_sales(files: Sequence[Path], roles: Roles) -> DaySales:
    """The sales in some files of one dataset, read a part at a time."""
    codes: dict[str, int] = {}
    parts = [_compact(part, roles, codes) for file in files for part in _read(file, roles)]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(whole["days"], kind="stable")
    return DaySales(series=tuple(codes), **{name: values[order] for name, values in whole.items()})


def _read(file: Path, roles: Roles) -> Iterator[pd.DataFrame]:
    columns = [DATE, PROMOTION, HOLIDAY, TARGET, *([roles.series] if roles.series else [])]
    return dataset_parts(file, columns, _PART)


def _compact(part: pd.DataFrame, roles: Roles, codes: dict[str, int]) -> dict[str, npt.NDArray[Any]]:
    """One part as the arrays of DaySales; series that are new get the next code in `codes`."""
    places, names = pd.factorize(roles.series_of(part))
    known = [codes.setdefault(str(name), len(codes)) for name in names]
    return {
        "days": part[DATE].to_numpy().astype("datetime64[D]").astype(np.int32),
        "codes": np.array(known, dtype=np.int32)[places],
        "sales": part[TARGET].to_numpy(dtype=np.float64),
        "promotion": part[PROMOTION].to_numpy(dtype=bool),
        "holiday": part[HOLIDAY].to_numpy(dtype=bool),
    }
