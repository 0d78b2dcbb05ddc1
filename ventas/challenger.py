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
from ventas.replaced import Replaced
from ventas.scores import score
from ventas.training import Progress, Search, search


def train_challenger(case: Case, on_progress: Progress) -> Search:
    """Search in train and put a table in the winner's place if one has the lower RMSE on the open test rows."""
    found = search(case.train, case.settings, on_progress, case.roles)
    rows = case.test_rows_of(Contender(0, found.estimator, date_keys(case.train)))
    if rows.empty:
        return found
    scores = score({CHALLENGER: found.estimator, **case.baselines()}, rows)
    errors = {name: scores.rmse(name) for name in scores.losses}
    error = errors.pop(CHALLENGER)
    name = lower_table(error, errors)
    if name is None:
        return found
    replaced = Replaced(str(found.params["candidate"]), name, error, errors[name], len(rows))
    return _in_place_of(found, replaced, _fitted(name, case))


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
        searched=found.params,
        leaderboard=_leaderboard(found, replaced, table),
    )


def _leaderboard(found: Search, replaced: Replaced, table: Search) -> list[dict[str, Any]]:
    """The search's leaderboard, with both errors on the test rows; the table is added where it was no candidate."""
    notes = {
        replaced.candidate: f"RMSE {replaced.rmse:.2f} on the test rows: a table took its place.",
        replaced.table: f"RMSE {replaced.table_rmse:.2f} on the test rows: took the winner's place.",
    }
    board = found.leaderboard
    if not any(entry["name"] == replaced.table for entry in board):
        board = [*board, *table.leaderboard]
    return [
        entry | {"note": " ".join(filter(None, [entry["note"], notes.get(entry["name"])]))} for entry in board
    ]
