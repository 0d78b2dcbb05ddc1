"""`GET /runs`, `GET /runs/{id}` and `GET /events`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import json_answer
from api.body import printable
from api.pages import page_answer, window
from api.problems import documented
from api.schemas import (
    EventAnswer,
    EventList,
    Progress,
    RunAnswer,
    RunDetail,
    RunId,
    StepAnswer,
)
from api.schemas_runs import RunList, RunListed, RunsPage
from api.schemas_status import EventsPage
from api.services import Services
from ventas.contract import answer_key
from ventas.errors import InvalidRequest, NotFound
from ventas.ledger import Ledger, Run, StepAttempt
from ventas.ledger.queries import EventFilter, RunFilter
from ventas.states import RunStatus
from ventas.verdict import without_tables

SHORTEST_START = 8  # characters of an id that may stand for it


def run_routes(services: Services) -> APIBlueprint:
    """The blueprint of runs and events."""
    routes = APIBlueprint(
        "runs", __name__, abp_tags=[Tag(name="Pipeline")], abp_responses=documented(422, 503)
    )
    ledger = services.ledger

    @routes.get("/runs", responses={200: RunList})
    def runs(query: RunsPage) -> Response:
        """What the pipeline did and does, newest first."""
        skip, limit = window(query, services.settings)
        wanted = RunFilter(query.status, query.key, query.version_id, query.name)
        rows, total = ledger.queries.runs(wanted, skip, limit)
        steps = ledger.queries.steps_of(row.id for row in rows) if query.steps else None
        return page_answer([_listed(row, steps) for row in rows], total, skip, limit)

    @routes.get("/runs/<id>", responses=documented(404) | {200: RunDetail})
    def run(path: RunId) -> Response:
        """One run with its quality report and its steps."""
        row = existing_run(services, path)
        steps = [StepAnswer.model_validate(step) for step in ledger.runs.attempts(row.id)]
        return json_answer(RunDetail(**run_members(row), quality=row.quality, steps=steps))

    @routes.get("/events", responses={200: EventList})
    def events(query: EventsPage) -> Response:
        """Deliveries of notifications and finds of the sweep, newest first."""
        skip, limit = window(query, services.settings)
        rows, total = ledger.queries.events(EventFilter(query.outcome, query.key, query.own), skip, limit)
        return page_answer([EventAnswer.model_validate(row) for row in rows], total, skip, limit)

    return routes


def run_members(row: Run) -> dict[str, Any]:
    """What every answer about a run says of it."""
    progress = None
    if row.progress_done is not None and row.progress_total is not None:
        progress = Progress(done=row.progress_done, total=row.progress_total)
    names = RunAnswer.model_fields.keys() - {"status", "progress", "answer"}
    return {name: getattr(row, name) for name in names} | {
        "status": RunStatus(row.status),
        "progress": progress,
        "answer": answer_key(row.key) if row.status == RunStatus.COMPLETED else None,
    }


def _listed(row: Run, steps: Mapping[str, Sequence[StepAttempt]] | None) -> RunListed:
    """The same in a list: the tables of a verdict can have hundreds of rows."""
    members = run_members(row)
    if row.verdict:
        members["verdict"] = without_tables(row.verdict)
    told = None if steps is None else [StepAnswer.model_validate(step) for step in steps.get(row.id, ())]
    return RunListed(**members, rejection=(row.quality or {}).get("rejection"), steps=told)


def existing_run(services: Services, path: RunId) -> Run:
    """The run that a path names by its id, or by a start of it that no other run has, as lists show it.

    Raises NotFound, and InvalidRequest where several runs begin so.
    """
    found = _begun_with(services.ledger, path.id.lower())
    if not found:
        raise NotFound(
            f"There is no run {printable(path.id)}; GET /runs lists the full ids, of 36 characters. The first "
            f"{SHORTEST_START} or more are enough where no other run begins with them."
        )
    if len(found) > 1:
        some = " and ".join(row.id for row in found)
        raise InvalidRequest(f"Several runs begin with {path.id}, such as {some}; give more of the id.")
    return found[0]


def _begun_with(ledger: Ledger, wanted: str) -> list[Run]:
    """The run with the id `wanted`, or two at most that begin so."""
    try:
        run = ledger.runs.get(str(UUID(wanted)))
    except ValueError:
        long_enough = re.fullmatch(f"[0-9a-f-]{{{SHORTEST_START},35}}", wanted)
        return ledger.queries.runs_begun_with(wanted, 2) if long_enough else []
    return [] if run is None else [run]
