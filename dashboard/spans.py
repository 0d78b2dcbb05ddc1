"""What a run's time went into: work on its steps, and waiting in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard import words

Run = dict[str, Any]

WAIT = "wait"
# One run that waited for days must not shrink all the others to a point.
MOST_QUARTILES = 3


@dataclass(frozen=True)
class Span:
    """A stretch of time in a run: `kind` is a step's name or WAIT; `outcome` is None while the step is at work."""

    kind: str
    seconds: float
    outcome: str | None = None


def spans(run: Run, now: datetime) -> list[Span]:
    """The time of a run, from when it came (or was last started again) to its end, or to `now` while it works."""
    since, starts = _latest_go(run)
    found = []
    for step in starts:
        begun = datetime.fromisoformat(step["started_at"])
        ended = datetime.fromisoformat(step["ended_at"]) if step.get("ended_at") else now
        found += [
            Span(WAIT, _seconds(since, begun)),
            Span(step["step"], _seconds(begun, ended), _outcome(step)),
        ]
        since = ended
    if words.is_working(run.get("status", "")) and not any(one.outcome is None for one in found[1::2]):
        found.append(Span(WAIT, _seconds(since, now)))
    return [one for one in found if one.seconds > 0]


def total(found: Sequence[Span]) -> float:
    """How many seconds all of it took."""
    return sum(one.seconds for one in found)


def scale(totals: Sequence[float]) -> float:
    """How many seconds the full width of a list of bars stands for; bars of longer runs are cut off there."""
    known = sorted(one for one in totals if one > 0)
    return min(known[-1], MOST_QUARTILES * known[3 * (len(known) - 1) // 4]) if known else 1.0


def _latest_go(run: Run) -> tuple[datetime, list[dict[str, Any]]]:
    """When the run last began at its first step, and the starts of steps since then."""
    steps = run.get("steps") or []
    asked = [
        place for place, step in enumerate(steps) if step["step"] == words.RETRY and step["outcome"] != "ok"
    ]
    if not asked:
        return datetime.fromisoformat(run["created_at"]), [s for s in steps if s["step"] != words.RETRY]
    return datetime.fromisoformat(steps[asked[-1]]["started_at"]), steps[asked[-1] + 1 :]


def _outcome(step: dict[str, Any]) -> str | None:
    return step.get("outcome") or "ok" if step.get("ended_at") else None


def _seconds(start: datetime, end: datetime) -> float:
    return max((end - start).total_seconds(), 0.0)
