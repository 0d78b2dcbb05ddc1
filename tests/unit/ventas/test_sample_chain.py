from datetime import date

import numpy as np
import pandas as pd
import pytest

from ventas.sample_chain import NOISE, SHOCK, generate_chain, noise_floor


def test_a_row_per_date_and_store_in_that_order() -> None:
    frame = generate_chain(3, 5, seed=1, start=date(2024, 2, 28)).frame
    assert frame["Fecha"].dt.strftime("%m-%d").tolist()[::3] == ["02-28", "02-29", "03-01", "03-02", "03-03"]
    assert frame["Tienda"].tolist() == ["T0001", "T0002", "T0003"] * 5
    assert frame.columns.tolist() == [
        *("Fecha", "DíaDeLaSemana", "Promociones", "Festivo", "Ventas"),
        *("Tienda", "TipoTienda", "Región", "FeriadoEscolar", "Precio", "Abierto"),
    ]
    assert frame.groupby("Tienda")[["TipoTienda", "Región"]].nunique().eq(1).all(axis=None)
    assert (frame["DíaDeLaSemana"] == frame["Fecha"].dt.day_of_week + 1).all()


def test_the_same_seed_gives_the_same_rows_and_another_one_others() -> None:
    first, again, other = (generate_chain(4, 60, seed) for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first.frame, again.frame)
    assert (first.expected == again.expected).all()
    assert not first.frame["Ventas"].equals(other.frame["Ventas"])


def test_the_noise_floor_is_the_noise_that_was_put_in() -> None:
    chain = generate_chain(60, 400, seed=3)
    is_open = chain.frame["Abierto"] == 1
    floor = noise_floor(chain.frame["Ventas"], chain.expected, is_open)
    spread = np.sqrt(np.expm1(NOISE**2 + SHOCK**2))  # of a log-normal factor of mean 1
    assert floor == pytest.approx(spread * np.sqrt(np.mean(chain.expected[is_open] ** 2)), rel=0.03)
    missed = np.log(chain.frame["Ventas"][is_open] / chain.expected[is_open])
    assert missed.std() == pytest.approx(np.hypot(NOISE, SHOCK), rel=0.02)
    assert missed.groupby(chain.frame["Fecha"]).mean().std() == pytest.approx(SHOCK, rel=0.2)
    assert chain.frame["Ventas"][is_open].mean() == pytest.approx(chain.expected[is_open].mean(), rel=0.01)


def test_nothing_is_sold_or_expected_on_closed_days_and_something_on_all_others() -> None:
    chain = generate_chain(40, 400, seed=5, customers=True)
    closed = chain.frame["Abierto"] == 0
    assert 0.05 < closed.mean() < 0.3
    assert (chain.frame["Ventas"][closed] == 0).all()
    assert (chain.frame["Clientes"][closed] == 0).all()
    assert (chain.expected[closed] == 0).all()
    assert (chain.frame["Ventas"][~closed] > 0).all()
    christmas = chain.frame["Fecha"] == pd.Timestamp("2021-12-25")
    assert closed[christmas].all()


def _ratio(chain: pd.DataFrame, where: "pd.Series[bool]", column: str = "expected") -> float:
    return float(chain[column][where].mean() / chain[column][~where].mean())


def test_promotions_eves_and_pay_days_sell_more_and_a_higher_price_less() -> None:
    chain = generate_chain(100, 730, seed=2)
    frame = chain.frame.assign(expected=chain.expected)[chain.frame["Abierto"] == 1]
    assert 1.1 < _ratio(frame, frame["Promociones"] == 1) < 1.4
    assert _ratio(frame[frame["Fecha"].dt.month.isin(range(3, 12))], frame["Fecha"].dt.day <= 3) > 1.04
    day_before_may_1 = (frame["Fecha"].dt.month == 4) & (frame["Fecha"].dt.day == 30)
    ordinary = frame["Fecha"].dt.strftime("%m-%d").isin(["04-22", "04-23", "04-24", "04-27", "04-28"])
    assert frame["expected"][day_before_may_1].mean() > frame["expected"][ordinary].mean()
    by_store = frame.groupby("Tienda")
    price = frame["Precio"] / by_store["Precio"].transform("mean")
    sales = frame["expected"] / by_store["expected"].transform("mean")
    assert np.corrcoef(price, sales)[0, 1] < -0.2


def test_promotions_come_in_runs_of_several_days() -> None:
    frame = generate_chain(30, 400, seed=2).frame
    by_store = frame.pivot(index="Fecha", columns="Tienda", values="Promociones")
    starts = ((by_store == 1) & (by_store.shift(fill_value=0) == 0)).sum().sum()
    assert by_store.sum().sum() / starts >= 3
    assert 0.1 < by_store.mean().mean() < 0.4


def test_one_store_and_one_day_will_do() -> None:
    chain = generate_chain(1, 1, seed=1)
    assert len(chain.frame) == len(chain.expected) == 1
    with pytest.raises(ValueError, match="at least 1"):
        generate_chain(0, 10, seed=1)
