"""Champion against challenger on the same rows, none of which either was trained on.

Rows are compared by their dates: rows of one day share shocks, so a date that a model has seen anywhere is not
unseen; and significance is judged by daily means. Days on which a series was closed are no forecast and leave the
comparison. Two tables are scored beside the models: a model that does not beat them is not worth its while.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from ventas.contract import DATE
from ventas.evidence import Evidence, weigh
from ventas.new_level import LatestWeeks, latest_weeks
from ventas.reasons import EQUAL_WITHIN, Decision, beaten_by_a_table, no_rows, reason_of
from ventas.roles import Roles
from ventas.scores import Scores, pooled, score, score_from_origins
from ventas.segments import SegmentTable, segment_table
from ventas.settings import Settings
from ventas.tables import baselines
from ventas.training import refit
from ventas.verdict import Kind, Verdict

CHALLENGER, CHAMPION = "challenger", "champion"
NEW_LEVEL_ORIGINS = 4


@dataclass(frozen=True)
class Contender:
    """A model version with its judged fit and the dates (ISO) that this was trained on."""

    version: int
    estimator: Any
    trained_on: Set[str]


@dataclass(frozen=True)
class Case:
    """The rows of one run, and what a verdict on them goes by."""

    train: pd.DataFrame
    test: pd.DataFrame
    settings: Settings
    roles: Roles = field(default_factory=Roles)

    @cached_property
    def opened(self) -> pd.DataFrame:
        """The test rows of days on which their series was open."""
        opened: pd.DataFrame = self.test[self.roles.is_open(self.test)]
        return opened

    @property
    def closed(self) -> int:
        """How many test rows are left out."""
        return len(self.test) - len(self.opened)

    @property
    def by_time(self) -> bool:
        """Whether all test rows come after all train rows."""
        return bool(self.train[DATE].max() < self.test[DATE].min())

    @cached_property
    def latest(self) -> LatestWeeks | None:
        """The last weeks of a split by time."""
        return latest_weeks(self.train, self.test, self.roles) if self.by_time else None

    def origins(self, champion: Contender) -> int:
        """The number of windows to compare in: JUDGE_ORIGINS, or several where the level is new to every fit.

        Then all err alike in the last weeks, and only recipes can be told apart.
        """
        if self.settings.JUDGE_ORIGINS > 1 or self.latest is None:
            return self.settings.JUDGE_ORIGINS
        moved = self.latest.outgrew(min(self.latest.rmse(table) for table in self._baselines.values()))
        unaware = moved and self.latest.outgrew(self.latest.rmse(champion.estimator))
        return NEW_LEVEL_ORIGINS if unaware else 1

    def baselines(self) -> dict[str, Any]:
        """The tables that every model is measured against, fitted on train once."""
        return dict(self._baselines)

    @cached_property
    def _baselines(self) -> dict[str, Any]:
        return {name: refit(table, self.train) for name, table in baselines(self.roles).items()}

    def unseen_by(self, *contenders: Contender) -> pd.DataFrame:
        """The open test rows of dates that none of `contenders` was trained on."""
        return unseen_rows(self.opened, set().union(*(one.trained_on for one in contenders)))

    def test_rows_of(self, challenger: Contender) -> pd.DataFrame:
        """The same for a challenger alone, which was trained on this train."""
        rows = self.unseen_by(challenger)
        # A random split of several series: every date is in train, though no test row is.
        return self.opened if rows.empty else rows


@dataclass(frozen=True)
class _Comparison:
    """Scores of all models on the rows that decide; `windows` where there are several."""

    kind: Kind
    scores: Scores
    windows: Sequence[Scores] = ()


def judge(challenger: Contender, champion: Contender, case: Case) -> Verdict:
    """Score both, and the baselines, on this run's unseen open test rows, and decide by PROMOTION_RULE.

    With fewer than FAIR_MIN_DATES unseen dates the champion's recipe is fitted on the challenger's train rows
    instead, and both are scored on all test rows that the challenger has not seen. With several origins (and a
    split by time) both recipes are fitted anew for each window of test dates, unless they are the same recipe: then
    only the fits can differ, of which one knows newer sales.
    """
    if case.opened.empty:
        return Verdict(
            promoted=False,
            kind="fair",
            reason=no_rows(challenger.version),
            challenger_version=challenger.version,
            champion_version=champion.version,
            rows_closed=case.closed,
        )
    origins = case.origins(champion)
    if origins > 1 and case.by_time:
        compared = _from_origins(challenger, champion, case, origins)
        if not _equal(compared.scores.rmse(CHALLENGER), compared.scores.rmse(CHAMPION)):
            return _verdict(compared, challenger, champion, case)
    return _verdict(_on_unseen_rows(challenger, champion, case), challenger, champion, case)


def first_verdict(
    challenger: Contender, case: Case, *, absence: str = "is the first model, there is no champion to beat"
) -> Verdict:
    """Promote the first model, which has no rival; its error and those of the baselines are told.

    `absence` is why there is no rival, as the end of a sentence about the challenger.
    """
    reason = f"Promoted: version {challenger.version} {absence}"
    rows = case.test_rows_of(challenger)
    if rows.empty:
        return Verdict(True, "first", f"{reason}.", challenger_version=challenger.version)
    scores = score({CHALLENGER: challenger.estimator, **case.baselines()}, rows)
    error = scores.rmse(CHALLENGER)
    table = segment_table(rows, scores.losses[CHALLENGER], None, case.roles)
    return Verdict(
        promoted=True,
        kind="first",
        reason=f"{reason}; its RMSE is {error:.2f} on {len(rows)} test rows."
        + beaten_by_a_table(error, _baseline_errors(scores)),
        challenger_version=challenger.version,
        challenger_rmse=error,
        rows=len(rows),
        dates=scores.dates,
        rule=case.settings.PROMOTION_RULE,
        baselines=_baseline_errors(scores),
        segments=[one.as_dict() for one in table.segments],
        series_compared=table.series_compared,
        rows_closed=case.closed,
    )


def unseen_rows(frame: pd.DataFrame, dates: Iterable[str]) -> pd.DataFrame:
    """The rows whose date is not among `dates` (ISO)."""
    unseen: pd.DataFrame = frame.loc[~frame[DATE].isin(pd.to_datetime(list(dates), format="%Y-%m-%d"))]
    return unseen


def date_keys(frame: pd.DataFrame) -> set[str]:
    """The dates of a table, ISO."""
    return set(frame[DATE].drop_duplicates().dt.strftime("%Y-%m-%d"))


def _on_unseen_rows(challenger: Contender, champion: Contender, case: Case) -> _Comparison:
    models = {CHALLENGER: challenger.estimator, **case.baselines()}
    rows = case.unseen_by(challenger, champion)
    if rows[DATE].nunique() >= case.settings.FAIR_MIN_DATES:
        return _Comparison("fair", score(models | {CHAMPION: champion.estimator}, rows))
    rival = refit(champion.estimator, case.train)
    return _Comparison("recipe", score(models | {CHAMPION: rival}, case.test_rows_of(challenger)))


def _from_origins(challenger: Contender, champion: Contender, case: Case, origins: int) -> _Comparison:
    recipes = {CHALLENGER: challenger.estimator, CHAMPION: champion.estimator, **baselines(case.roles)}
    parts = score_from_origins(recipes, case.train, case.test, case.opened, origins)
    return _Comparison("recipe", pooled(parts), parts)


def _baseline_errors(scores: Scores) -> dict[str, float]:
    return {name: scores.rmse(name) for name in scores.losses if name not in (CHALLENGER, CHAMPION)}


def _verdict(compared: _Comparison, challenger: Contender, champion: Contender, case: Case) -> Verdict:
    scores = compared.scores
    evidence = weigh(scores.daily_gain(CHALLENGER, CHAMPION), case.settings.SEED)
    table = segment_table(scores.rows, scores.losses[CHALLENGER], scores.losses[CHAMPION], case.roles)
    decision = _decision(compared, (challenger.version, champion.version), evidence, table, case.settings)
    return Verdict(
        promoted=decision.promoted,
        kind=compared.kind,
        evidence=evidence.word,
        reason=reason_of(decision) + beaten_by_a_table(decision.ours, _baseline_errors(scores)),
        challenger_version=challenger.version,
        champion_version=champion.version,
        challenger_rmse=decision.ours,
        champion_rmse=decision.theirs,
        rows=len(scores.rows),
        dates=scores.dates,
        difference_low=evidence.low,
        difference_high=evidence.high,
        probability=evidence.probability,
        dm_statistic=evidence.dm_statistic,
        dm_p_value=evidence.dm_p_value,
        rule=case.settings.PROMOTION_RULE,
        baselines=_baseline_errors(scores),
        segments=[one.as_dict() for one in table.segments],
        worst_segment=table.worst.as_dict() if table.worst else None,
        series_compared=table.series_compared,
        series_worse=table.series_worse,
        origins=[_origin(part) for part in compared.windows],
        rows_closed=case.closed,
    )


def _decision(
    compared: _Comparison,
    versions: tuple[int, int],
    evidence: Evidence,
    table: SegmentTable,
    settings: Settings,
) -> Decision:
    """What the rules make of the figures: lower, sure enough, and no segment too much worse."""
    ours, theirs = compared.scores.rmse(CHALLENGER), compared.scores.rmse(CHAMPION)
    bound, worst = settings.MAX_SEGMENT_REGRESSION, table.worst
    grown = worst if bound is not None and worst and (worst.change or 0.0) > bound + EQUAL_WITHIN else None
    return Decision(
        kind=compared.kind,
        challenger=versions[0],
        champion=versions[1],
        ours=ours,
        theirs=theirs,
        rows=len(compared.scores.rows),
        windows=len(compared.windows),
        lower=ours < theirs * (1 - EQUAL_WITHIN),
        equal=_equal(ours, theirs),
        unsure=evidence.word if settings.PROMOTION_RULE == "confident" and evidence.word != "win" else None,
        grown=grown,
        bound=bound,
    )


def _equal(ours: float, theirs: float) -> bool:
    return abs(ours - theirs) <= EQUAL_WITHIN * max(ours, theirs)


def _origin(window: Scores) -> dict[str, Any]:
    dates = window.rows[DATE]
    return {
        "first": f"{dates.min():%Y-%m-%d}",
        "last": f"{dates.max():%Y-%m-%d}",
        "rows": len(dates),
        "dates": window.dates,
        "challenger_rmse": window.rmse(CHALLENGER),
        "champion_rmse": window.rmse(CHAMPION),
        "baselines": _baseline_errors(window),
    }
