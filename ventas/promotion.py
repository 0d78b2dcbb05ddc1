"""Champion against challenger on the same rows, none of which either was trained on.

Rows are compared by their dates: rows of one day share shocks, so a date that a model has seen anywhere is not
unseen; and significance is judged by daily means.
"""

from collections.abc import Set
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, TARGET
from ventas.settings import Settings
from ventas.training import evaluate, inputs, refit

Evidence = Literal["win", "undecided", "loss"]
Kind = Literal["first", "fair", "recipe", "older_upload", "same_bytes", "checks"]

EQUAL_WITHIN = 1e-9  # relative; closer errors are the same error
BLOCK_DAYS = 7  # sales repeat by the week
RESAMPLES = 2000
EVIDENCE_MIN_DATES = 30
INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class Verdict:
    """Why a challenger was promoted or not. Errors are RMSE in units of sales.

    `difference_low` and `difference_high` bound the champion's mean squared error minus the challenger's, by
    dates, with 95 % confidence; positive favours the challenger. None where nothing was compared.
    """

    promoted: bool
    kind: Kind
    reason: str
    evidence: Evidence | None = None
    challenger_version: int | None = None
    champion_version: int | None = None
    challenger_rmse: float | None = None
    champion_rmse: float | None = None
    rows: int = 0
    dates: int = 0
    difference_low: float | None = None
    difference_high: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The verdict as JSON keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class Contender:
    """A model version with its judged fit and the dates (ISO) that this was trained on."""

    version: int
    estimator: Any
    trained_on: Set[str]


def judge(
    challenger: Contender, champion: Contender, train: pd.DataFrame, test: pd.DataFrame, settings: Settings
) -> Verdict:
    """Score both on this run's unseen test rows; lower RMSE wins, an equal one does not.

    With fewer than `settings.FAIR_MIN_DATES` unseen dates the champion's recipe is fitted on the challenger's
    train rows instead, and both are scored on all test rows that the challenger has not seen.
    """
    rows = unseen_rows(test, challenger.trained_on | champion.trained_on)
    kind: Kind = "fair"
    rival = champion.estimator
    if rows[DATE].nunique() < settings.FAIR_MIN_DATES:
        kind, rows = "recipe", unseen_rows(test, challenger.trained_on)
        if rows.empty:  # a random split of several series: every date is in train, though no test row is
            rows = test
        rival = refit(champion.estimator, train)
    return _verdict(kind, challenger, champion.version, rival, rows, settings.SEED)


def unseen_rows(frame: pd.DataFrame, dates: Set[str]) -> pd.DataFrame:
    """The rows whose date is not among `dates` (ISO)."""
    unseen: pd.DataFrame = frame.loc[~frame[DATE].dt.strftime("%Y-%m-%d").isin(dates)]
    return unseen


def date_keys(frame: pd.DataFrame) -> set[str]:
    """The dates of a table, ISO."""
    return set(frame[DATE].dt.strftime("%Y-%m-%d"))


def _verdict(
    kind: Kind, challenger: Contender, champion_version: int, rival: Any, rows: pd.DataFrame, seed: int
) -> Verdict:
    ours, theirs = evaluate(challenger.estimator, rows).rmse, evaluate(rival, rows).rmse
    promoted = ours < theirs * (1 - EQUAL_WITHIN)
    low, high = _difference(challenger.estimator, rival, rows, seed)
    dates = int(rows[DATE].nunique())
    return Verdict(
        promoted=promoted,
        kind=kind,
        evidence=_evidence(low, high, dates),
        reason=_reason(promoted, kind, challenger.version, champion_version, ours, theirs, len(rows)),
        challenger_version=challenger.version,
        champion_version=champion_version,
        challenger_rmse=ours,
        champion_rmse=theirs,
        rows=len(rows),
        dates=dates,
        difference_low=low,
        difference_high=high,
    )


def _reason(
    promoted: bool, kind: Kind, challenger: int, champion: int, ours: float, theirs: float, rows: int
) -> str:
    how = {
        "fair": f"on {rows} rows that neither was trained on",
        "recipe": (
            f"on {rows} test rows (recipe comparison: too few dates are new to the champion, so its recipe was "
            "fitted on the same train rows)"
        ),
    }[kind]
    relation = "below" if ours < theirs else "above"
    if abs(ours - theirs) <= EQUAL_WITHIN * max(ours, theirs):
        relation = "equal to"
    outcome = "Promoted" if promoted else "Not promoted"
    return (
        f"{outcome}: version {challenger} has RMSE {ours:.2f}, {relation} {theirs:.2f} of champion version "
        f"{champion}, {how}."
    )


def _difference(ours: Any, theirs: Any, rows: pd.DataFrame, seed: int) -> tuple[float, float]:
    """95 % interval of the daily mean difference of squared errors, by circular block bootstrap over dates."""
    gain = (rows[TARGET] - theirs.predict(inputs(rows))) ** 2 - (
        rows[TARGET] - ours.predict(inputs(rows))
    ) ** 2
    daily = gain.groupby(rows[DATE]).mean().sort_index().to_numpy()
    means = _block_means(daily, np.random.default_rng(seed))
    low, high = np.quantile(means, INTERVAL)
    return float(low), float(high)


def _block_means(daily: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Means of resampled series, each made of whole weeks that may wrap around the end."""
    blocks = -(-len(daily) // BLOCK_DAYS)
    starts = rng.integers(len(daily), size=(RESAMPLES, blocks, 1))
    days = (starts + np.arange(BLOCK_DAYS)) % len(daily)
    return np.asarray(daily[days.reshape(RESAMPLES, -1)[:, : len(daily)]].mean(axis=1))


def _evidence(low: float, high: float, dates: int) -> Evidence:
    if dates < EVIDENCE_MIN_DATES or low <= 0 <= high:
        return "undecided"
    return "win" if low > 0 else "loss"
