"""Champion and challenger see the same rows, none of which either was trained on."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from ventas.promotion import Case, Contender, date_keys, first_verdict, judge, unseen_rows
from ventas.roles import Roles
from ventas.settings import Settings
from ventas.verdict import Verdict


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
        self.asked_ = getattr(self, "asked_", 0) + 1
        return np.full(len(X), getattr(self, "fitted_", self.value))


def _table(days: int, sales: float, start: str = "2024-01-01") -> pd.DataFrame:
    dates = pd.date_range(start, periods=days)
    wiggle = np.random.default_rng(0).normal(0, 1, days)
    return pd.DataFrame(
        {
            "Fecha": dates,
            "DíaDeLaSemana": dates.day_of_week + 1,
            "Promociones": np.arange(days) % 2,
            "Festivo": (dates.day == 25).astype(int),
            "Ventas": sales + wiggle,
        }
    )


TRAIN, TEST = _table(100, 100), _table(60, 100, "2024-05-01")


def _contender(version: int, value: float, trained_on: set[str] = frozenset(), learns=False) -> Contender:
    return Contender(version, Constant(value, learns), trained_on)


@pytest.fixture
def case(settings: Settings) -> Case:
    return Case(TRAIN, TEST, settings)


def test_a_challenger_that_a_table_beats_on_the_same_rows_is_told_so(case: Case) -> None:
    """It may win all the same: the rule asks for less error than the champion's."""
    beaten = judge(_contender(2, 120.0), _contender(1, 150.0), case)
    assert beaten.promoted
    assert (
        f"The table «means» has {beaten.baselines['means']:.2f} on these rows, which is lower"
        in beaten.reason
    )
    assert "The table" in first_verdict(_contender(1, 120.0), case).reason
    assert "The table" not in judge(_contender(2, 100.0), _contender(1, 150.0), case).reason


def _with(case: Case, **changes: object) -> Case:
    return replace(case, settings=case.settings.model_copy(update=changes))


def _values(case: Case, ours: float, theirs: float) -> Verdict:
    return judge(_contender(2, ours), _contender(1, theirs), case)


def test_the_lower_error_wins_and_the_reason_names_both(case: Case) -> None:
    verdict = _values(case, 100, 110)
    assert verdict.promoted
    assert (verdict.kind, verdict.evidence, verdict.rows, verdict.rule) == ("fair", "win", 60, "lower")
    assert verdict.challenger_rmse < 2 < 9 < verdict.champion_rmse
    assert f"{verdict.challenger_rmse:.2f}" in verdict.reason
    assert f"{verdict.champion_rmse:.2f}" in verdict.reason
    assert (verdict.probability, verdict.dm_p_value < 0.001, verdict.dm_statistic > 0) == (1.0, True, True)


def test_the_difference_of_the_errors_lies_within_its_interval_however_many_rows_a_day_has(
    settings: Settings,
) -> None:
    """Forty shops are open on six days of the week and five on Sundays, where the challenger is far worse."""
    test = TEST.loc[TEST.index.repeat(np.where(TEST["DíaDeLaSemana"] == 7, 5, 40))]
    noise = np.random.default_rng(1).normal(0, 3, len(test))
    case = Case(TRAIN, test.assign(Ventas=test["Ventas"] + noise).reset_index(drop=True), settings)
    verdict = judge(Contender(2, WorseOnSundays(100.0), set()), _contender(1, 108), case)
    difference = verdict.champion_rmse**2 - verdict.challenger_rmse**2
    assert verdict.difference_low <= difference <= verdict.difference_high
    assert (difference > 0, verdict.promoted, verdict.evidence, verdict.dm_statistic > 0) == (
        True, True, "win", True,
    )  # fmt: skip


def test_a_worse_challenger_stays_out(case: Case) -> None:
    verdict = _values(case, 110, 100)
    assert (verdict.promoted, verdict.evidence, verdict.probability) == (False, "loss", 0.0)
    assert verdict.reason.startswith("Not promoted")


@pytest.mark.parametrize("rule", ["lower", "confident"])
@pytest.mark.parametrize("value", [100.0, 100.0 + 1e-12])
def test_an_equal_challenger_stays_out(case: Case, value: float, rule: str) -> None:
    verdict = _values(_with(case, PROMOTION_RULE=rule), value, 100.0)
    assert (verdict.promoted, verdict.evidence) == (False, "undecided")
    assert "equal to" in verdict.reason
    assert "PROMOTION_RULE" not in verdict.reason, "no rule would have promoted it"


def test_a_gain_within_the_noise_is_promoted_by_the_rule_but_not_called_a_win(case: Case) -> None:
    # 0.02 of a noise of 1: the rule (lower RMSE) is met or not, the evidence must be undecided either way.
    verdict = _values(case, 100.01, 99.99)
    assert verdict.evidence == "undecided"
    assert verdict.difference_low < 0 < verdict.difference_high


def test_the_confident_rule_promotes_a_win_and_nothing_less(case: Case) -> None:
    confident = _with(case, PROMOTION_RULE="confident")
    near, other = sorted((100.01, 99.99), key=lambda value: _values(case, value, 100.0).challenger_rmse)
    assert _values(case, near, other).promoted, "by the default rule"
    verdict = _values(confident, near, other)
    assert (verdict.promoted, verdict.evidence, verdict.rule) == (False, "undecided", "confident")
    assert "PROMOTION_RULE=confident promotes a win only, and the evidence is undecided." in verdict.reason
    assert _values(confident, 100, 110).promoted


def _year(seed: int) -> pd.DataFrame:
    """365 days with a noise of 95, as a shop of its own has it, and what is expected of each."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2022-01-01", periods=365)
    expected = 1500.0 + 400 * dates.day_of_week
    return pd.DataFrame(
        {
            "Fecha": dates, "DíaDeLaSemana": dates.day_of_week + 1, "Promociones": 0, "Festivo": 0,
            "Ventas": expected + rng.normal(0, 95, 365), "Esperado": expected,
        }
    )  # fmt: skip


class Guess(Constant):
    """What is expected, and a lasting misjudgement of each weekday."""

    def predict(self, X):
        misjudged = np.random.default_rng(int(self.value)).normal(0, 18, 8)
        return X["Esperado"].to_numpy() + misjudged[X["DíaDeLaSemana"]]


def test_a_difference_of_one_or_two_in_a_year_of_days_is_never_a_win(settings: Settings) -> None:
    """Thirty pairs of guesses at a noise of 95: their errors differ by a few, and none is told from luck."""
    small = []
    for seed in range(30):
        sales = _year(seed)
        case = Case(sales[:255], sales[255:], settings)
        verdict = judge(Contender(2, Guess(seed), set()), Contender(1, Guess(seed + 99), set()), case)
        if abs(verdict.challenger_rmse - verdict.champion_rmse) <= 2:
            small.append(verdict.evidence)
    assert len(small) >= 10
    assert set(small) == {"undecided"}


def test_the_baselines_are_scored_on_the_same_rows(case: Case) -> None:
    verdict = _values(case, 100, 110)
    assert verdict.baselines.keys() == {"means", "seasonal_naive"}
    assert verdict.baselines["means"] < 2 < 9 < verdict.champion_rmse


def test_each_model_is_asked_once(case: Case) -> None:
    ours, theirs = _contender(2, 100), _contender(1, 110)
    judge(ours, theirs, case)
    assert (ours.estimator.asked_, theirs.estimator.asked_) == (1, 1)


def test_both_are_scored_on_rows_that_neither_was_trained_on(case: Case) -> None:
    champion_knows = date_keys(TEST[:20])
    champion, challenger = _contender(1, 110, champion_knows), _contender(2, 100, date_keys(TRAIN))
    verdict = judge(challenger, champion, case)
    assert (verdict.kind, verdict.rows, verdict.dates) == ("fair", 40, 40)
    assert date_keys(champion.estimator.seen_).isdisjoint(champion_knows | date_keys(TRAIN))
    assert date_keys(champion.estimator.seen_) == date_keys(challenger.estimator.seen_)


def test_with_too_few_new_dates_the_recipes_are_compared(case: Case) -> None:
    """The champion's fit knows most of the test rows: its recipe is fitted on the challenger's train rows."""
    champion = _contender(1, 0, date_keys(TEST[:40]), learns=True)
    verdict = judge(_contender(2, 150), champion, case)
    assert (verdict.kind, verdict.rows, verdict.promoted) == ("recipe", 60, False)
    assert verdict.champion_rmse < 2, "its recipe learns the mean of the challenger's train rows, about 100"
    assert not hasattr(champion.estimator, "fitted_"), "the champion's own fit is left alone"
    assert "recipe comparison" in verdict.reason


def test_under_thirty_dates_nothing_is_called_a_win(case: Case) -> None:
    few = replace(_with(case, FAIR_MIN_DATES=5), test=TEST[:20])
    verdict = _values(few, 100, 200)
    assert (verdict.promoted, verdict.evidence) == (True, "undecided")


def test_unseen_rows_are_told_by_date() -> None:
    assert len(unseen_rows(TEST, date_keys(TEST[:10]))) == 50
    assert len(unseen_rows(TEST, ())) == 60


def test_closed_days_leave_the_comparison(settings: Settings) -> None:
    """Every seventh day is closed and sells nothing; a model that says 0 for all days must gain nothing by it."""
    train, test = (
        table.assign(Abierto=(table["DíaDeLaSemana"] != 7).astype(float))
        for table in (TRAIN, _table(70, 100, "2024-05-01"))
    )
    test.loc[test["Abierto"] == 0, "Ventas"] = 0.0
    verdict = _values(Case(train, test, settings, Roles(open="Abierto")), 100, 110)
    assert (verdict.rows, verdict.rows_closed) == (60, 10)
    assert verdict.challenger_rmse < 2, "the closed days would have made it 38"
    assert "7" not in {one["value"] for one in verdict.segments if one["segment"] == "weekday"}


def test_a_test_of_closed_days_alone_decides_nothing(settings: Settings) -> None:
    closed = Case(TRAIN.assign(Abierto=1.0), TEST.assign(Abierto=0.0), settings, Roles(open="Abierto"))
    verdict = _values(closed, 100, 110)
    assert (verdict.promoted, verdict.evidence, verdict.rows_closed) == (False, None, 60)
    assert "upload a file" in verdict.reason
    first = first_verdict(_contender(1, 100), closed)
    assert (first.promoted, first.challenger_rmse) == (True, None)


class WorseOnSundays(Constant):
    """Off by 20 on one weekday, exact on the others."""

    def predict(self, X):
        return self.value + 20.0 * (X["DíaDeLaSemana"].to_numpy() == 7)


def test_a_segment_that_grows_too_much_holds_the_promotion(settings: Settings) -> None:
    case = Case(TRAIN, _table(210, 100, "2024-05-01"), settings)
    challenger, champion = Contender(2, WorseOnSundays(100.0), set()), _contender(1, 110)
    free = judge(challenger, champion, case)
    assert (free.promoted, free.worst_segment["segment"], free.worst_segment["value"]) == (
        True,
        "weekday",
        "7",
    )
    assert free.worst_segment["change"] == pytest.approx(1.0, abs=0.1)
    bound = judge(challenger, champion, _with(case, MAX_SEGMENT_REGRESSION=0.05))
    assert not bound.promoted
    assert "In segment weekday=7 its error is" in bound.reason
    assert "MAX_SEGMENT_REGRESSION allows 5.0%" in bound.reason
    assert judge(challenger, champion, _with(case, MAX_SEGMENT_REGRESSION=1.5)).promoted


def test_windows_are_judged_each_from_its_own_origin(case: Case) -> None:
    """Sales rise by a third in the middle of test: a recipe that learns knows it in the second window alone."""
    risen = replace(case, test=TEST.assign(Ventas=TEST["Ventas"] + 50 * (np.arange(60) >= 15)))
    learner = _contender(2, 0, learns=True)
    verdict = judge(learner, _contender(1, 100), _with(risen, JUDGE_ORIGINS=2))
    first, second = verdict.origins
    assert (first["first"], first["last"], first["rows"]) == ("2024-05-01", "2024-05-30", 30)
    assert (second["first"], second["last"], second["rows"]) == ("2024-05-31", "2024-06-29", 30)
    assert second["challenger_rmse"] < second["champion_rmse"], "it has seen some of the higher days"
    assert first["challenger_rmse"] == pytest.approx(first["champion_rmse"], rel=0.01)
    mean_of_all = np.concatenate([TRAIN["Ventas"], risen.test["Ventas"][:30]]).mean()
    off = risen.test["Ventas"][30:] - mean_of_all
    assert second["challenger_rmse"] == pytest.approx(float(np.sqrt((off**2).mean())))
    pooled = np.sqrt((first["challenger_rmse"] ** 2 + second["challenger_rmse"] ** 2) / 2)
    assert (verdict.kind, verdict.rows, verdict.challenger_rmse) == ("recipe", 60, pytest.approx(pooled))
    assert "2 windows" in verdict.reason
    assert not hasattr(learner.estimator, "fitted_"), "the judged fit is left alone"


def test_equal_recipes_are_judged_by_their_fits(case: Case) -> None:
    """The champion was fitted when sales were lower: the same recipe on newer rows must be able to replace it."""
    old = Constant(learns=True).fit(None, [50.0])
    new = Constant(learns=True).fit(None, TRAIN["Ventas"])
    verdict = judge(
        Contender(2, new, date_keys(TRAIN)), Contender(1, old, set()), _with(case, JUDGE_ORIGINS=3)
    )
    assert (verdict.promoted, verdict.kind, verdict.origins) == (True, "fair", [])


def test_a_random_split_has_no_origins_to_roll(case: Case) -> None:
    both = pd.concat([TRAIN, TEST], ignore_index=True)
    mixed = replace(_with(case, JUDGE_ORIGINS=3), train=both[::2], test=both[1::2])
    verdict = judge(_contender(2, 100, date_keys(both[::2])), _contender(1, 110), mixed)
    assert (verdict.kind, verdict.origins) == ("fair", [])


def test_more_windows_than_dates_are_as_many_as_dates(case: Case) -> None:
    few = replace(_with(case, JUDGE_ORIGINS=12), test=TEST[:5])
    assert len(_values(few, 100, 110).origins) == 5


def test_the_first_model_is_told_with_its_error_and_the_baselines(case: Case) -> None:
    verdict = first_verdict(_contender(1, 110), case)
    assert (verdict.promoted, verdict.kind, verdict.champion_rmse, verdict.evidence) == (
        True,
        "first",
        None,
        None,
    )
    assert verdict.challenger_rmse == pytest.approx(10, abs=0.5)
    assert verdict.baselines["means"] < 2
    assert "is the first model" in verdict.reason
    assert f"its RMSE is {verdict.challenger_rmse:.2f} on 60 test rows." in verdict.reason


def test_a_verdict_as_json_has_no_number_that_json_has_not(case: Case) -> None:
    exact = replace(case, test=TEST.assign(Ventas=100.0))
    told = _values(exact, 101, 100).as_dict()
    assert told["worst_segment"]["change"] is None, "infinitely worse than a champion without error"
    assert told["champion_rmse"] == 0.0


def test_a_thousand_series_are_judged_in_seconds(settings: Settings) -> None:
    """300,000 rows; what takes its time is not the models, which are constants here, but all the rest."""
    days, series = 300, 1000
    dates = pd.date_range("2024-01-01", periods=days)
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "Fecha": np.repeat(dates, series), "DíaDeLaSemana": np.repeat(dates.day_of_week + 1, series),
            "Promociones": rng.integers(0, 2, days * series), "Festivo": 0,
            "Tienda": np.tile(np.arange(1.0, series + 1), days), "Ventas": 100 + rng.normal(0, 10, days * series),
        }
    )  # fmt: skip
    case = Case(
        TRAIN.assign(Tienda=1.0), rows[rows["Fecha"] > TRAIN["Fecha"].max()], settings, Roles(series="Tienda")
    )
    started = time.process_time()
    verdict = _values(case, 100, 101)
    assert time.process_time() - started < 5
    assert (verdict.rows, verdict.series_compared, verdict.evidence) == (200_000, 1000, "win")
    assert len(verdict.segments) < 40
