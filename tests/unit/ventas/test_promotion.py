"""Champion and challenger see the same rows, none of which either was trained on."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from ventas.promotion import Contender, date_keys, judge, unseen_rows


class Constant(RegressorMixin, BaseEstimator):
    """Predicts one number, or, once fitted with `learns`, the mean of what it was fitted on."""

    def __init__(self, value: float = 0.0, learns: bool = False):
        self.value = value
        self.learns = learns

    def fit(self, X, y):
        self.fitted_ = float(np.mean(y)) if self.learns else self.value
        return self

    def predict(self, X):
        self.seen_ = X
        return np.full(len(X), getattr(self, "fitted_", self.value))


def _table(days: int, sales: float, start: str = "2024-01-01") -> pd.DataFrame:
    dates = pd.date_range(start, periods=days)
    wiggle = np.random.default_rng(0).normal(0, 1, days)
    return pd.DataFrame({"Fecha": dates, "DíaDeLaSemana": dates.day_of_week + 1, "Ventas": sales + wiggle})


TRAIN, TEST = _table(100, 100), _table(60, 100, "2024-05-01")


def _contender(version: int, value: float, trained_on: set[str] = frozenset(), learns=False) -> Contender:
    return Contender(version, Constant(value, learns), trained_on)


def test_the_lower_error_wins_and_the_reason_names_both(settings) -> None:
    verdict = judge(_contender(2, 100), _contender(1, 110), TRAIN, TEST, settings)
    assert verdict.promoted
    assert (verdict.kind, verdict.evidence, verdict.rows) == ("fair", "win", 60)
    assert verdict.challenger_rmse < 2 < 9 < verdict.champion_rmse
    assert f"{verdict.challenger_rmse:.2f}" in verdict.reason
    assert f"{verdict.champion_rmse:.2f}" in verdict.reason


def test_a_worse_challenger_stays_out(settings) -> None:
    verdict = judge(_contender(2, 110), _contender(1, 100), TRAIN, TEST, settings)
    assert (verdict.promoted, verdict.evidence) == (False, "loss")
    assert verdict.reason.startswith("Not promoted")


@pytest.mark.parametrize("value", [100.0, 100.0 + 1e-12])
def test_an_equal_challenger_stays_out(settings, value: float) -> None:
    verdict = judge(_contender(2, value), _contender(1, 100.0), TRAIN, TEST, settings)
    assert (verdict.promoted, verdict.evidence) == (False, "undecided")
    assert "equal to" in verdict.reason


def test_a_gain_within_the_noise_is_promoted_by_the_rule_but_not_called_a_win(settings) -> None:
    # 0.02 of a noise of 1: the rule (lower RMSE) is met or not, the evidence must be undecided either way.
    verdict = judge(_contender(2, 100.01), _contender(1, 99.99), TRAIN, TEST, settings)
    assert verdict.evidence == "undecided"
    assert verdict.difference_low < 0 < verdict.difference_high


def test_both_are_scored_on_rows_that_neither_was_trained_on(settings) -> None:
    champion_knows = date_keys(TEST[:20])
    champion, challenger = _contender(1, 110, champion_knows), _contender(2, 100, date_keys(TRAIN))
    verdict = judge(challenger, champion, TRAIN, TEST, settings)
    assert (verdict.kind, verdict.rows, verdict.dates) == ("fair", 40, 40)
    assert date_keys(champion.estimator.seen_).isdisjoint(champion_knows | date_keys(TRAIN))
    assert date_keys(champion.estimator.seen_) == date_keys(challenger.estimator.seen_)


def test_with_too_few_new_dates_the_recipes_are_compared(settings) -> None:
    """The champion's fit knows most of the test rows: its recipe is fitted on the challenger's train rows."""
    champion = _contender(1, 0, date_keys(TEST[:40]), learns=True)
    verdict = judge(_contender(2, 150), champion, TRAIN, TEST, settings)
    assert (verdict.kind, verdict.rows, verdict.promoted) == ("recipe", 60, False)
    assert verdict.champion_rmse < 2, "its recipe learns the mean of the challenger's train rows, about 100"
    assert not hasattr(champion.estimator, "fitted_"), "the champion's own fit is left alone"
    assert "recipe comparison" in verdict.reason


def test_under_thirty_dates_nothing_is_called_a_win(settings) -> None:
    few = settings.model_copy(update={"FAIR_MIN_DATES": 5})
    verdict = judge(_contender(2, 100), _contender(1, 200), TRAIN, TEST[:20], few)
    assert (verdict.promoted, verdict.evidence) == (True, "undecided")


def test_unseen_rows_are_told_by_date() -> None:
    assert len(unseen_rows(TEST, date_keys(TEST[:10]))) == 50
