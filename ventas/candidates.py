"""Which models a search tries: planned from rows, columns and settings alone, so equal uploads are searched alike.

Costs are what fits took on two cores, in seconds; they need to be right within a factor of two or so. Candidates come
in the order of what they are expected to bring, and what does not fit into the budget is left out with a reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import log2
from typing import Any, Literal, Self

from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from ventas.linear_terms import LinearTerms
from ventas.matrix import DAY, SERIES, SalesMatrix
from ventas.regressor import SalesRegressor, iterations_name
from ventas.roles import Roles
from ventas.settings import Settings
from ventas.tables import MEANS, SEASONAL_NAIVE, CellMeans, SeasonalNaive
from ventas.threads import PARALLEL_FROM_ROWS

Family = Literal["means", "seasonal_naive", "linear", "forest", "boosting", "grid"]
STATISTICS_FROM_DAYS = 112  # fewer leave too few rows after the days that statistics need before them
FOREST_MAX_ROWS = 100_000
TREES = 100
PLAIN_TREES, PLAIN_MAX_ROWS = 50, 5_000
FOREST_SAMPLE = 30_000  # rows that each tree of a large forest is grown on
LINEAR_MAX_ROWS = 400_000
# Seconds on two cores, measured on 255 to 875,000 rows of 42 columns. For a row: tables; linear models with their
# terms; boosting for each iteration and doubling of leaves; forests for each tree, doubling of rows and column.
# LEAF_COST is for each leaf of each boosted tree, whatever the rows.
TABLE_COST, LINEAR_COST, BOOSTING_COST, FOREST_COST = 1.3e-6, 6e-6, 2.3e-8, 1e-6
LEAF_COST = 7e-5


@dataclass(frozen=True)
class View:
    """Which matrix a candidate sees; equal views are computed once for each fold."""

    calendar: bool = False
    statistics: bool = False
    masked: bool = False


@dataclass(frozen=True)
class Candidate:
    """One model to try. `iterations` is 0 where it cannot be stopped half-way; `cost` is of one fit on one row."""

    name: str
    family: Family
    view: View
    regressor: Any
    params: dict[str, Any]
    log: bool = False
    on_base: bool = False
    iterations: int = 0
    cost: float = 0.0
    first: int = SERIES

    def stopped_at(self, iterations: int) -> Self:
        """The same with no more iterations than it had when it won; 0 for all of them."""
        if not 0 < iterations < self.iterations:
            return self
        fewer = {iterations_name(self.regressor): iterations}
        regressor = clone(self.regressor).set_params(**fewer)
        params = self.params | fewer
        return replace(self, regressor=regressor, params=params, iterations=iterations)

    @property
    def has_terms(self) -> bool:
        """Whether its view's matrix is made into terms first."""
        return self.family == "linear"

    def final_step(self, **calibration: Any) -> SalesRegressor:
        """Its unfitted last step."""
        return SalesRegressor(
            self.regressor, log=self.log, on_base=self.on_base, first=self.first, **calibration
        )

    def pipeline(self, matrix: SalesMatrix, **calibration: Any) -> Pipeline:
        """The unfitted model, raw columns in."""
        terms = [("terms", self.terms())] if self.has_terms else []
        return Pipeline([("features", matrix), *terms, ("model", self.final_step(**calibration))])

    def terms(self) -> LinearTerms:
        """What a linear model is told of its view's matrix."""
        return LinearTerms(self.view.calendar, self.view.statistics)


@dataclass(frozen=True)
class Task:
    """What is to be searched: the size of train, and how many folds and settings there are."""

    rows: int
    columns: int
    series: int
    days: int
    folds: int


@dataclass(frozen=True)
class Plan:
    """The candidates to try, what was left out (name, family, reason), and the seconds that all is to take."""

    candidates: list[Candidate]
    left_out: list[dict[str, str]]
    seconds: float


def matrix_of(view: View, roles: Roles, seed: int) -> SalesMatrix:
    """The unfitted first step that makes a view."""
    masked = {} if view.masked else {"masked": 0.0}
    return SalesMatrix(
        roles.series, roles.open, calendar=view.calendar, statistics=view.statistics, seed=seed, **masked
    )


def tables() -> list[Candidate]:
    """The baselines as candidates."""
    return [
        Candidate(MEANS, "means", View(), CellMeans(), {}, cost=TABLE_COST, first=DAY),
        Candidate(SEASONAL_NAIVE, "seasonal_naive", View(), SeasonalNaive(), {}, cost=TABLE_COST, first=DAY),
    ]


def grid(settings: Settings, rows: int) -> Plan:
    """The seed's search: a forest on the raw columns, every combination of GRID_*, whatever it takes."""
    shapes = product(settings.GRID_N_ESTIMATORS, settings.GRID_MAX_DEPTH, settings.GRID_MIN_SAMPLES_SPLIT)
    candidates = [_grid_forest(*shape, settings.SEED, rows) for shape in shapes]
    return Plan(candidates, [], 0.0)


def _grid_forest(trees: int, depth: int | None, split: int, seed: int, rows: int) -> Candidate:
    params = {"n_estimators": trees, "max_depth": depth, "min_samples_split": split}
    jobs = -1 if rows >= PARALLEL_FROM_ROWS else None
    forest = RandomForestRegressor(**params, random_state=seed, n_jobs=jobs)
    name = f"forest {trees} trees, depth {depth}, split {split}"
    return Candidate(name, "grid", View(masked=True), forest, params)


def plan(task: Task, settings: Settings) -> Plan:
    """What to try for `task` within SEARCH_BUDGET_SECONDS: the folds' fits, and the winner's two on all rows."""
    chosen, left_out = tables(), []
    for one in _wanted(task, settings):
        reason = _unfit(one, task)
        seconds = _seconds([*chosen, one], task)
        if not reason and seconds > settings.SEARCH_BUDGET_SECONDS:
            reason = f"The search would take {seconds:.0f} s with it, more than SEARCH_BUDGET_SECONDS."
        if reason:
            left_out.append({"name": one.name, "family": one.family, "note": reason})
        else:
            chosen.append(one)
    return Plan(chosen, left_out, _seconds(chosen, task))


def _seconds(tried: list[Candidate], task: Task) -> float:
    """A fit on each fold, on two thirds of the rows on average, and two of the dearest on all of them.

    Boosting and forests stop most candidates at a third of the way.
    """
    folds = sum(one.cost * (0.5 if one.iterations else 1.0) for one in tried) * task.folds * 0.65
    return task.rows * (folds + 2 * max(one.cost for one in tried))


def _unfit(one: Candidate, task: Task) -> str:
    if one.family == "forest" and task.rows > FOREST_MAX_ROWS:
        return f"A forest learns from at most {FOREST_MAX_ROWS:,} rows here; boosting takes its place."
    if one.family == "linear" and task.rows > LINEAR_MAX_ROWS:
        return f"A linear model learns from at most {LINEAR_MAX_ROWS:,} rows here."
    return ""


def _wanted(task: Task, settings: Settings) -> Iterator[Candidate]:
    statistics = task.series > 1 and task.days >= STATISTICS_FROM_DAYS
    view = View(calendar=True, statistics=statistics, masked=True)
    if task.series == 1:
        yield from _linear(View(), task.rows)
    yield from _linear(view, task.rows)
    if task.series == 1 and task.rows < PLAIN_MAX_ROWS:
        yield _plain_forest(task, settings.SEED)
    yield from _boosting(view, task, settings.SEED)
    yield from _forests(view, task, settings.SEED)


def _linear(view: View, rows: int) -> Iterator[Candidate]:
    """Ridge; its penalty grows with the rows, so that a share of them weighs against the terms."""
    for log, share in product((False, True), (0.003, 0.03, 0.3)):
        if view.statistics and not log:
            continue  # stores of unlike sizes share no sums, only shares
        yield Candidate(
            f"linear {'log ' if log else ''}{'calendar ' if view.calendar else ''}penalty {share:g}",
            "linear",
            view,
            Ridge(alpha=share * rows),
            {"penalty": share, "log": log},
            log,
            view.statistics,
            cost=LINEAR_COST,
            first=SERIES + 1,
        )


def _boosting(view: View, task: Task, seed: int) -> Iterator[Candidate]:
    for leaves, rate, iterations, log in _boosting_shapes(task):
        regressor = HistGradientBoostingRegressor(
            max_leaf_nodes=leaves,
            learning_rate=rate,
            max_iter=iterations,
            min_samples_leaf=20 if task.rows < 100_000 else 50,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=seed,
        )
        on_base = view.statistics and log
        yield Candidate(
            f"boosting {'log ' if log else ''}{iterations} x {leaves} leaves, rate {rate:g}",
            "boosting",
            view,
            regressor,
            {"max_leaf_nodes": leaves, "learning_rate": rate, "max_iter": iterations, "log": log},
            log,
            on_base,
            iterations,
            _boosting_cost(task, leaves) * iterations,
        )


def _boosting_shapes(task: Task) -> list[tuple[int, float, int, bool]]:
    """Leaves, learning rate, iterations, log target: from what did best for one series, and for a thousand."""
    if task.rows < 5_000:
        return [(8, 0.05, 150, True), (8, 0.05, 150, False), (4, 0.05, 150, True), (15, 0.05, 150, True)]
    if task.rows < 150_000:
        return [(31, 0.05, 300, True), (15, 0.05, 300, True), (63, 0.05, 300, True), (31, 0.05, 300, False)]
    return [(127, 0.1, 200, True), (63, 0.1, 200, True)]


def _boosting_cost(task: Task, leaves: int) -> float:
    """Of one iteration on one row."""
    matrix = (task.columns + 29) / 42
    return BOOSTING_COST * matrix * log2(leaves) + LEAF_COST * leaves / max(task.rows, 1)


def _plain_forest(task: Task, seed: int) -> Candidate:
    """On the file's own columns, as the seed's grid: in a year of days the calendar's columns may only mislead."""
    params = {"n_estimators": PLAIN_TREES}
    forest = RandomForestRegressor(**params, random_state=seed)
    cost = _forest_cost(task, PLAIN_TREES, task.columns)
    return Candidate("forest on plain columns", "forest", View(), forest, params, cost=cost)


def _forest_cost(task: Task, trees: int, columns: float) -> float:
    """Of a fit on one row, with so many columns looked at for each split."""
    return FOREST_COST * trees * columns / 10 * log2(max(task.rows, 2)) / 10


def _forests(view: View, task: Task, seed: int) -> Iterator[Candidate]:
    for leaf, share in ((5, 0.4), (2, 0.4), (5, 1.0)):
        sample = min(1.0, FOREST_SAMPLE / max(task.rows, 1))
        forest = RandomForestRegressor(
            n_estimators=TREES,
            min_samples_leaf=leaf,
            max_features=share,
            max_samples=None if sample == 1.0 else sample,
            n_jobs=-1 if task.rows >= PARALLEL_FROM_ROWS else None,
            random_state=seed,
        )
        params = {
            "n_estimators": TREES,
            "min_samples_leaf": leaf,
            "max_features": share,
            "max_samples": sample,
        }
        cost = _forest_cost(task, TREES, share * (task.columns + 20)) * sample
        name = f"forest leaf={leaf} features={share:g}"
        yield Candidate(name, "forest", view, forest, params, iterations=TREES, cost=cost)
