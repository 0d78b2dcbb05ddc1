"""The verdict: why a challenger was promoted or not, as the ledger keeps it."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ventas.evidence import Word

# Of many series and windows these have hundreds of rows; lists leave them out.
TABLES = ("segments", "origins")
Kind = Literal["first", "fair", "recipe", "older_upload", "same_bytes", "checks"]


@dataclass(frozen=True)
class Verdict:
    """Why a challenger was promoted or not. Errors are RMSE in units of sales, all on the same open rows.

    `difference_low` and `difference_high` bound the champion's mean squared error minus the challenger's on these
    rows, with 95 % confidence; positive favours the challenger, and the difference of the two errors lies inside.
    `probability` (of a lower error), `dm_statistic` and `dm_p_value` are explained in `ventas.evidence`. None where
    nothing was compared.

    `rule` is PROMOTION_RULE. `baselines` are the errors of the tables that every model must be worth its while
    against. `segments` are rows of `ventas.segments`, of many series the best and the worst only; `worst_segment` is
    the one whose error grew most. `series_worse` of `series_compared` series have a higher error than before.
    `origins` has dates and errors of each window where there were several. `rows_closed` were left out.
    `replaced` names the search's winner where a table took its place, with both errors on all open test rows.
    `held` says that it would have been promoted, and waits for a person's approval; `approved` who gave it.
    `absent_rival` tells of a `first` verdict why the champion was no rival: it learnt from the bundled sample, or
    MLflow has not got it any more. `losses` are what the champion knows and the challenger's file lacks: codes of
    `ventas.remarks` with their facts.
    """

    promoted: bool
    kind: Kind
    reason: str
    evidence: Word | None = None
    challenger_version: int | None = None
    champion_version: int | None = None
    challenger_rmse: float | None = None
    champion_rmse: float | None = None
    rows: int = 0
    dates: int = 0
    difference_low: float | None = None
    difference_high: float | None = None
    probability: float | None = None
    dm_statistic: float | None = None
    dm_p_value: float | None = None
    rule: str | None = None
    baselines: dict[str, float] = field(default_factory=dict)
    segments: list[dict[str, Any]] = field(default_factory=list)
    worst_segment: dict[str, Any] | None = None
    series_compared: int = 0
    series_worse: int = 0
    origins: list[dict[str, Any]] = field(default_factory=list)
    rows_closed: int = 0
    replaced: dict[str, Any] | None = None
    held: bool = False
    approved: dict[str, str] | None = None
    losses: list[dict[str, Any]] = field(default_factory=list)
    absent_rival: Literal["example", "gone"] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The verdict as JSON keeps it; what is no finite number is None there."""
        told: dict[str, Any] = finite(asdict(self))
        return told


def without_tables(verdict: dict[str, Any]) -> dict[str, Any]:
    """A verdict as JSON keeps it, as short as lists show it."""
    return {name: value for name, value in verdict.items() if name not in TABLES}


def finite(value: Any) -> Any:
    """`value` with None for what is no finite number: neither PostgreSQL nor browsers take NaN in JSON."""
    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
