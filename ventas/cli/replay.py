"""`ventas replay`: past uploads judged anew in this process, and how the verdicts would differ."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ventas.cli.output import (
    SHORT_ID,
    clipped,
    console,
    figure,
    plain_table,
    print_json,
    status_text,
)
from ventas.errors import InvalidRequest, NotFound
from ventas.ledger import Ledger, Run
from ventas.settings import Settings, load_settings
from ventas.times import iso_z

if TYPE_CHECKING:
    from ventas.pipeline.replay import Replayed


@click.command()
@click.option("--since", required=True, metavar="DATE|RUN", help="The first upload: a day, a time, or a run.")
@click.option("--until", metavar="DATE|RUN", help="The last upload: a day, a time, or a run.")
@click.option("--dry-run", is_flag=True, help="Only list what would be replayed.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def replay(since: str, until: str | None, dry_run: bool, as_json: bool) -> None:
    """Read, train and judge past uploads anew, with the present code and settings, without promoting.

    They are taken in upload order, against a line of champions of their own that starts with none. Nothing is
    changed: no run, no model, no alias. Days are those of this machine's zone.
    """
    settings = load_settings()
    ledger = Ledger(settings)
    try:
        first = _moment(ledger, since, end_of_day=False)
        runs = ledger.replays.judged(first, _moment(ledger, until, end_of_day=True) if until else None)
    finally:
        ledger.close()
    if dry_run:
        _print_planned(runs, as_json)
        return
    found = _replayed(settings, runs) if runs else []
    if as_json:
        print_json([one.as_dict() for one in found])
        return
    _print_compared(found)


def _moment(ledger: Ledger, text: str, *, end_of_day: bool) -> datetime:
    """When the upload of a run came, or a day or time; raises InvalidRequest and NotFound."""
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return _uploaded(ledger, text)
    try:
        moment = datetime.fromisoformat(text)
        if end_of_day and len(text) == len("2026-11-23"):
            moment += timedelta(days=1, microseconds=-1)
        return moment.astimezone()
    except (ValueError, OverflowError) as error:
        raise InvalidRequest(f"{text!r} is no date such as 2026-11-23 or 2026-11-23T10:00.") from error


def _uploaded(ledger: Ledger, prefix: str) -> datetime:
    wanted = prefix.strip().lower()
    if not wanted or not set(wanted) <= set("0123456789abcdef-"):
        raise InvalidRequest(f"{prefix!r} is neither a date such as 2026-11-23 nor the id of a run.")
    found = ledger.replays.starting_with(wanted)
    if not found:
        raise NotFound(f"No run has an id that starts with {wanted}; `ventas runs` lists them.")
    if len(found) > 1:
        raise InvalidRequest(f"Several runs start with {wanted}; give more of the id.")
    return found[0].came_at


def _replayed(settings: Settings, runs: Sequence[Run]) -> "list[Replayed]":
    # These import sklearn, which takes seconds.
    from ventas.pipeline.context import Context
    from ventas.pipeline.replay import replay as judge_anew

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("replaying", total=len(runs))

        def show(done: float, run: Run) -> None:
            bar.update(task, completed=done, description=clipped(run.key).plain[:40])

        return judge_anew(Context(settings), runs, show)


def _print_planned(runs: Sequence[Run], as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "run_id": run.id,
                    "key": run.key,
                    "version_id": run.version_id,
                    "uploaded_at": iso_z(run.uploaded_at),
                    "then": {"status": run.status, "reason": run.reason, "verdict": run.verdict},
                }
                for run in runs
            ]
        )
        return
    out = console()
    if not runs:
        out.print("No upload was judged in that time.")
        return
    table = plain_table("run", "uploaded", "file", "verdict then", elastic={"file"})
    for run in runs:
        table.add_row(
            run.id[:SHORT_ID],
            f"{run.came_at.astimezone():%Y-%m-%d %H:%M:%S}",
            clipped(run.key),
            _verdict(run.status, run.verdict),
        )
    out.print(table)
    out.print(f"{len(runs)} uploads would be replayed.")


def _print_compared(found: "Sequence[Replayed]") -> None:
    out = console()
    if not found:
        out.print("No upload was judged in that time.")
        return
    table = plain_table("run", "file", "verdict then", "verdict now", "", elastic={"file"})
    for one in found:
        now = one.verdict.as_dict() if one.verdict else None
        table.add_row(
            one.run.id[:SHORT_ID],
            clipped(one.run.key),
            _verdict(one.run.status, one.run.verdict),
            _verdict(one.status, now),
            Text("same", "dim") if one.same else Text("differs", "bold yellow"),
        )
    out.print(table)
    differ = sum(not one.same for one in found)
    out.print(f"{len(found)} uploads replayed, {differ} would end otherwise. Nothing was changed.")


def _verdict(status: str, verdict: dict[str, Any] | None) -> Text:
    """`promoted 96.10 < 117.70`: the challenger's RMSE and the champion's on the same rows."""
    told = status_text(status)
    ours, theirs = (verdict or {}).get("challenger_rmse"), (verdict or {}).get("champion_rmse")
    if ours is not None and theirs is not None:
        sign = "<" if ours < theirs else ">" if ours > theirs else "="
        told.append(f" {figure(ours)} {sign} {figure(theirs)}", "")
    elif verdict and verdict.get("kind"):
        told.append(f" ({str(verdict['kind']).replace('_', ' ')})", "dim")
    return told
