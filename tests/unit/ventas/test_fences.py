import numpy as np
import pandas as pd
import pytest

from ventas.fences import find_fences
from ventas.roles import Roles

ROLES = Roles("Tienda", "Abierto")


def two_stores(rows: int = 40) -> pd.DataFrame:
    """A small and a large store, closed on every fourth day."""
    number = np.arange(rows)
    is_open = (number % 4 > 0).astype(float)
    stores = [
        pd.DataFrame({"Tienda": name, "Abierto": is_open, "Ventas": is_open * (level + number % 5)})
        for name, level in (("chica", 100.0), ("grande", 9000.0))
    ]
    return with_days(pd.concat(stores, ignore_index=True))


def with_days(frame: pd.DataFrame) -> pd.DataFrame:
    """Too few days of each kind to tell them apart."""
    return frame.assign(**{"DíaDeLaSemana": np.arange(len(frame)) % 7 + 1, "Promociones": 0, "Festivo": 0})


def weeks(count: int = 30) -> pd.DataFrame:
    """One store that sells half as much on Sundays, and twice as much on the first Mondays, by a promotion."""
    weekday = np.tile(np.arange(1, 8), count)
    promotion = ((weekday == 1) & (np.arange(len(weekday)) < 70)).astype(int)
    level = np.where(weekday == 7, 500.0, 1000.0) * (1 + promotion)
    noise = np.random.default_rng(3).normal(0, 10, len(weekday))
    return pd.DataFrame(
        {"DíaDeLaSemana": weekday, "Promociones": promotion, "Festivo": 0, "Ventas": level + noise}
    )


def test_a_weak_weekday_and_a_promotion_are_no_outliers_but_a_fault_on_such_a_day_is() -> None:
    frame = weeks()
    fences = find_fences(frame, 1.5, Roles())
    assert frame["Ventas"].lt(fences.low).sum() == 30, "around all days every Sunday is one"
    assert not fences.outside(frame, Roles()).any()
    frame.loc[[6, 7], "Ventas"] = [5.0, 9000.0]
    found = find_fences(frame, 1.5, Roles()).outside(frame, Roles())
    assert np.flatnonzero(found).tolist() == [6, 7]


def test_an_outlier_of_a_small_store_is_ordinary_in_a_large_one() -> None:
    frame = two_stores()
    frame.loc[1, "Ventas"] = 9000.0
    frame.loc[41, "Ventas"] = 100.0
    within = find_fences(frame, 1.5, ROLES).outside(frame, ROLES)
    assert np.flatnonzero(within).tolist() == [1, 41]
    alone = find_fences(frame, 1.5, Roles()).outside(frame, Roles())
    assert not alone.any()


def test_closed_days_are_no_outliers_and_do_not_move_the_fences() -> None:
    frame = two_stores()
    fences = find_fences(frame, 1.5, ROLES)
    assert not fences.outside(frame, ROLES).any()
    open_days = frame[frame["Abierto"] == 1]
    pd.testing.assert_series_equal(find_fences(open_days, 1.5, ROLES).lows, fences.lows)
    q1, q3 = open_days[open_days["Tienda"] == "chica"]["Ventas"].quantile([0.25, 0.75])
    assert fences.lows["chica"] == pytest.approx(q1 - 1.5 * (q3 - q1))
    assert fences.highs["chica"] == pytest.approx(q3 + 1.5 * (q3 - q1))
    unsold = frame.assign(Abierto=1.0)
    assert fences.outside(unsold, ROLES).sum() == 20, "open, and nothing sold"


def test_a_series_with_few_rows_or_a_new_one_is_held_to_the_fences_of_all() -> None:
    frame = two_stores()
    new = with_days(pd.DataFrame({"Tienda": "nueva", "Abierto": 1.0, "Ventas": [5.0, 9000.0, 1e9]}))
    fences = find_fences(pd.concat([frame, new], ignore_index=True), 1.5, ROLES)
    assert sorted(fences.lows.index) == ["chica", "grande"]
    assert fences.outside(new, ROLES).tolist() == [False, False, True]
    assert fences.outside(new.assign(Tienda="otra"), ROLES).tolist() == [False, False, True]


def test_a_number_names_a_series_too_and_a_series_without_spread_loses_nothing() -> None:
    frame = two_stores().assign(Tienda=lambda t: t["Tienda"].map({"chica": 1.0, "grande": 2.0}))
    frame.loc[frame["Tienda"] == 1, "Ventas"] = 7.0
    frame.loc[1, "Ventas"] = 8.0
    fences = find_fences(frame, 1.5, ROLES)
    assert (fences.lows["1"], fences.highs["1"]) == (7.0, 8.0)
    assert not fences.outside(frame, ROLES).any()


def test_where_every_day_is_closed_nothing_is_an_outlier() -> None:
    frame = two_stores().assign(Abierto=0.0)
    assert not find_fences(frame, 1.5, ROLES).outside(frame, ROLES).any()
