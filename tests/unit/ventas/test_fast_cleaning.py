"""The quick ways of cleaning give what the plain ones give."""

import csv
import io
import random
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from ventas import parsing, promotion_plan, split
from ventas.cells import _odd_numbers, numbers
from ventas.errors import RejectedUpload
from ventas.fences import _quantile
from ventas.ingest import ingest
from ventas.ordering import (
    by_series_and_day,
    day_numbers,
    gaps,
    in_order_of_appearance,
    once_each,
    ranks,
)
from ventas.promotion_plan import with_plan
from ventas.roles import Roles
from ventas.sample_chain import generate_chain
from ventas.settings import Settings
from ventas.split import _floats_as_text, to_csv_bytes

JUNK = (
    "", "n/d", "-", " ", "NA", "1.234", "1,234", "=1+1", "$ 5", "5 €", "1e3", "-3", "9e99", "1.234,56", "1,234.56",
    "inf", "0x1F", "+5", "5.", ",5", "٣", "1 234", "007", " 7 ", "sí", "31/02/2022", "31/12/9999",
    "123456789012345678,5",
)  # fmt: skip


def odd_file(seed: int) -> bytes:
    """A file of a few shops with junk in any cell, short and long rows, and rows that repeat."""
    rng = random.Random(seed)
    delimiter, decimal = rng.choice([(";", ","), (";", "."), ("\t", ","), (",", ".")])
    shops, rows = rng.choice([1, 3, 9]), []
    for number in range(rng.choice([40, 300])):
        day = date.fromordinal(738000 + number // shops)
        sold = f"{rng.random() * 5000:.2f}".replace(".", decimal)
        cells = [
            day.strftime("%d/%m/%Y"),
            rng.choice("01"),
            rng.choice("0001"),
            sold,
            f"tíenda {number % shops}",
        ]
        cells.append(str(rng.randint(0, 9000)))
        if rng.random() < 0.1:
            cells[rng.randrange(len(cells))] = rng.choice([one for one in JUNK if delimiter not in one])
        if rng.random() < 0.03:
            cells = cells[:-1] if rng.random() < 0.5 else [*cells, "7"]
        rows += [delimiter.join(cells)] * (2 if rng.random() < 0.02 else 1)
    header = delimiter.join(["Fecha", "Promociones", "Festivo", "Ventas", "Tienda", "Clientes"])
    return "\n".join([header, *rows, ""]).encode(rng.choice(["utf-8", "cp1252"]), errors="replace")


def told(path: Path) -> object:
    """All that cleaning gives: the dataset's types and bytes, the bad rows, the report; or the refusal."""
    try:
        found = ingest(path, Settings(_env_file=None, MAX_REJECTED_SHARE=0.6), date(2024, 1, 1))  # type: ignore[call-arg]
    except RejectedUpload as error:
        return error.code, str(error), error.report, error.bad_rows
    return str(found.frame.dtypes.to_dict()), to_csv_bytes(found.frame), found.rejected_csv(), found.report


@pytest.mark.parametrize("seed", range(25))
def test_columns_of_many_values_are_read_as_value_by_value(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(odd_file(seed))
    plain = told(path)
    monkeypatch.setattr(parsing, "_PROBE_ROWS", 4)
    assert told(path) == plain


MARKS = st.sampled_from([",", "."])
TEXTS = st.lists(
    st.from_regex(r"[0-9]{0,16}([.,][0-9]{0,4})?", fullmatch=True) | st.sampled_from(JUNK), min_size=1
)


@budget(deadline=None)
@given(texts=TEXTS, decimal=MARKS)
def test_plain_numbers_are_the_numbers_that_odd_ones_are_read_as(texts: list[str], decimal: str) -> None:
    values = pd.Series(texts, dtype="str").str.strip()
    np.testing.assert_array_equal(numbers(values, decimal), _odd_numbers(values, decimal))  # type: ignore[arg-type]


@budget(deadline=None)
@given(st.lists(st.floats(allow_nan=False) | st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=1))
def test_floats_are_written_as_python_writes_them(values: list[float]) -> None:
    assert _floats_as_text(np.array(values)).to_pylist() == [repr(value) for value in values]


CELLS = st.text(st.sampled_from('a";,\n ñ'), max_size=4)


@budget(deadline=None)
@given(st.lists(st.tuples(CELLS, st.integers(-9, 9)), min_size=1, max_size=9))
def test_a_table_is_written_as_the_csv_module_writes_it(rows: list[tuple[str, int]]) -> None:
    frame = pd.DataFrame(
        {"a": pd.Series([row[0] for row in rows], dtype="str"), "b": [row[1] for row in rows]}
    )
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerows(rows)
    assert to_csv_bytes(frame).decode() == "a,b\n" + buffer.getvalue()


@budget(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-70_000, 70_000)), max_size=40))
def test_rows_are_ordered_as_lexsort_orders_them(rows: list[tuple[int, int]]) -> None:
    series, days = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1))
    np.testing.assert_array_equal(by_series_and_day(series, days), np.lexsort((days, series)))
    np.testing.assert_array_equal(once_each(np.sort(days)), np.unique(days))


PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-9, 9) | st.integers(-400_000, 400_000)), max_size=40
)


@budget(deadline=None)
@given(PAIRS)
def test_ranks_and_gaps_are_those_that_sorting_finds(rows: list[tuple[int, int]]) -> None:
    series, days = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1))
    _, places, counts = np.unique(days, return_inverse=True, return_counts=True)
    for found, expected in zip(ranks(days), (places, counts), strict=True):
        np.testing.assert_array_equal(found, expected)
    pairs = sorted(set(rows))
    missing = [(*one, after) for one, (of, after) in pairwise(pairs) if one[0] == of and after - one[1] > 1]
    np.testing.assert_array_equal(np.column_stack(gaps(series, days)), np.array(missing).reshape(-1, 3))
    appeared, first = in_order_of_appearance(ranks(series)[0])
    codes, values = pd.factorize(series)
    np.testing.assert_array_equal(appeared, codes)
    np.testing.assert_array_equal(series[first], values)
    np.testing.assert_array_equal(day_numbers(days.astype("datetime64[D]").astype("datetime64[s]")), days)
    if (abs(days) < 100_000).all():  # nanoseconds reach no further
        np.testing.assert_array_equal(
            day_numbers(days.astype("datetime64[D]").astype("datetime64[ns]")), days
        )


@budget(deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.sampled_from([0.25, 0.75]))
def test_quartiles_are_those_of_pandas(sales: list[float], share: float) -> None:
    found = _quantile(np.sort(sales), np.array([0]), np.array([len(sales)]), share)
    assert found[0] == pd.Series(sales).groupby(np.zeros(len(sales))).quantile(share).iloc[0]


@pytest.mark.parametrize("piece", [1, 2, 70, 10_000])
def test_a_table_is_written_the_same_in_pieces(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = generate_chain(4, 60, seed=3).frame.astype({"Ventas": "float64"})
    frame.loc[::7, "Ventas"] += 0.25
    whole = to_csv_bytes(frame)
    monkeypatch.setattr(split, "_WRITTEN_ROWS", piece)
    assert to_csv_bytes(frame) == whole


@pytest.mark.parametrize("piece", [1, 61, 150])
def test_promotions_around_a_day_are_the_same_some_series_at_a_time(
    piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = generate_chain(7, 60, seed=3).frame.sample(frac=0.9, random_state=1, ignore_index=True)
    whole = with_plan(frame, Roles("Tienda"))
    monkeypatch.setattr(promotion_plan, "_PART", piece)
    pd.testing.assert_frame_equal(with_plan(frame, Roles("Tienda")), whole)
