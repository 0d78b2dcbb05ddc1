"""The sentence of a verdict: what was decided, by which figures, on which rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from ventas.evidence import Word
from ventas.segments import Segment
from ventas.verdict import Kind

EQUAL_WITHIN = 1e-9  # relative; closer errors are the same error


@dataclass(frozen=True)
class Decision:
    """The figures that decide, `ours` and `theirs` being RMSE on the same `rows`.

    `unsure` is the evidence where the rule wants a win and there is none; `grown` the segment that is worse by more
    than `bound`, if there is one. `windows` is 0 where there is but one.
    """

    kind: Kind
    challenger: int
    champion: int
    ours: float
    theirs: float
    rows: int
    windows: int
    lower: bool
    equal: bool
    unsure: Word | None
    grown: Segment | None
    bound: float | None

    @property
    def promoted(self) -> bool:
        """Whether all rules are met."""
        return self.lower and self.unsure is None and self.grown is None


def reason_of(decision: Decision) -> str:
    """The decision as a sentence, or two where a lower error was not enough."""
    relation = "equal to" if decision.equal else "below" if decision.ours < decision.theirs else "above"
    return (
        f"{'Promoted' if decision.promoted else 'Not promoted'}: version {decision.challenger} has RMSE "
        f"{decision.ours:.2f}, {relation} {decision.theirs:.2f} of champion version {decision.champion}, "
        f"{_rows(decision)}.{_but(decision) if decision.lower else ''}"
    )


def lower_table(error: float, baselines: Mapping[str, float]) -> str | None:
    """The name of the table with the lowest error, if that is below `error`."""
    table = min(baselines, key=lambda name: baselines[name], default=None)
    return table if table is not None and baselines[table] < error * (1 - EQUAL_WITHIN) else None


def beaten_by_a_table(error: float, baselines: Mapping[str, float]) -> str:
    """A sentence where one of the tables has a lower error than the challenger on the same rows, else ""."""
    table = lower_table(error, baselines)
    if table is None:
        return ""
    return f" The table «{table}» has {baselines[table]:.2f} on these rows, which is lower than the challenger's."


def no_rows(challenger: int) -> str:
    """Why a challenger was not compared at all."""
    return (
        f"Not promoted: version {challenger} could not be compared, for every test row is of a day on which its "
        "series was closed; upload a file that also has open days among its last dates."
    )


def held(reason: str, version: int) -> str:
    """`reason` of a promotion that waits for approval, and how it is given."""
    told = reason.removeprefix("Promoted: ")
    return f"Held for approval: {told} It becomes champion by `ventas approve {version} --reason ...`."


def held_for_losses(reason: str, version: int, losses: str) -> str:
    """`reason` of a promotion by which something would be lost: that first, then how it is approved all the same."""
    return f"{held(reason, version).replace('Held for approval: ', f'Held for approval: {losses} Otherwise: ', 1)}"


def _rows(decision: Decision) -> str:
    if decision.windows:
        return f"on {decision.rows} test rows in {decision.windows} windows, both recipes fitted anew before each"
    if decision.kind == "fair":
        return f"on {decision.rows} rows that neither was trained on"
    return (
        f"on {decision.rows} test rows (recipe comparison: too few dates are new to the champion, so its recipe was "
        "fitted on the same train rows)"
    )


def _but(decision: Decision) -> str:
    """What stands against a lower error."""
    return _not_sure(decision.unsure) + (
        _grown(decision.grown, decision.bound or 0.0) if decision.grown else ""
    )


def _not_sure(evidence: Word | None) -> str:
    return (
        f" PROMOTION_RULE=confident promotes a win only, and the evidence is {evidence}." if evidence else ""
    )


def _grown(segment: Segment, bound: float) -> str:
    change = segment.change or 0.0
    return (
        f" In segment {segment.segment}={segment.value} its error is {change:.1%} higher "
        f"({segment.challenger_rmse:.2f} against {segment.champion_rmse or 0.0:.2f} on {segment.rows} rows), and "
        f"MAX_SEGMENT_REGRESSION allows {bound:.1%}."
    )
