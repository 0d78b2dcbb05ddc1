"""What a run's time went into."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.spans import Span, scale, spans, total

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def step(name: str, begun: float, ended: float | None, outcome: str | None = "ok") -> dict[str, Any]:
    return {
        "step": name,
        "started_at": at(begun),
        "ended_at": None if ended is None else at(ended),
        "outcome": outcome,
    }


def run(status: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"status": status, "created_at": at(0), "steps": list(steps)}


def test_work_and_waiting_take_turns() -> None:
    found = spans(run("promoted", step("etl", 2, 5), step("retrain", 5, 65), step("promote", 70, 71)), START)
    assert found == [
        Span("wait", 2),
        Span("etl", 3, "ok"),
        Span("retrain", 60, "ok"),
        Span("wait", 5),
        Span("promote", 1, "ok"),
    ]
    assert total(found) == 71


def test_what_is_at_work_lasts_until_now() -> None:
    now = START + timedelta(seconds=30)
    found = spans(run("retrain", step("etl", 0, 5), step("retrain", 5, None, None)), now)
    assert found[-1] == Span("retrain", 25, None)
    waiting = spans(run("retrain", step("etl", 0, 5)), now)
    assert waiting[-1] == Span("wait", 25)
    assert spans(run("received"), now) == [Span("wait", 30)]


def test_a_run_that_was_started_again_is_told_from_there() -> None:
    asked = step("retry", 9000, 9000, "failed")
    found = spans(run("rejected", step("etl", 0, 5, "failed"), asked, step("etl", 9001, 9004)), START)
    assert found == [Span("wait", 1), Span("etl", 3, "ok")]


def test_clocks_that_disagree_make_no_negative_time() -> None:
    assert spans(run("etl", step("etl", 5, None, None)), START) == [Span("wait", 5)]
    assert spans(run("ignored"), START) == []


def test_a_run_that_waited_for_days_leaves_the_others_their_width() -> None:
    assert scale([60, 60, 100]) == 100
    assert scale([60, 60, 90_000]) == 180
    assert scale([0.3, 0.3, 31, 51]) == 51, "quick ones cut off no other"
    assert scale([]) > 0
    assert scale([0.0, 0.0]) > 0
