"""A linear model gets finite terms on one scale, whatever is unknown."""

import numpy as np
import pandas as pd
import pytest
from model_frames import CHAIN, chain, frame
from sklearn.linear_model import Ridge

from ventas.folds import inputs
from ventas.linear_terms import LinearTerms
from ventas.matrix import SERIES, SalesMatrix

VIEWS = pytest.mark.parametrize(("calendar", "statistics"), [(False, False), (True, False), (True, True)])


def _matrices(calendar: bool, statistics: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of training, of rows that are known, and of one of which nothing is."""
    sales = chain(3, 200)
    maker = SalesMatrix(CHAIN.series, CHAIN.open, calendar=calendar, statistics=statistics)
    learnt = maker.fit_transform(inputs(sales), sales["Ventas"])
    nothing = frame([None], Precio=1e308).assign(DíaDeLaSemana=3)
    return learnt, maker.transform(inputs(sales)), maker.transform(nothing)


@VIEWS
def test_terms_are_finite_and_of_one_scale(calendar: bool, statistics: bool) -> None:
    learnt, known, nothing = _matrices(calendar, statistics)
    terms = LinearTerms(calendar, statistics).fit(learnt)
    told = terms.transform(learnt)[:, SERIES + 1 :]
    assert np.abs(told.mean(axis=0)).max() < 1e-6
    assert told.std(axis=0).max() <= 1 + 1e-6
    for matrix in (known, nothing):
        assert np.isfinite(terms.transform(matrix)[:, SERIES + 1 :]).all()
        assert np.array_equal(
            terms.transform(matrix)[:, : SERIES + 1], matrix[:, : SERIES + 1], equal_nan=True
        )


def test_an_unknown_date_counts_as_the_mean_date() -> None:
    learnt, known, _ = _matrices(True, False)
    terms = LinearTerms(True, False).fit(learnt)
    hidden = known[:1].copy()
    hidden[:, -9:] = np.nan
    months_and_on = slice(-(12 + 6 + 1 + 2 + 6), None)
    assert not terms.transform(hidden)[0, months_and_on].any()
    assert terms.transform(known[:1])[0, months_and_on].any()


def test_each_weekday_with_and_without_a_promotion_is_a_sum_of_its_own() -> None:
    days = pd.date_range("2024-01-01", periods=280)
    promotion = np.arange(280) // 7 % 2
    sales = 100.0 + 10 * days.day_of_week.to_numpy() * (1 + 3 * promotion)
    rows = frame(days, sales, promotion=promotion)
    matrix = SalesMatrix(calendar=False, masked=0.0).fit_transform(inputs(rows), rows["Ventas"])
    told = LinearTerms(False, False).fit_transform(matrix)[:, SERIES + 1 :]
    assert Ridge(alpha=1e-6).fit(told, sales).predict(told) == pytest.approx(sales, rel=1e-6)


def test_a_term_that_never_changes_is_nothing() -> None:
    rows = frame(pd.date_range("2024-01-01", periods=10), 5.0, Precio=7.0)
    maker = SalesMatrix(calendar=False, masked=0.0)
    terms = LinearTerms(False, False).fit(maker.fit_transform(inputs(rows), rows["Ventas"]))
    told = terms.transform(maker.transform(inputs(rows)))
    assert not told[:, -1].any()
