"""A run as the stages that a person follows: a plain function of what the API says at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ventas.cli.output import SHORT_ID, seconds_between
from ventas.contract import Kind
from ventas.states import FINAL_STATES, STEPS_OF_KIND, Step

Run = Mapping[str, Any]
_FAULTY = {"failed", "rejected", "superseded"}
_WORKING_NOTES = {
    "etl": "reading, cleaning, splitting",
    "retrain": "searching",
    "promote": "champion against challenger",
    "forecast": "reading, asking the champion",
}


@dataclass(frozen=True)
class Stage:
    """One line of the display; `done` of `total` are the search's candidates, `seconds` the time it took."""

    name: str
    state: Literal["working", "done", "stopped"]
    note: str
    done: int = 0
    total: int | None = None
    seconds: float | None = None


def is_final(run: Run | None) -> bool:
    """Whether nothing more will happen to the run."""
    return run is not None and run["status"] in FINAL_STATES


def stages(run: Run | None) -> list[Stage]:
    """The stages that were reached, in order; None is an upload whose run is not there yet."""
    if run is None:
        return [Stage("received", "working", "waiting for the event of this upload")]
    received = Stage("received", "done", f"run {run['id'][:SHORT_ID]}")
    if run["status"] == "ignored":
        return [received]
    return [received, *(_stage(run, step) for step in _reached(run))]


def _reached(run: Run) -> list[str]:
    """The steps up to the last one that was started; a run that was only received waits for its first."""
    started = {attempt["step"] for attempt in run.get("steps") or []} | {run["status"]}
    order = [step.value for step in STEPS_OF_KIND[Kind(run.get("kind") or Kind.SALES)]]
    last = max((order.index(step) for step in started if step in order), default=-1)
    return order[: last + 1] or ([] if is_final(run) else order[:1])


def _stage(run: Run, step: str) -> Stage:
    attempts = sorted(
        (attempt for attempt in run.get("steps") or [] if attempt["step"] == step),
        key=lambda attempt: attempt["started_at"] or "",
    )
    last = attempts[-1] if attempts else None
    done, total = _progress(run) if step == Step.RETRAIN else (0, None)
    if not is_final(run) and step == _reached(run)[-1]:
        return Stage(step, "working", _working_note(step, last, done, total), done, total)
    seconds = seconds_between(last["started_at"], last["ended_at"]) if last else None
    if run["status"] in _FAULTY and step == _reached(run)[-1]:
        return Stage(step, "stopped", run["status"], done, total, seconds)
    return Stage(step, "done", _done_note(run, step), done, total, seconds)


def _progress(run: Run) -> tuple[int, int | None]:
    progress = run.get("progress") or {}
    return progress.get("done") or 0, progress.get("total")


def _working_note(step: str, last: Mapping[str, Any] | None, done: int, total: int | None) -> str:
    if last is None:
        return "waiting for a worker"
    again = f" (attempt {last['attempt']})" if last["attempt"] > 1 else ""
    if last["outcome"] == "retry":
        return f"will be tried again: {last['error']}"
    if total:
        return f"{done} of {total} candidates{again}"
    return _WORKING_NOTES[step] + again


def _done_note(run: Run, step: str) -> str:
    if step == Step.FORECAST:
        scored = (run.get("quality") or {}).get("rows_kept") or 0
        return f"{scored:,} rows, version {run.get('model_version')}"
    if step == Step.ETL:
        kept = (run.get("quality") or {}).get("rows_kept")
        return "" if kept is None else f"{kept:,} rows kept"
    if step == Step.RETRAIN:
        total, version = _progress(run)[1], run.get("model_version")
        return ", ".join(
            part for part, known in ((f"{total} candidates", total), (f"version {version}", version)) if known
        )
    return str(run["status"]).replace("_", " ") if is_final(run) else ""
