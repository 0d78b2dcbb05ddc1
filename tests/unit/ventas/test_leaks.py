import numpy as np
import pandas as pd
import pytest

from ventas.leaks import find_leaks, leak_remark
from ventas.roles import Roles
from ventas.sample_chain import generate_chain

ROLES = Roles("Tienda", "Abierto")


@pytest.fixture(scope="module")
def chain() -> pd.DataFrame:
    frame = generate_chain(20, 300, seed=4, customers=True).frame
    return frame.astype(dict.fromkeys(frame.select_dtypes("int64"), "float64"))


def leaking(frame: pd.DataFrame, *names: str, roles: Roles = ROLES) -> list[str]:
    return [leak["name"] for leak in find_leaks(frame, names, roles)]


def test_customers_leak_and_a_price_does_not(chain: pd.DataFrame) -> None:
    (leak,) = find_leaks(chain, ["Precio", "FeriadoEscolar", "Clientes", "Abierto"], ROLES)
    assert (leak["name"], leak["kind"]) == ("Clientes", "follows")
    assert leak["correlation"] > 0.95
    assert leak_remark(leak).sentence == (
        "Column «Clientes» follows Ventas from day to day. "
        "If nobody knows it in advance, name it in LEFT_OUT_COLUMNS."
    )


def test_it_leaks_in_the_order_of_any_file(chain: pd.DataFrame) -> None:
    assert leaking(chain.sample(frac=1, random_state=1), "Clientes", "Precio") == ["Clientes"]
    one = chain[chain["Tienda"] == "T0003"]
    assert leaking(one, "Clientes", "Precio", roles=Roles()) == ["Clientes"]


def test_a_loose_count_leaks_by_its_zeros(chain: pd.DataFrame) -> None:
    noise = np.exp(np.random.RandomState(1).normal(scale=0.25, size=len(chain)))
    tickets = np.ceil(chain["Clientes"] * noise)
    assert leaking(chain.assign(Tickets=tickets), "Tickets") == ["Tickets"]
    (leak,) = find_leaks(chain.assign(Tickets=tickets), ["Tickets"], ROLES)
    assert (leak["kind"], leak["correlation"] < 0.95) == ("zeros", True)
    assert leaking(chain.assign(Tickets=tickets + 1), "Tickets") == []


def test_a_price_that_is_0_on_closed_days_or_rises_with_sales_over_the_years_does_not_leak(
    chain: pd.DataFrame,
) -> None:
    closed = chain.assign(Precio=chain["Precio"] * chain["Abierto"])
    assert leaking(closed, "Precio") == []
    years = (chain["Fecha"] - chain["Fecha"].min()).dt.days / 100
    dear = chain.assign(Ventas=chain["Ventas"] * 8**years, Precio=chain["Precio"].mean() * 8**years)
    assert leaking(dear, "Precio") == []
    assert leaking(dear.assign(Día=years), "Día") == []


def test_what_a_store_is_does_not_leak(chain: pd.DataFrame) -> None:
    size = chain.groupby("Tienda")["Ventas"].transform("mean")
    assert leaking(chain.assign(Superficie=size), "Superficie") == []


@pytest.mark.parametrize("scale", [1e-200, 1e200, 1e305])
def test_numbers_of_absurd_size_are_judged_without_fault(chain: pd.DataFrame, scale: float) -> None:
    odd = chain.assign(Clientes=chain["Clientes"] * scale, Nada=np.nan)
    assert "Nada" not in leaking(odd, "Clientes", "Nada")


def test_few_rows_prove_nothing(chain: pd.DataFrame) -> None:
    assert leaking(chain.head(20 * 15), "Clientes") == []
    assert leaking(chain.head(0), "Clientes") == []
