"""Lists of runs and events, for the API and the CLI."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, not_, or_, select

from ventas.contract import FORECASTS_IN, OWN_PREFIXES, Kind
from ventas.ledger.database import Database
from ventas.ledger.tables import Event, Run, StepAttempt
from ventas.states import WORKING_STATES


@dataclass(frozen=True)
class RunFilter:
    """Which runs to list; what is None is not asked for. `name` is a part of the key, in any case."""

    status: str | None = None
    key: str | None = None
    version_id: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class EventFilter:
    """Which events to list; what is None is not asked for. `own` tells whether the pipeline itself wrote the file."""

    outcome: str | None = None
    key: str | None = None
    own: bool | None = None


def _begins(start: str) -> ColumnElement[bool]:
    return func.substr(Event.key, 1, len(start)) == start  # LIKE tells no cases apart on SQLite


# What `is_own_output` tells of a key, for the database.
_OWN = or_(*map(_begins, OWN_PREFIXES)) & not_(_begins(FORECASTS_IN))


class Queries:
    """Reads lists. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database

    def runs(self, wanted: RunFilter, skip: int, limit: int) -> tuple[list[Run], int]:
        """`limit` runs after the `skip` newest ones that fit, newest first, and how many fit in all."""
        exact = {"status": wanted.status, "key": wanted.key, "version_id": wanted.version_id}
        found = select(Run).filter_by(**{name: value for name, value in exact.items() if value is not None})
        if wanted.name:
            found = found.where(Run.key.icontains(wanted.name, autoescape=True))
        return self._page(found.order_by(Run.id.desc()), skip, limit)

    def runs_begun_with(self, start: str, limit: int) -> list[Run]:
        """`limit` runs at most whose id begins with `start`, the oldest first."""
        with self._database.read() as session:
            found = select(Run).where(Run.id.startswith(start, autoescape=True))
            return list(session.scalars(found.order_by(Run.id).limit(limit)))

    def steps_of(self, run_ids: Iterable[str]) -> dict[str, list[StepAttempt]]:
        """All starts of all steps of each of these runs, oldest first."""
        steps: dict[str, list[StepAttempt]] = defaultdict(list)
        with self._database.read() as session:
            started = select(StepAttempt).where(StepAttempt.run_id.in_(list(run_ids)))
            for step in session.scalars(started.order_by(StepAttempt.id)):
                steps[step.run_id].append(step)
        return steps

    def run_of_version(self, version: int) -> Run | None:
        """The run that registered a model version, or None."""
        with self._database.read() as session:
            made = select(Run).where(Run.kind == Kind.SALES, Run.model_version == version)
            return session.scalars(made.order_by(Run.id)).first()

    def verdicts(self, versions: Collection[int]) -> dict[int, dict[str, Any]]:
        """The verdict of each of `versions` that was judged."""
        with self._database.read() as session:
            judged = select(Run.model_version, Run.verdict).where(
                Run.kind == Kind.SALES, Run.model_version.in_(versions), Run.verdict.is_not(None)
            )
            return {version: verdict for version, verdict in session.execute(judged) if version and verdict}

    def examples(self, versions: Collection[int]) -> set[int]:
        """Those of `versions` that learnt from the bundled sample data."""
        with self._database.read() as session:
            made = select(Run.model_version).where(
                Run.kind == Kind.SALES,
                Run.model_version.in_(versions),
                Run.quality["example"].as_boolean().is_(True),
            )
            return {version for version in session.scalars(made) if version}

    def events(self, wanted: EventFilter, skip: int, limit: int) -> tuple[list[Event], int]:
        """`limit` events after the `skip` newest ones that fit, newest first, and how many fit in all."""
        exact = {"outcome": wanted.outcome, "key": wanted.key}
        found = select(Event).filter_by(**{name: value for name, value in exact.items() if value is not None})
        if wanted.own is not None:
            found = found.where(_OWN if wanted.own else not_(_OWN))
        return self._page(found.order_by(Event.id.desc()), skip, limit)

    def counts(self) -> dict[str, int]:
        """How many runs are in each state; states without runs are left out."""
        with self._database.read() as session:
            found = session.execute(select(Run.status, func.count()).group_by(Run.status))
            return {str(status): int(count) for status, count in found}

    def oldest_working(self) -> Run | None:
        """The run that waits or works since longest, or None where all have ended."""
        with self._database.read() as session:
            working = select(Run).where(Run.status.in_(WORKING_STATES))
            return session.scalars(working.order_by(Run.created_at, Run.id)).first()

    def _page(self, statement: Select[Any], skip: int, limit: int) -> tuple[list[Any], int]:
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0
            return list(session.scalars(statement.offset(skip).limit(limit))), total
