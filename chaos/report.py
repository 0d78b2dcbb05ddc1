"""What was found: a table for people, JSON for programs, and the list of what was not as promised."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chaos.audit import Champions, Row
from chaos.huge import Meal
from chaos.swaps import Swaps

COLUMNS = ("fault", "uploads", "final states", "lost", "doubled", "recovered, s", "taken up, s", "in fit")


@dataclass
class Report:
    """All that was seen, as far as it came."""

    rows: list[Row] = field(default_factory=list)
    accidents: list[str] = field(default_factory=list)  # faults that could not be seen to their end
    champions: Champions | None = None
    meals: list[Meal] = field(default_factory=list)
    swaps: Swaps | None = None

    @property
    def problems(self) -> list[str]:
        """Everything that is not as promised; empty when all is well."""
        found = list(self.accidents)
        found += [problem for row in self.rows for problem in row.problems]
        found += [problem for meal in self.meals for problem in meal.problems]
        found += self.champions.problems if self.champions else []
        found += self.swaps.problems if self.swaps else []
        return found

    def show(self, console: Console) -> None:
        """Print the table and, below it, champions, swaps and problems."""
        table = Table(*COLUMNS, title="Nothing lost, nothing twice")
        for row in self.rows:
            table.add_row(*_cells(row), style="red" if row.problems else None)
        console.print(table)
        if self.champions:
            found = self.champions
            console.print(f"Champion: served {found.served}, ledger {found.ledger}, alias {found.alias}")
        if self.swaps:
            done = self.swaps
            console.print(
                f"Champion swapped {done.done} times under load: {done.predictions} predictions, {done.failed} failed"
            )
        for meal in self.meals:
            console.print(
                f"Huge file, {meal.name} of {meal.megabytes} MB: {meal.status}; the worker grew by "
                f"{meal.grown_bytes / 1e6:.0f} MB"
            )
        for problem in self.problems:
            console.print(f"NOT AS PROMISED  {problem}", style="red", markup=False)

    def write(self, path: Path) -> None:
        """The same as JSON."""
        whole = asdict(self) | {"problems": self.problems}
        path.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _cells(row: Row) -> list[str]:
    states = ", ".join(f"{count} {state}" for state, count in sorted(row.states.items()))
    in_fit = {None: "-", True: "yes", False: "no"}[row.killed_in_fit]
    taken = "-" if row.taken_up_seconds is None else f"{row.taken_up_seconds:.1f}"
    numbers = [str(row.uploads), states, str(row.lost), str(row.doubled), f"{row.recovered_seconds:.1f}"]
    return [row.fault, *numbers, taken, in_fit]
