"""A cell that no number can be is told so at once, however long it is."""

import pandas as pd
import pytest

from ventas.cells import dates, numbers


@pytest.mark.parametrize(
    ("text", "value"), [("$ 5", 5), ("5 €", 5), ("€5,5", 5.5), (" $1.234,5 ", 1234.5), ("5", 5)]
)
def test_a_currency_sign_before_or_after_is_read(text: str, value: float) -> None:
    assert numbers(pd.Series([text], dtype="str"), ",").tolist() == [value]


@pytest.mark.timeout(20)  # it took hours, and held the interpreter's lock all the while
@pytest.mark.parametrize(
    "cell", ["1" + " " * 300_000 + "x", " " * 300_000, "$" + " " * 300_000, "1." * 150_000]
)
def test_a_long_cell_takes_no_longer_than_its_length(cell: str) -> None:
    column = pd.Series([cell] * 3, dtype="str")
    assert pd.isna(numbers(column, ",")).all()
    assert pd.isna(dates(column)).all()
