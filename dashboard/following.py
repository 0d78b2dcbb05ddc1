"""The files that were sent from one tab of the browser, each with its run, live to the verdict.

An upload is what `POST /uploads` answered, with `chosen`, the name that the file had on its sender's disk, and with
`version_id` and `etag` as the browser got them (None where the store shows them to no page), later with `run`, what
the API tells of it, and `over`, once it has ended.
"""

from datetime import datetime, timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import formats, verdicts, words
from dashboard.client import Api, Row
from dashboard.i18n import gettext as _
from dashboard.parts import badge, card, icon
from dashboard.problems import ApiProblem
from dashboard.run_parts import answer_links, progress_bar, rejected_link
from ventas.contract import Kind
from ventas.states import STEPS_OF_KIND

MOST = 10  # uploads that a tab remembers
_CLOCKS = timedelta(seconds=1)  # by which the clocks of two machines may differ
# Of a run what its card shows: all of it would fill the tab's storage.
_KEPT = (
    "id",
    "kind",
    "status",
    "key",
    "reason",
    "progress",
    "verdict",
    "steps",
    "superseded_by",
    "answer",
    "bucket",
)


def with_new(uploads: list[Row], sent: Row | None) -> list[Row]:
    """The uploads, newest first, with the one that has just arrived."""
    if not sent or any(upload["id"] == sent["id"] for upload in uploads):
        return uploads
    return [sent, *uploads][:MOST]


def looked_up(api: Api, upload: Row) -> Row:
    """`upload` with its run as it is now, over where that run is gone; raises ApiProblem."""
    if upload.get("over"):
        return upload
    try:
        return _with_run(api, upload)
    except ApiProblem as problem:
        if not problem.missing:
            raise
        return upload | {"over": True}


def _with_run(api: Api, upload: Row) -> Row:
    found = upload.get("run") or _run_of(upload, api.run_of_upload(upload["key"], upload.get("version_id")))
    if not found:
        return upload
    run = api.run(found["id"])
    report = run.get("quality") or {}
    quality = {name: report.get(name) for name in ("rejection", "rows_rejected")}
    kept = {name: run.get(name) for name in _KEPT} | {"quality": quality}
    return upload | {"run": kept, "over": not words.is_working(run.get("status", ""))}


def _run_of(upload: Row, runs: list[Row]) -> Row | None:
    """The upload's run among those of its key: told by its version, else by its content and its time."""
    if upload.get("version_id"):
        return runs[0] if runs else None
    since = datetime.fromisoformat(upload["issued_at"]) - _CLOCKS
    later = [run for run in runs if datetime.fromisoformat(run["created_at"]) >= since]
    same = [run for run in later if run.get("etag", "").strip('"') == upload.get("etag")]
    found = same or later
    return found[-1] if found else None  # the first that came after the permission to send


def shown(uploads: list[Row], zone: str) -> list[Any]:
    """A card for each upload."""
    return [_card(upload, zone) for upload in uploads]


def _card(upload: Row, zone: str) -> Any:
    run = upload.get("run")
    label = words.status_of(run) if run else words.Label(_("Llegó al almacén"), "gray")
    head = html.Div(
        [
            dmc.Title(str(upload.get("name")), order=2, className="card-title flush breakable"),
            badge(label, "lg"),
        ],
        className="run-head",
    )
    facts = [formats.size(upload.get("size")), formats.clock(upload.get("issued_at"), zone)]
    parts = [
        head,
        dmc.Text(" · ".join(facts), className="run-facts"),
        *_renamed(upload),
        *(
            _run_parts(run)
            if run
            else [dmc.Text(_("El archivo llegó; su ejecución está por comenzar."), size="sm")]
        ),
    ]
    return card(html.Div(parts, className="stack tight"), className="followed")


def _renamed(upload: Row) -> list[dmc.Text]:
    chosen, name = upload.get("chosen"), upload.get("name")
    if not chosen or chosen == name:
        return []
    said = _("Se eligió «{chosen}» y se guardó como «{name}».").format(chosen=chosen, name=name)
    return [dmc.Text(said, size="sm", className="breakable")]


def _run_parts(run: Row) -> list[Any]:
    over = not words.is_working(run.get("status", ""))
    facts = words.file_fault_details((run.get("quality") or {}).get("rejection") or {})
    return [
        _steps(run),
        dmc.Text(verdicts.of_run(run), size="lg" if over else "sm"),
        *progress_bar(run),
        *[dmc.Text(fact, size="sm", c="dimmed") for fact in facts],
        *_files(run, over),
        dcc.Link(_("Ver la ejecución completa →"), href=f"/ejecuciones/{run['id']}", className="back"),
    ]


def _files(run: Row, over: bool) -> list[Any]:
    """What there is to download of a run that has ended."""
    rejected = rejected_link(run) if over else None
    links = answer_links(run) + ([rejected] if rejected is not None else [])
    return [dmc.Group(links, gap="sm")] if links else []


def _steps(run: Row) -> html.Ol:
    """The steps of the run's kind: done, at work, or still to come; once it has ended those that it came to."""
    started = {step["step"]: step for step in run.get("steps") or []}
    over = not words.is_working(run.get("status", ""))
    steps = [step.value for step in STEPS_OF_KIND[Kind(run.get("kind") or Kind.SALES)]]
    shown = [name for name in steps if name in started or not over]
    return html.Ol([_step(name, started.get(name)) for name in shown], className="steps")


def _step(name: str, attempt: Row | None) -> html.Li:
    ended = attempt and attempt.get("ended_at")
    state = "done" if ended else "doing" if attempt else "coming"
    took = formats.between(attempt.get("started_at"), attempt.get("ended_at")) if attempt and ended else ""
    said = {"done": took, "doing": _("en curso"), "coming": _("pendiente")}[state]
    return html.Li(
        [
            icon("check") if ended else icon("dot"),
            html.Span(words.step(name)),
            html.Span(said, className="step-time"),
        ],
        className=f"step {state}",
    )
