import numpy as np
import pandas as pd
import pytest

from ventas.further import Further
from ventas.series import duplicates, find_keys


def chain(stores: int, days: int, first_days: list[int] | None = None) -> pd.DataFrame:
    """A row per day and store; store n opens on its first day. Sales differ in all rows."""
    dates = pd.date_range("2024-01-01", periods=days)
    parts = [
        pd.DataFrame({"Fecha": dates[first:], "Tienda": f"T{number:02d}", "Local": float(number)})
        for number, first in enumerate(first_days or [0] * stores)
    ]
    frame = pd.concat(parts).sort_values(["Fecha", "Tienda"], ignore_index=True)
    return frame.assign(Ventas=np.arange(len(frame), dtype="float64"))


def further(frame: pd.DataFrame, *names: str, role: str = "categorical") -> list[Further]:
    numeric = {name: pd.api.types.is_numeric_dtype(frame[name]) for name in names}
    return [
        Further(name, "numeric" if numeric[name] else role, frame[name], int(frame[name].isna().sum()))  # type: ignore[arg-type]
        for name in names
    ]


def found(frame: pd.DataFrame, *names: str) -> str:
    return "+".join(column.name for column in find_keys(frame, further(frame, *names)))


@pytest.mark.parametrize("name", ["Tienda", "Local"])
def test_a_text_and_a_whole_number_tell_series_apart(name: str) -> None:
    assert found(chain(3, 20), name) == name


def test_stores_that_open_one_after_another_are_told_apart() -> None:
    assert found(chain(6, 60, [0, 10, 20, 30, 50, 57]), "Tienda") == "Tienda"


def test_one_series_has_no_column_that_tells() -> None:
    frame = chain(1, 50)
    assert found(frame.assign(Clima=["sol", "lluvia"] * 25), "Tienda", "Clima") == ""
    corrected = pd.concat([frame.assign(Clima="sol"), frame.iloc[[5]].assign(Clima="lluvia")])
    assert found(corrected.reset_index(drop=True), "Clima") == "", "one corrected day is no second series"


def test_what_differs_from_row_to_row_is_no_id() -> None:
    frame = chain(4, 30)
    frame["Clientes"] = 100.0 + np.arange(len(frame))
    frame["Precio"] = frame["Local"] + 0.5
    frame["Zona"] = frame["Local"] // 2
    assert found(frame, "Clientes", "Precio", "Zona") == ""
    assert found(frame, "Clientes", "Precio", "Zona", "Local") == "Local"


def test_a_second_store_that_just_opened_is_a_series_and_a_count_of_customers_is_none() -> None:
    frame = chain(2, 400, [0, 385])
    frame["Clientes"] = 100.0 + frame.index % 60
    assert found(frame, "Clientes", "Local") == "Local"
    many = chain(300, 20)
    many["Clientes"] = np.random.RandomState(1).randint(0, 890, len(many)).astype(float)
    assert found(many, "Clientes") == ""
    assert found(many, "Clientes", "Tienda") == "Tienda"


def test_a_block_that_was_pasted_twice_does_not_hide_the_series() -> None:
    frame = chain(5, 40)
    twice = pd.concat([frame, frame.iloc[:100]], ignore_index=True)
    columns = further(twice, "Tienda")
    series = find_keys(twice, columns)
    assert series == (columns[0],)
    assert duplicates(twice, columns, series).sum() == 100


def test_a_few_rows_may_not_know_their_series_and_then_repeat_nothing() -> None:
    frame = chain(4, 60)
    frame.loc[[8, 9], "Tienda"] = None  # of one date
    columns = further(frame, "Tienda")
    series = find_keys(frame, columns)
    assert series == (columns[0],)
    assert not duplicates(frame, columns, series).any()
    frame.loc[:20, "Tienda"] = None
    assert found(frame, "Tienda") == "Tienda"
    assert found(frame, "Tienda", "Local") == "Local", "one without gaps is better"
    frame.loc[:60, "Tienda"] = None
    assert found(frame, "Tienda") == ""


def test_of_several_the_one_with_fewest_values_tells() -> None:
    frame = chain(4, 30)
    frame["Caja"] = frame["Tienda"] + np.where(frame.index < 60, "a", "b")  # renamed on the way
    assert found(frame, "Caja", "Tienda", "Local") == "Tienda"


@pytest.mark.parametrize("seed", range(5))
def test_duplicates_are_of_the_same_date_and_series_and_the_last_stays(seed: int) -> None:
    random = np.random.RandomState(seed)
    frame = chain(5, 40)
    again = frame.iloc[random.choice(len(frame), size=2, replace=False)].assign(Ventas=-1.0)
    both = pd.concat([frame, again], ignore_index=True)
    columns = further(both, "Tienda")
    series = find_keys(both, columns)
    gone = duplicates(both, columns, series)
    kept = both[~gone]
    assert gone.sum() == 2
    assert (kept["Ventas"] == -1).sum() == 2
    assert not kept.duplicated(["Fecha", "Tienda"]).any()


def test_without_a_series_only_equal_rows_repeat_each_other_where_texts_vary() -> None:
    frame = pd.concat([chain(1, 50)] * 2, ignore_index=True).assign(Nota=["a", "b"] * 50)
    columns = further(frame, "Nota")
    assert duplicates(frame, columns, ()).sum() == 50
    frame.loc[:9, "Ventas"] = -1.0
    assert duplicates(frame, columns, ()).sum() == 40
    assert duplicates(frame, [], ()).sum() == 50


def _products(stores: int, days: int) -> pd.DataFrame:
    """A row per day, store and product; no column alone tells the series apart."""
    frame = pd.concat(
        [chain(stores, days).assign(Producto=name, Código=float(n)) for n, name in enumerate("abc")]
    )
    frame = frame.sort_values(["Fecha", "Tienda"], ignore_index=True)
    return frame.assign(Zona=(frame["Local"] // 2).map("z{:.0f}".format), Oferta=frame.index % 2 * 1.0)


def test_two_columns_may_tell_the_series_apart_together() -> None:
    frame = _products(4, 30)
    assert found(frame, "Zona", "Oferta", "Tienda", "Producto") == "Tienda+Producto"
    assert found(frame, "Local", "Código") == "Local+Código", "numbers too"
    assert found(frame, "Zona", "Producto", "Oferta") == ""


def test_within_two_columns_only_the_same_date_of_both_repeats() -> None:
    frame = _products(3, 20)
    both = pd.concat([frame, frame.iloc[[7]].assign(Ventas=-1.0)], ignore_index=True)
    columns = further(both, "Local", "Código")
    gone = duplicates(both, columns, find_keys(both, columns))
    assert np.flatnonzero(gone).tolist() == [7]
