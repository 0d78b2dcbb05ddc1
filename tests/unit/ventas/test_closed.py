import numpy as np
import pandas as pd

from ventas.closed import find_open


def sales(days: int = 100, closed_every: int = 7) -> pd.DataFrame:
    number = np.arange(days)
    is_open = (number % closed_every > 0).astype(float)
    return pd.DataFrame(
        {
            "Ventas": is_open * (1000.0 + number),
            "Abierto": is_open,
            "Cerrado": 1 - is_open,
            "Feriado": (number % 10 == 0).astype(float),
            "Precio": 10.0 + number % 3,
        }
    )


def test_the_column_that_is_0_where_nothing_is_sold_is_found() -> None:
    assert find_open(sales(), ["Precio", "Feriado", "Abierto", "Cerrado"]) == ("Abierto", [])


def test_days_without_sales_may_be_open_and_one_closed_day_in_twenty_may_sell() -> None:
    frame = sales(700)
    frame.loc[[1, 2, 3], "Ventas"] = 0.0
    frame.loc[[7, 14], "Ventas"] = 5.0
    frame.loc[8, "Abierto"] = np.nan
    assert find_open(frame, ["Abierto"])[0] == "Abierto"
    frame.loc[frame["Abierto"] == 0, "Ventas"] = 5.0
    assert find_open(frame, ["Abierto"]) == ("", [])


def test_closed_as_1_is_not_taken_but_told() -> None:
    name, (remark,) = find_open(sales(), ["Feriado", "Cerrado"])
    assert name == ""
    assert "«Cerrado» is 1 on days without sales" in remark.sentence
    assert "0 when closed and 1 when open" in remark.sentence


def test_other_flags_are_no_open_column() -> None:
    assert find_open(sales(), ["Feriado", "Precio"]) == ("", [])
    always = sales().assign(Ventas=1.0)
    assert find_open(always, ["Abierto", "Cerrado"]) == ("", [])
    assert find_open(sales(days=7), ["Abierto"]) == ("", []), "one day proves nothing"
    nothing_sold = sales().assign(Ventas=0.0)
    assert find_open(nothing_sold, ["Abierto", "Cerrado", "Feriado"]) == ("", [])
