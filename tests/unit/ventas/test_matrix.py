"""What a model is told of a row: nothing of later days, the same alone as among others, whatever is missing."""

import numpy as np
import pandas as pd
import pytest
from model_frames import chain, frame
from sklearn.exceptions import NotFittedError

from ventas.folds import inputs
from ventas.matrix import BASE, DAY, LEAD, OPEN, SERIES, SalesMatrix


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    """Three stores, one of them closed on Sundays; a text with more values than columns."""
    rows = chain(3, 200, seed=4)
    return rows.assign(Nota=[f"n{place % 23}" for place in range(len(rows))])


def _told(maker: SalesMatrix, matrix: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(matrix, columns=maker.get_feature_names_out())


def _maker(**options: object) -> SalesMatrix:
    return SalesMatrix("Tienda", "Abierto", statistics=True, **options)


def _fit(sales: pd.DataFrame, **options: object) -> SalesMatrix:
    return _maker(**options).fit(inputs(sales), sales["Ventas"])


def _learnt(sales: pd.DataFrame, **options: object) -> np.ndarray:
    return _maker(**options).fit_transform(inputs(sales), sales["Ventas"])


@pytest.mark.parametrize(("shift", "scale"), [(1e6, 1.0), (0.0, 50.0), (0.0, 0.0)])
@pytest.mark.parametrize("day", [90, 140])
def test_later_sales_change_nothing_of_what_earlier_rows_are_told(sales, shift, scale, day) -> None:
    later = (sales["Fecha"] >= sales["Fecha"].min() + pd.Timedelta(days=day)).to_numpy()
    other = sales.assign(Ventas=sales["Ventas"].where(~later, sales["Ventas"] * scale + shift))
    first, second = _learnt(sales), _learnt(other)
    assert np.array_equal(first[~later], second[~later], equal_nan=True)
    assert not np.array_equal(first, second, equal_nan=True)


def test_the_order_of_rows_does_not_matter(sales) -> None:
    order = np.random.default_rng(1).permutation(len(sales))
    shuffled = sales.iloc[order]
    np.testing.assert_allclose(_learnt(shuffled), _learnt(sales)[order], rtol=1e-9, atol=1e-12)
    asked = inputs(sales)
    np.testing.assert_allclose(
        _fit(shuffled).transform(asked), _fit(sales).transform(asked), rtol=1e-9, atol=1e-12
    )


def test_the_seed_alone_decides_what_is_hidden(sales) -> None:
    other = sales.assign(Ventas=sales["Ventas"] * 3, Precio=1.0)
    hidden = [np.isnan(_learnt(rows, seed=3)[:, [DAY, SERIES]]) for rows in (sales, other)]
    assert np.array_equal(*hidden)
    assert not np.array_equal(hidden[0], np.isnan(_learnt(sales, seed=4)[:, [DAY, SERIES]]))


def test_about_a_fifth_of_the_rows_is_hidden_in_three_ways_for_weeks_on_end() -> None:
    rows = chain(20, 210)
    date, series = np.isnan(_learnt(rows)[:, [DAY, SERIES]]).T
    shares = [(date & series).mean(), (date & ~series).mean(), (~date & series).mean()]
    assert shares == pytest.approx([1 / 15] * 3, abs=0.03)
    week = (rows["Fecha"] - rows["Fecha"].min()).dt.days // 7
    assert pd.Series(date).groupby([rows["Tienda"], week]).nunique().max() == 1


def test_nothing_is_hidden_from_a_table_nor_where_one_series_has_no_calendar(sales) -> None:
    assert np.isfinite(_learnt(sales, masked=0.0)[:, [DAY, SERIES]]).all()
    one = frame(pd.date_range("2024-01-01", periods=100), 5.0)
    assert np.isfinite(SalesMatrix(calendar=False).fit_transform(inputs(one), one["Ventas"])[:, DAY]).all()


def test_a_row_is_told_the_same_alone_in_any_order_of_columns_and_stays_as_it_is(sales) -> None:
    maker, asked = _fit(sales), inputs(chain(3, 260, seed=4).tail(30).assign(Nota="n3"))
    before = asked.copy()
    together = maker.transform(asked)
    alone = np.vstack([maker.transform(asked.iloc[[place]]) for place in range(len(asked))])
    assert np.array_equal(together, alone, equal_nan=True)
    assert np.array_equal(together, maker.transform(asked[asked.columns[::-1]]), equal_nan=True)
    pd.testing.assert_frame_equal(asked, before)


def test_training_leaves_its_input_as_it_is(sales) -> None:
    before = sales.copy()
    _learnt(sales)
    pd.testing.assert_frame_equal(sales, before)


def test_what_is_unknown_is_nan_where_it_must_be_and_nowhere_else(sales) -> None:
    maker = _fit(sales)
    asked = frame([None, "2021-08-02", "2021-08-02"], Tienda=["T0001", "otra", "T0001"])
    told = _told(maker, maker.transform(asked.assign(DíaDeLaSemana=1)))
    assert told.isna()[["date", "series", "base", "month", "staleness", "level_60"]].to_numpy().tolist() == [
        [True, False, False, True, True, False],
        [False, True, False, False, False, True],
        [False, False, False, False, False, False],
    ]
    assert (told["open"] == 1).all()


def test_optional_columns_and_even_the_date_may_be_missing(sales) -> None:
    maker = _fit(sales)
    bare = pd.DataFrame({"DíaDeLaSemana": [2], "Promociones": [1], "Festivo": [0]})
    told = maker.transform(bare)
    assert told.shape == (1, len(maker.get_feature_names_out()))
    assert np.isfinite(told[0, [OPEN, BASE, 4, 5, 6]]).all()
    assert np.isnan(told[0, [DAY, SERIES]]).all()


def test_sales_of_closed_days_teach_nothing(sales) -> None:
    closed = sales["Abierto"] == 0
    assert closed.sum() > 10
    other = sales.assign(Ventas=sales["Ventas"].where(~closed, 1e9))
    assert np.array_equal(_learnt(sales), _learnt(other), equal_nan=True)
    asked = inputs(sales)
    assert np.array_equal(_fit(sales).transform(asked), _fit(other).transform(asked), equal_nan=True)


def test_rows_of_an_unknown_store_are_learnt_from_without_a_store(sales) -> None:
    some = sales.assign(Tienda=sales["Tienda"].where(sales.index % 10 != 0))
    told = _learnt(some, masked=0.0)
    nameless = some["Tienda"].isna().to_numpy()
    assert np.array_equal(np.isnan(told[:, SERIES]), nameless)
    assert np.isfinite(_fit(some).transform(inputs(sales))[:, BASE]).all()


def test_the_base_of_an_unknown_store_is_what_stores_sell_on_such_a_day(sales) -> None:
    maker = _fit(sales)
    monday, saturday = (
        maker.transform(frame([day], Tienda="otra"))[0, BASE] for day in ("2021-08-02", "2021-08-07")
    )
    opened = sales[sales["Abierto"] == 1]
    by_day = opened[opened["Festivo"] + opened["Promociones"] == 0].groupby("DíaDeLaSemana")["Ventas"].mean()
    assert monday == pytest.approx(by_day[1], rel=0.1)
    assert saturday == pytest.approx(by_day[6], rel=0.1)


def test_names_are_those_of_the_columns_and_begin_with_the_lead(sales) -> None:
    maker = _maker()
    matrix = maker.fit_transform(inputs(sales), sales["Ventas"])
    names = maker.get_feature_names_out().tolist()
    assert len(names) == len(set(names)) == matrix.shape[1]
    assert tuple(names[: len(LEAD)]) == LEAD
    assert maker.columns_.numeric_names_.tolist() == ["FeriadoEscolar", "Precio"]


def test_one_day_and_only_closed_days_can_be_learnt_from(sales) -> None:
    for rows in (sales.head(3), sales.assign(Abierto=0, Ventas=0.0)):
        told = _fit(rows).transform(inputs(sales))
        assert np.isfinite(told[:, BASE]).all()
        assert _learnt(rows).shape == (len(rows), told.shape[1])


def test_unfitted_it_says_so() -> None:
    with pytest.raises(NotFittedError):
        SalesMatrix().transform(frame(["2024-01-01"]))
