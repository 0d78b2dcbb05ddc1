"""The 70/30 split of a clean table, outliers out of train, and the CSV in which datasets are kept."""

import io
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ventas.contract import DATE, DATE_DTYPE, HOLIDAY, PROMOTION, TARGET, WEEKDAY, refused
from ventas.dialect import split_header
from ventas.fences import Fences, find_fences
from ventas.ordering import day_numbers, once_each, stable_order
from ventas.quality import EXAMPLES, Report, empty_report, rejection
from ventas.roles import Roles
from ventas.settings import Settings

# R2 of a single test row is undefined.
_MIN_TEST = 2
_PLAIN = (1e-4, 1e9)  # fractions that Arrow writes as Python does
_WRITTEN_ROWS = 1 << 17
_INTEGERS = (WEEKDAY, PROMOTION, HOLIDAY)
_JUDGED = (*_INTEGERS, TARGET)  # what tells an outlier, with series and open
# More than header and first row can take: MAX_COLUMNS names and cells, and the longest text in a cell.
_HEAD_BYTES = 8 << 20
_CELL = re.compile(r'("(?:[^"]|"")*"|[^",\n]*)(?:,|\n|$)')

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Train and test rows, the outliers taken out of train, and the fences that they lay outside, by `roles`.

    `test_outliers` is the number of test rows outside the same fences; they stay in test.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    outliers: pd.DataFrame
    fences: Fences
    roles: Roles
    test_outliers: int = 0

    @property
    def report(self) -> Report:
        """The quality report's part about the split: sizes and dates of train and test, and the outliers."""
        parts = (("train", self.train), ("test", self.test))
        return {
            "split": {name: {"rows": len(part), **_first_and_last(part)} for name, part in parts},
            "outliers": outliers_report(self),
        }


def split(frame: pd.DataFrame, settings: Settings, roles: Roles = Roles()) -> Split:  # noqa: B008 - frozen
    """Split a clean table as SPLIT, TEST_SHARE and SEED say, and take outliers out of train.

    `time`: rows are sorted by date and the last TEST_SHARE of the distinct dates (rounded up) are test. `random`:
    the rows, in the order, that scikit-learn's train_test_split gives. Outliers are judged within each series.
    Raises RejectedUpload (`too_few_rows`) when test, or train for its CV_FOLDS folds, would be too small.
    """
    if settings.SPLIT == "time":
        train, test = _by_time(frame, settings.TEST_SHARE)
    else:
        train, test = _at_random(frame, settings.TEST_SHARE, settings.SEED)
    judged = frame[[name for name in frame if name in (*_JUDGED, roles.series, roles.open)]]
    fences = find_fences(judged.take(train), settings.OUTLIER_IQR_FACTOR, roles)
    outside, test_outside = (fences.outside(judged.take(rows), roles) for rows in (train, test))
    del judged
    parts = [frame.take(rows).reset_index(drop=True) for rows in (train[~outside], test, train[outside])]
    found = Split(parts[0], parts[1], parts[2], fences, roles, int(test_outside.sum()))
    _check_enough(found, settings)
    return found


def outliers_report(found: Split) -> Report:
    """Counts and shares of the outliers in train and in test, the fences, and the first 20 of train's.

    With several series each has fences of its own: `low` and `high` are None, and the examples name their series.
    """
    rows = len(found.train) + len(found.outliers)
    several = bool(len(found.fences.lows))
    return {
        "count": len(found.outliers),
        "share": len(found.outliers) / rows if rows else 0.0,
        "test_count": found.test_outliers,
        "test_share": found.test_outliers / len(found.test) if len(found.test) else 0.0,
        "low": None if several else found.fences.low,
        "high": None if several else found.fences.high,
        "examples": _outlier_examples(found.outliers.head(EXAMPLES), found.roles),
    }


def _outlier_examples(first: pd.DataFrame, roles: Roles) -> list[Report]:
    return [
        {"date": str(day), "value": float(value)} | ({"series": series} if series else {})
        for day, value, series in zip(first[DATE].dt.date, first[TARGET], roles.series_of(first), strict=True)
    ]


def _first_and_last(part: pd.DataFrame) -> Report:
    return {"first": str(part[DATE].min().date()), "last": str(part[DATE].max().date())}


def _by_time(frame: pd.DataFrame, share: float) -> tuple[Places, Places]:
    """The places of train's rows and of test's, in order of date."""
    days = day_numbers(frame[DATE].to_numpy())
    order = stable_order(days)
    days = days[order]
    dates = once_each(days)
    cut = len(dates) - _test_count(len(dates), share)
    rows = int(np.searchsorted(days, dates[cut])) if cut > 0 else 0
    return order[:rows], order[rows:]


def _at_random(frame: pd.DataFrame, share: float, seed: int) -> tuple[Places, Places]:
    """The legacy generator is frozen (NEP 19), and it is the one scikit-learn draws from."""
    order = np.random.RandomState(seed).permutation(len(frame))
    count = _test_count(len(frame), share)
    return order[count:], order[:count]


def _test_count(total: int, share: float) -> int:
    return math.ceil(share * total)


def _check_enough(found: Split, settings: Settings) -> None:
    unit = "dates" if settings.SPLIT == "time" else "rows"
    train, test = (
        part[DATE].nunique() if settings.SPLIT == "time" else len(part) for part in (found.train, found.test)
    )
    needed = settings.CV_FOLDS + 1
    if train < needed or test < _MIN_TEST:
        error = refused(
            f"The split leaves {train} {unit} to train and {test} to test; at least {needed} and {_MIN_TEST} are "
            "needed. Upload more days of sales.",
            "too_few_rows",
            train=train,
            test=test,
        )
        rows = len(found.train) + len(found.test) + len(found.outliers)
        raise rejection(error, {**empty_report(), "rows_in": rows, "rows_kept": rows})


def to_csv_bytes(frame: pd.DataFrame) -> bytes:
    """A clean table as canonical CSV: UTF-8, comma, point, ISO dates, `\\n`; `read_dataset` gives it back exactly.

    Text cells are always in quotation marks, also where missing (`""`), and numbers never: so any CSV reader can
    read the file, and the first row tells which columns are text. An empty text is the same as a missing one.
    """
    return b"".join(csv_parts(frame))


def csv_parts(frame: pd.DataFrame) -> "Iterator[bytes | memoryview[int]]":
    """The text of `to_csv_bytes` piece by piece, so that nobody need hold it whole."""
    header = ",".join(_header_cell(str(name)) for name in frame)
    yield f"{header}\n".encode()
    for start in range(0, len(frame), _WRITTEN_ROWS):
        part = frame.iloc[start : start + _WRITTEN_ROWS]
        cells = [_rendered(part[name]) for name in part]
        cells[-1] = _concatenated(cells[-1], "\n")
        yield _joined(pc.binary_join_element_wise(*cells, pa.scalar(",", pa.large_string())))


def read_dataset(source: bytes | Path) -> pd.DataFrame:
    """The table that `to_csv_bytes` wrote, with the same dtypes and values."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    start, options = _layout(data)
    return _dated(pd.read_csv(io.BytesIO(data[start:]), **options))


def dataset_parts(path: Path, columns: Collection[str], rows: int) -> Iterator[pd.DataFrame]:
    """Some columns of a file that `to_csv_bytes` wrote, DATE among them, at most `rows` rows at a time."""
    with path.open("rb") as file:
        start, options = _layout(file.read(_HEAD_BYTES))
        file.seek(start)
        with pd.read_csv(file, **options, usecols=list(columns), chunksize=rows) as parts:
            for part in parts:
                yield _dated(part)


def _layout(head: bytes) -> tuple[int, dict[str, Any]]:
    """Where the rows begin, and how pandas reads them; `head` must hold the header and the first row."""
    header_end = _record_end(head)
    names = split_header(head[:header_end].decode(), ",")
    first = _first_cells(head[header_end + 1 :], len(names))
    texts = {name for name, cell in zip(names, first, strict=False) if cell.startswith('"')}
    options = {
        "header": None,
        "names": names,
        "dtype": {name: _dtype(name, texts) for name in names},
        "keep_default_na": False,
        "na_values": [""],
        "lineterminator": "\n",
        "index_col": False,
    }
    return header_end + 1, options


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    frame[DATE] = frame[DATE].to_numpy(dtype=DATE_DTYPE)
    return frame


def _dtype(name: str, texts: set[str]) -> str:
    if name in _INTEGERS:
        return "int64"
    return "str" if name in texts or name == DATE else "float64"


def _record_end(data: bytes) -> int:
    """Offset of the line end after the first record."""
    end = data.index(b"\n")
    while data.count(b'"', 0, end) % 2:
        end = data.index(b"\n", end + 1)
    return end


def _first_cells(body: bytes, count: int) -> list[str]:
    if not body:
        return []
    text = body[: _record_end(body)].decode()
    return [match[1] for match, _ in zip(_CELL.finditer(text), range(count), strict=False)]


def _header_cell(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if re.search('[",\n]', name) else name


def _rendered(column: "pd.Series[Any]") -> pa.LargeStringArray:
    """The cells of one column as text, each distinct value made once."""
    codes, values = pd.factorize(column)
    if pd.api.types.is_datetime64_dtype(column.dtype):
        cells = pa.array(np.datetime_as_string(np.asarray(values, dtype="datetime64[D]")), pa.large_string())
    elif pd.api.types.is_integer_dtype(column.dtype):
        cells = pc.cast(pa.array(np.asarray(values)), pa.large_string())
    elif pd.api.types.is_numeric_dtype(column.dtype):
        cells = _floats_as_text(np.asarray(values, dtype=np.float64))
    else:
        cells = _quoted(pa.array(values.to_numpy(dtype=object), pa.large_string()))
    missing = '""' if isinstance(column.dtype, pd.StringDtype) else ""
    places = pa.array(np.where(codes < 0, len(cells), codes))
    return pa.concat_arrays([cells, pa.array([missing], pa.large_string())]).take(places)


def _floats_as_text(values: npt.NDArray[np.float64]) -> pa.LargeStringArray:
    """As Python's `repr` has them; Arrow, which is quicker, has the same for fractions of ordinary size."""
    size = np.abs(values)
    plain = (size >= _PLAIN[0]) & (size < _PLAIN[1]) & (np.trunc(values) != values)
    cells = np.empty(len(values), dtype=object)
    cells[plain] = pc.cast(pa.array(values[plain]), pa.large_string()).to_numpy(zero_copy_only=False)
    cells[~plain] = [repr(value) for value in values[~plain].tolist()]
    return pa.array(cells, pa.large_string())


def _joined(lines: pa.LargeStringArray) -> memoryview:
    """The bytes of all texts one after the other, of an array without missing ones; no copy."""
    _, offsets, data = lines.buffers()
    first, last = np.frombuffer(offsets, dtype=np.int64)[[lines.offset, lines.offset + len(lines)]]
    return memoryview(data)[first:last]


def _quoted(text: Any) -> Any:
    return _concatenated('"', pc.replace_substring(text, '"', '""'), '"')


def _concatenated(*parts: Any) -> Any:
    """Arrow's texts, or single ones, side by side."""
    text = [
        part if isinstance(part, pa.Array) else pa.scalar(part, pa.large_string()) for part in (*parts, "")
    ]
    return pc.binary_join_element_wise(*text)
