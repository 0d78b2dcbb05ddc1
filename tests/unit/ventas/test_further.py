import numpy as np
import pandas as pd
import pytest

from ventas.further import LONGEST_CATEGORY, MAX_CATEGORIES, MAX_IDS, ROWS_PER_ID, Further, read_further


def read(*values: str, times: int = 1, kind: str = "str") -> Further:
    return read_further("Tienda", pd.Series([*values] * times, dtype="str").astype(kind), ".")


@pytest.mark.parametrize("kind", ["str", "category"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("sí", "no", "SI", "No "), [1, 0, 1, 0]),
        (("Verdadero", "FALSO", "", "-"), [1, 0, np.nan, np.nan]),
        (("true", "true"), [1, 1]),
        (("S", "N", "s"), [1, 0, 1]),
        (("V", "F"), [1, 0]),
    ],
)
def test_yes_and_no_are_the_numbers_1_and_0(values, expected, kind) -> None:  # type: ignore[no-untyped-def]
    column = read(*values, kind=kind)
    assert (column.role, column.values.dtype) == ("numeric", np.float64)
    np.testing.assert_array_equal(column.values, expected)
    assert column.missing == np.isnan(expected).sum()


@pytest.mark.parametrize(
    "values", [("S", "N", "O"), ("S", "S"), ("sí", "no", "quizás"), ("V", "N"), ("-", "na")]
)
def test_other_words_stay_words(values) -> None:  # type: ignore[no-untyped-def]
    column = read(*values, times=3)
    assert column.role == "categorical"
    assert column.values.tolist() == [*values] * 3


def ids(kinds: int) -> list[str]:
    return [f"T{number:05d}" for number in range(kinds)]


def test_a_text_of_many_values_is_an_id_if_they_repeat() -> None:
    many = MAX_CATEGORIES + 1
    assert read(*ids(many - 1)).role == "categorical"
    assert read(*ids(many), times=ROWS_PER_ID).role == "id"
    rare = read(*ids(many), times=ROWS_PER_ID - 1)
    assert rare.role == "left_out"
    assert (
        rare.remark.sentence
        == f"Column «Tienda» was left out: {many} different texts, more than {MAX_CATEGORIES}."
    )
    assert read(*ids(MAX_IDS), times=ROWS_PER_ID, kind="category").role == "id"
    assert read(*ids(MAX_IDS + 1), times=ROWS_PER_ID, kind="category").role == "left_out"


def test_empty_cells_do_not_make_an_id_repeat() -> None:
    kinds = MAX_CATEGORIES + 1
    assert read(*ids(kinds), *[""] * kinds * ROWS_PER_ID).role == "left_out"
    half = read(*ids(kinds), *[""] * kinds, times=ROWS_PER_ID)
    assert (half.role, half.missing, half.values.isna().sum()) == ("id", 255, 255)


def test_a_long_id_is_left_out() -> None:
    long = [name + "x" * LONGEST_CATEGORY for name in ids(MAX_CATEGORIES + 1)]
    assert read(*long, times=ROWS_PER_ID).role == "left_out"
