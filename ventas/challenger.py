"""The challenger of an upload: the search's winner, or a fixed table that does better on the test rows.

The search compares candidates inside train alone, and its winner may still lose to a spreadsheet on the days that
follow, as where prices double within a year. Two fixed tables are no search: choosing among three by the test rows
makes the error look hardly better than it is, and nobody is served a model that a table beats.
"""

from dataclasses import replace
from typing import Any

from ventas.candidates import Candidate, Plan, tables
from ventas.promotion import CHALLENGER, Case, Contender, date_keys
from ventas.reasons import lower_table
from ventas.replaced import On, Replaced
from ventas.scores import score
from ventas.tables import SEASONAL_NAIVE
from ventas.training import Progress, Search, refit, search


def train_challenger(case: Case, on_progress: Progress) -> Search:
    """Search in train, and put a table in the winner's place where that does better on the open test rows.

    So does a table that does much better on the last four weeks with all days before them known: sales may have
    gone to a new level after train, and then all that was fitted on train alone errs alike.
    """
    found = search(case.train, case.settings, on_progress, case.roles)
    for rule in (_beaten, _outgrown):
        replaced = rule(found, case)
        if replaced is not None:
            found = _in_place_of(found, replaced, _fitted(replaced.table, case))
    return found


def _beaten(found: Search, case: Case) -> Replaced | None:
    rows = case.test_rows_of(Contender(0, found.estimator, date_keys(case.train)))
    if rows.empty:
        return None
    scores = score({CHALLENGER: found.estimator, **case.baselines()}, rows)
    errors = {name: scores.rmse(name) for name in scores.losses}
    error = errors.pop(CHALLENGER)
    name = lower_table(error, errors)
    return _replaced(found, name, error, errors[name], len(rows), "test") if name else None


def _outgrown(found: Search, case: Case) -> Replaced | None:
    """The week before knows the newest level and cannot be outgrown by it."""
    latest = case.latest
    # Fitted on train alone, most winners are near enough and need no fit more.
    if latest is None or found.family == SEASONAL_NAIVE or not latest.outgrew(latest.rmse(found.estimator)):
        return None
    error = latest.rmse(refit(found.estimator, latest.before))
    if not latest.outgrew(error):
        return None
    return _replaced(found, latest.table, error, latest.table_rmse, len(latest.rows), "latest")


def _replaced(found: Search, name: str, error: float, table_error: float, rows: int, on: On) -> Replaced:
    return Replaced(str(found.params["candidate"]), name, error, table_error, rows, on)


def _fitted(name: str, case: Case) -> Search:
    """A search of one candidate: the table is fitted and its interval calibrated as if it had won."""
    (table,) = (one for one in tables() if one.name == name)
    return search(case.train, case.settings, _silent, case.roles, _only(table))


def _only(candidate: Candidate) -> Plan:
    return Plan([candidate], [], 0.0)


def _silent(_done: int, _total: int) -> None:
    """The search has told its progress to the end."""


def _in_place_of(found: Search, replaced: Replaced, table: Search) -> Search:
    return replace(
        table,
        candidates=found.candidates,
        stopped=found.stopped,
        table_note=replaced.note,
        replaced=replaced,
        searched=found.searched or found.params,
        leaderboard=_leaderboard(found, replaced, table),
    )


def _leaderboard(found: Search, replaced: Replaced, table: Search) -> list[dict[str, Any]]:
    """The search's leaderboard, with both errors on the test rows; the table is added where it was no candidate."""
    where = replaced.where
    notes = {
        replaced.candidate: f"RMSE {replaced.rmse:.2f} on {where}: a table took its place.",
        replaced.table: f"RMSE {replaced.table_rmse:.2f} on {where}: took the winner's place.",
    }
    board = found.leaderboard
    if not any(entry["name"] == replaced.table for entry in board):
        board = [*board, *table.leaderboard]
    return [
        entry | {"note": " ".join(filter(None, [entry["note"], notes.get(entry["name"])]))} for entry in board
    ]
