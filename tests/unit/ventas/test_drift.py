"""Drift: equal columns have a PSI near 0, shifted ones a high one, whatever they hold."""

import json

import numpy as np
import pandas as pd
import pytest
from reality_world import noise, sales

from ventas.drift import drift, profile

ROWS = 2000


def _table(shift: float = 0.0, share: float = 0.3, seed: int = 1, **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    shops = np.array([f"shop {number}" for number in rng.integers(0, 200, ROWS)], dtype=object)
    return sales(
        ROWS,
        Promociones=(rng.random(ROWS) < share).astype(int),
        Precio=noise(ROWS, seed) + shift,
        Tienda=pd.Series(shops, dtype="str"),
        **columns,
    )


def _found(known: pd.DataFrame, new: pd.DataFrame) -> dict[str, float]:
    return drift(json.loads(json.dumps(profile(known))), new)


def test_equal_columns_have_no_drift() -> None:
    assert _found(_table(), _table()) == pytest.approx(
        dict.fromkeys(["DíaDeLaSemana", "Promociones", "Festivo", "Precio", "Tienda"], 0)
    )
    assert max(_found(_table(seed=1), _table(seed=2)).values()) < 0.1


def test_a_shifted_number_and_another_share_of_a_flag_have() -> None:
    found = _found(_table(), _table(shift=1.0, share=0.7))
    assert found["Precio"] > 0.5
    assert found["Promociones"] > 0.25
    assert found["Festivo"] < 0.01


def test_another_scale_new_texts_and_a_column_that_is_gone_have() -> None:
    known, new = _table(), _table()
    new["Precio"] *= 10
    new["Tienda"] = "a new shop"
    found = _found(known, new.drop(columns="Festivo"))
    assert min(found["Precio"], found["Tienda"], found["Festivo"]) > 0.5


def test_missing_numbers_are_a_bin_of_their_own() -> None:
    new = _table()
    new.loc[: ROWS // 2, "Precio"] = np.nan
    assert _found(_table(), new)["Precio"] > 0.5
    assert _found(new, new)["Precio"] == pytest.approx(0)


def test_what_no_model_reads_is_not_looked_at() -> None:
    assert profile(_table(), ["Precio"])["columns"].keys() == {
        "DíaDeLaSemana",
        "Promociones",
        "Festivo",
        "Tienda",
    }


def test_a_column_that_became_text_or_number_is_compared_all_the_same() -> None:
    known = sales(100, Precio=noise(100), Código=[1.0, 2.0] * 50)
    new = known.assign(
        Precio=pd.Series(["many"] * 100, dtype="str"), Código=pd.Series(["1", "2"] * 50, dtype="str")
    )
    found = _found(known, new)
    assert found["Precio"] > 0.5
    assert found["Código"] == pytest.approx(0)
