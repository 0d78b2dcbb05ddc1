"""Each raw column is read alike in training and afterwards, whatever is asked."""

import numpy as np
import pandas as pd
import pytest
from model_frames import frame

from ventas.columns import LARGEST, MAX_ONE_HOT, RawColumns

DATES = pd.date_range("2024-01-01", periods=4)


def _values(columns: RawColumns, rows: pd.DataFrame) -> dict[str, list[float]]:
    told = columns.values(rows, columns.series_codes(rows))
    return dict(zip(columns.names(), told.T.tolist(), strict=True))


def test_a_gap_in_a_number_gets_the_median_and_others_stay_within_what_training_saw() -> None:
    columns = RawColumns().fit(frame(DATES, Precio=[1.0, 3.0, np.nan, 5.0]))
    asked = frame(DATES, Precio=[np.nan, 2.0, 1e308, -1e308])
    assert _values(columns, asked) == {"Precio": [3, 2, 5, 1]}
    assert _values(columns, frame(DATES)) == {"Precio": [3] * 4}, "the column may be missing altogether"
    assert _values(columns, frame(DATES, Precio=["x", "2", None, "inf"])) == {"Precio": [3, 2, 3, 3]}


@pytest.mark.parametrize("huge", [[1e308] * 4, [-1e308, 1e308, 1e308, 1e308], [np.inf, 1.0, 1.0, np.inf]])
def test_huge_numbers_of_training_are_bounded(huge: list[float]) -> None:
    told = _values(RawColumns().fit(frame(DATES, Precio=huge)), frame(DATES, Precio=huge))["Precio"]
    assert np.abs(told).max() <= LARGEST


def test_columns_without_a_value_and_the_target_are_no_features() -> None:
    columns = RawColumns().fit(frame(DATES, Vacia=[np.nan] * 4, Nada=[None] * 4))
    assert columns.names() == []
    assert columns.values(frame(DATES, Vacia=1.0), np.zeros(4)).shape == (4, 0)


def test_a_text_is_one_column_for_each_value_and_an_unknown_one_is_none_of_them() -> None:
    columns = RawColumns().fit(frame(DATES, Zona=["sur", "norte", None, "sur"]))
    told = _values(columns, frame(DATES, Zona=["sur", "este", None, "norte"]))
    assert told == {"Zona=norte": [0, 0, 0, 1], "Zona=sur": [1, 0, 0, 0]}
    assert _values(columns, frame(DATES)) == {"Zona=norte": [0] * 4, "Zona=sur": [0] * 4}


def test_of_many_texts_the_commonest_have_a_column_and_all_have_a_place() -> None:
    texts = [f"z{number:02d}" for number in range(MAX_ONE_HOT + 2)] + ["z13", "z12"]
    columns = RawColumns().fit(frame(pd.date_range("2024-01-01", periods=len(texts)), Zona=texts))
    names = columns.names()
    assert len(names) == 1 + MAX_ONE_HOT
    assert {"Zona=z13", "Zona=z12"} < set(names)
    told = _values(columns, frame(DATES, Zona=["z00", "z13", "z11", "otra"]))
    assert told["Zona"] == [0, 13, 11, 6.5]
    assert told["Zona=z13"] == [0, 1, 0, 0]
    assert "Zona=z11" not in names


def test_what_rows_are_told_does_not_depend_on_sales() -> None:
    texts = [f"z{number:02d}" for number in range(40)]
    rows = frame(pd.date_range("2024-01-01", periods=40), np.arange(40.0), Zona=texts)
    other = rows.assign(Ventas=rows["Ventas"].to_numpy()[::-1] ** 3)
    assert _values(RawColumns().fit(rows), rows) == _values(RawColumns().fit(other), other)


def test_series_are_known_as_numbers_and_as_texts_alike() -> None:
    columns = RawColumns("Local").fit(frame(DATES, Local=[10, 7, 10, 7]))
    assert columns.series_values_.tolist() == ["10", "7"]
    assert columns.series_codes(frame(DATES, Local=["7", "10", "10.0", None])).tolist()[:2] == [1, 0]
    asked = columns.series_codes(frame(DATES, Local=[7.0, 10.0, 8.0, np.nan]))
    assert asked[:2].tolist() == [1, 0]
    assert np.isnan(asked[2:]).all()
    assert np.isnan(columns.series_codes(frame(DATES))).all()
    assert RawColumns().fit(frame(DATES)).series_codes(frame(DATES)).tolist() == [0] * 4


def test_a_number_that_changes_within_a_series_is_told_beside_its_usual_value() -> None:
    rows = frame(DATES, Local=["a", "a", "b", "b"], Precio=[10.0, 12.0, 100.0, 104.0], Metros=[5, 5, 8, 8])
    columns = RawColumns("Local").fit(rows)
    assert columns.names() == ["Precio", "Metros", "Precio beside usual"]
    assert _values(columns, rows)["Precio beside usual"] == [-1, 1, -2, 2]
    unknown = columns.values(rows.drop(columns="Local"), np.full(4, np.nan))
    assert np.isnan(unknown[:, 2]).all()


def test_rows_of_an_unknown_series_do_not_change_what_is_usual() -> None:
    rows = frame(DATES, Local=["a", "a", "b", "b"], Precio=[10.0, 12.0, 100.0, 104.0])
    nameless = frame(DATES[:1], Local=[None], Precio=[50.0])
    first = RawColumns("Local").fit(rows)
    second = RawColumns("Local").fit(pd.concat([rows, nameless], ignore_index=True))
    assert first.usual_.tolist() == second.usual_.tolist() == [[11, 102]]


def test_closed_is_what_is_told_to_be_zero() -> None:
    columns = RawColumns(open="Abierto").fit(frame(DATES, Abierto=1))
    assert columns.opened(frame(DATES, Abierto=[0, 1, np.nan, "0"])).tolist() == [0, 1, 1, 0]
    assert columns.opened(frame(DATES)).tolist() == [1] * 4
    assert columns.names() == []


def test_what_each_series_has_one_value_of_follows_from_the_series() -> None:
    rows = frame(
        DATES, Local=["a", "a", "b", "b"], Zona=["sur", "sur", "norte", None], Metros=[5, np.nan, 8, 8]
    )
    rows = rows.assign(Precio=[1.0, 2.0, 3.0, 3.0], Clima=["sol", "sol", "sol", "nube"])
    columns = RawColumns("Local").fit(rows)
    assert columns.fixed_names() == ["Metros", "Zona"]
    bare = frame(DATES, Local=["a", "b", "otra", None])
    told = _values(columns, bare)
    assert (told["Metros"], told["Zona=sur"], told["Zona=norte"]) == (
        [5, 8, 8, 8],
        [1, 0, 0, 0],
        [0, 1, 0, 0],
    )
    assert told["Precio"] == [1.5, 3, 2.5, 2.5], "a number that changes is the series' mean"
    assert told["Precio beside usual"][:2] == [0, 0]
    gaps = _values(columns, bare.assign(Metros=[7, None, None, 6], Zona=["norte", None, "norte", ""]))
    assert gaps["Metros"] == [7, 8, 8, 6], "what is told is believed"
    assert (gaps["Zona=sur"], gaps["Zona=norte"]) == ([0] * 4, [1, 1, 1, 0])
    del columns.fixed_numbers_, columns.fixed_texts_, columns.absent_numbers_
    assert _values(columns, bare)["Metros"] == [8] * 4, "as in champions made before that was learnt"
    assert columns.fixed_names() == []


def test_a_flag_that_is_not_told_is_never_between_0_and_1() -> None:
    rows = frame(DATES, Local=["a", "a", "b", "b"], Escuela=[0, 1, 0, 0])
    assert _values(RawColumns("Local").fit(rows), frame(DATES, Local="a"))["Escuela"] == [0] * 4


def test_columns_of_whole_numbers_are_known() -> None:
    columns = RawColumns().fit(frame(DATES, Escuela=[0, 1, np.nan, 1], Precio=[1.5, 1, 1, 1]))
    assert columns.numeric_whole_.tolist() == [True, False]
