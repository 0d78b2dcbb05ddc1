"""What the benchmarks are to show, and whether they do: `make benchmark` ends with this table.

Each benchmark keeps its goals with what it saw of them in a file of its own; this gathers them. The table goes into
RESULTS.md too, with the date and the commit of each row.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build" / "benchmarks"
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
BEGIN, END = "<!-- goals: written by make benchmark -->", "<!-- end of goals -->"
# By the benchmark that measures them, in the table's order.
ALL = ("serving", "upload", "models", "etl", "large", "events", "history", "start")
LEVEL = 0.0005  # what is nearer to a limit than this share keeps to it
HEADINGS = ("What", "Against", "Goal", "Seen", "Verdict", "Measured")


@dataclass(frozen=True)
class Goal:
    """A limit, and what was seen by case; `why` is said of a miss alone, and `unit` is that of limit and figures."""

    what: str
    against: str
    limit: float
    seen: dict[str, float]
    at_least: bool = False
    unit: str = "x"
    why: str = ""

    @property
    def missed(self) -> dict[str, float]:
        """The cases that miss the limit, and by what share of it."""
        far = {case: (figure - self.limit) / self.limit for case, figure in self.seen.items()}
        over = {case: -by if self.at_least else by for case, by in far.items()}
        return {case: by for case, by in over.items() if by >= LEVEL}

    @property
    def goal(self) -> str:
        """The limit in words."""
        return f"at {'least' if self.at_least else 'most'} {self._text(self.limit)}"

    @property
    def figures(self) -> str:
        """What was seen, in words."""
        return "; ".join(f"{case}: {self._text(figure)}" for case, figure in self.seen.items())

    @property
    def verdict(self) -> str:
        """Met, or what misses by how much and why."""
        if not self.missed:
            return "met"
        told = ", ".join(f"{case} by {by:.{int(by < 0.01)}%}" for case, by in self.missed.items())
        return f"missed: {told}" + (f". {self.why}" if self.why else "")

    def _text(self, figure: float) -> str:
        digits = 0 if figure >= 100 else 1 if figure >= 10 else 2
        return f"{figure:,.{digits}f} {self.unit}"


@dataclass(frozen=True)
class Kept:
    """The goals of one benchmark, when and at which commit they were measured, and on what."""

    goals: list[Goal]
    machine: str
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    commit: str = field(default_factory=lambda: commit())


def commit() -> str:
    """The commit that is measured, with a plus where files differ from it; `unknown` without git."""
    try:
        told = [
            subprocess.run(
                ("git", *words), cwd=ROOT, check=True, capture_output=True, text=True
            ).stdout.strip()
            for words in (
                ("rev-parse", "--short=7", "HEAD"),
                ("status", "--porcelain", "--untracked-files=no"),
            )
        ]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told[0] + ("+" if told[1] else "")


def keep(benchmark: str, machine: str, goals: Iterable[Goal], folder: Path = KEPT) -> None:
    """Note what a benchmark saw of its goals; one that measured too little for any leaves what is there."""
    told = [goal for goal in goals if goal.seen]
    if told:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{benchmark}.json").write_text(json.dumps(asdict(Kept(told, machine)), indent=1), "utf-8")


def kept(folder: Path = KEPT) -> dict[str, Kept | None]:
    """What each benchmark kept; None for one that was not run."""
    return {name: _read(folder / f"{name}.json") for name in ALL}


def _read(path: Path) -> Kept | None:
    if not path.exists():
        return None
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return Kept(**told | {"goals": [Goal(**one) for one in told["goals"]]})


def lines(found: dict[str, Kept | None]) -> list[tuple[str, ...]]:
    """The table's cells, a row for each goal, and for each benchmark that was not run."""
    shown: list[tuple[str, ...]] = []
    for name, one in found.items():
        if one is None:
            shown.append((name, "-", "-", "-", f"not measured: make benchmark-{name}", "-"))
            continue
        when = f"{one.date}, {one.commit}"
        shown += [(g.what, g.against, g.goal, g.figures, g.verdict, when) for g in one.goals]
    return shown


def write(found: dict[str, Kept | None], path: Path = RESULTS) -> None:
    """Put the table between the marks of the results; raises ValueError where these are missing."""
    before, begin, rest = path.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no lines {BEGIN!r} and {END!r} for the table of goals")
    rows = [HEADINGS, ("--",) * len(HEADINGS), *lines(found)]
    told = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    machines = sorted({one.machine for one in found.values() if one})
    text = "\n".join((BEGIN, "", told, "", *(f"- {one}" for one in machines), "", END))
    path.write_text(before + text + after, "utf-8")


def show(console: Console, rows: Sequence[tuple[str, ...]]) -> None:
    """The table on a terminal."""
    table = Table(title="Goals", title_justify="left", show_lines=True)
    for name in HEADINGS:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


@click.command()
@click.option("--write", "written", is_flag=True, help="Put the table into RESULTS.md as well.")
def main(written: bool) -> None:
    """Print the goals with what was seen of them; ends with 1 where a benchmark was not run."""
    found = kept()
    show(Console(width=None if sys.stdout.isatty() else 180, highlight=False), lines(found))
    if written:
        write(found)
    if not all(found.values()):
        raise click.ClickException("Not all benchmarks were run; the table says which.")


if __name__ == "__main__":
    main()
