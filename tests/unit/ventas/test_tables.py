"""The tables answer what a spreadsheet would."""

import numpy as np
import pandas as pd
import pytest
from model_frames import CHAIN, chain, frame

from ventas.roles import Roles
from ventas.tables import MEANS, SEASONAL_NAIVE, WINDOW_DAYS, baselines
from ventas.training import inputs

CELL = ["DíaDeLaSemana", "Promociones", "Festivo"]


def _answers(name: str, train: pd.DataFrame, asked: pd.DataFrame, roles: Roles | None = None) -> np.ndarray:
    model = baselines(roles)[name].fit(inputs(train), train["Ventas"])
    return np.asarray(model.predict(asked))


def test_means_are_those_of_the_last_year_per_store_weekday_promotion_and_holiday() -> None:
    sales = chain(6, 500)
    recent = sales[sales["Fecha"] > sales["Fecha"].max() - pd.Timedelta(days=WINDOW_DAYS)]
    opened = recent[recent["Abierto"] == 1]
    means = opened.groupby(["Tienda", *CELL])["Ventas"].mean()
    asked = opened.drop_duplicates(["Tienda", *CELL])
    expected = [means[tuple(row)] for row in asked[["Tienda", *CELL]].to_numpy()]
    assert _answers(MEANS, sales, inputs(asked), CHAIN) == pytest.approx(expected, rel=1e-12)


def test_a_cell_never_seen_is_answered_by_the_next_coarser_one() -> None:
    sales = pd.concat(
        [
            frame(pd.date_range("2024-01-01", periods=14), np.arange(14.0), Local="a"),
            frame(["2024-01-02"], [100.0], promotion=1, Local="a"),
            frame(["2024-01-01", "2024-01-03"], [70.0, 40.0], holiday=[1, 0], Local="b"),
        ],
        ignore_index=True,
    )
    asked = pd.concat(
        [
            frame(["2024-02-06"], promotion=1, holiday=1, Local="a"),  # no holiday: 100
            frame(["2024-02-07"], promotion=1, Local="a"),  # no promotion on Wednesdays: 2 and 9
            frame(["2024-02-08"], Local="b"),  # no Thursday: the store's own mean
            frame(
                ["2024-02-05"], holiday=1, Local="nueva"
            ),  # the store is unknown: all stores' holiday Monday
            frame(["2024-02-09"], promotion=1, holiday=1, Local="nueva"),  # all stores' Fridays: 4 and 11
        ],
        ignore_index=True,
    )
    assert _answers(MEANS, sales, inputs(asked), Roles("Local")).tolist() == [100, 5.5, 55, 70, 7.5]


def test_seasonal_naive_is_the_last_same_weekday_of_the_same_store() -> None:
    sales = chain(4, 60)
    opened = sales[sales["Abierto"] == 1]
    last = opened.groupby(["Tienda", "DíaDeLaSemana"])["Ventas"].last()
    asked = opened.drop_duplicates(["Tienda", "DíaDeLaSemana"])
    expected = [last[tuple(row)] for row in asked[["Tienda", "DíaDeLaSemana"]].to_numpy()]
    assert _answers(SEASONAL_NAIVE, sales, inputs(asked), CHAIN).tolist() == expected


def test_seasonal_naive_falls_back_to_the_store_and_then_to_all_stores() -> None:
    sales = pd.concat(
        [
            frame(["2024-01-01", "2024-01-02"], [10.0, 30.0], Local="a"),
            frame(["2024-01-01"], [50.0], Local="b"),
        ],
        ignore_index=True,
    )
    asked = frame(["2024-01-10", "2024-01-08", "2024-01-10"], Local=["a", "nueva", "nueva"])
    assert _answers(SEASONAL_NAIVE, sales, inputs(asked), Roles("Local")).tolist() == [20, 30, 30]


def test_the_last_day_with_several_sales_counts_with_their_mean_in_any_order() -> None:
    sales = frame(["2024-01-01", "2024-01-08", "2024-01-08"], [1.0, 10.0, 20.0])
    for order in ([0, 1, 2], [2, 1, 0]):
        assert _answers(SEASONAL_NAIVE, sales.iloc[order], frame(["2024-01-15"])).tolist() == [15]


@pytest.mark.parametrize("name", [MEANS, SEASONAL_NAIVE])
def test_rows_of_an_unknown_store_teach_no_store(name: str) -> None:
    sales = frame(["2024-01-01", "2024-01-02"], [10.0, 30.0], Local=["a", "b"])
    nameless = frame(["2024-01-01", "2024-01-03"], [900.0, 900.0], Local=[None, None])
    both = pd.concat([sales, nameless], ignore_index=True)
    asked = frame(["2024-01-08", "2024-01-09", "2024-01-10"], Local=["a", "b", "nueva"])
    assert _answers(name, both, asked, Roles("Local")).tolist() == [10, 30, 900]


@pytest.mark.parametrize("name", [MEANS, SEASONAL_NAIVE])
def test_closed_days_are_zero_and_teach_nothing(name: str) -> None:
    sales = frame(pd.date_range("2024-01-01", periods=21), np.arange(21.0), Abierto=[1] * 20 + [0])
    asked = frame(["2024-02-04", "2024-02-04"], Abierto=[0, 1])
    other = sales.assign(Ventas=sales["Ventas"].where(sales["Abierto"] == 1, 1e9))
    answers = [_answers(name, one, asked, Roles(open="Abierto")) for one in (sales, other)]
    assert answers[0][0] == 0
    assert answers[0][1] == (13 if name == SEASONAL_NAIVE else 9.5)
    assert np.array_equal(*answers)
