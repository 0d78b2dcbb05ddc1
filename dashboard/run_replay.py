"""The uploads since a run judged anew: how far it is, and how each of them ended then and would end now."""

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update

from dashboard import context, formats, polling, words
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.i18n import ngettext
from dashboard.parts import (
    NO_PROBLEM,
    badge,
    card,
    plain_table,
    problem_notice,
    problem_outputs,
    problem_shown,
)
from dashboard.problems import ApiProblem
from dashboard.words import Label

Replay = dict[str, Any]
Ending = dict[str, Any]

_STATES = {
    "waiting": Label(N_("En espera"), "gray"),
    "running": Label(N_("En curso"), "blue"),
    "done": Label(N_("Terminado"), "green"),
    "failed": Label(N_("Falló"), "red"),
}
_GONE = Label(N_("Ya no está"), "gray")
_SAME, _DIFFERS = Label(N_("Igual"), "gray"), Label(N_("Cambia"), "yellow")
_UNCOMPARED = {
    "same_bytes": N_("es el mismo archivo que uno anterior"),
    "older_upload": N_("el modelo en producción era de un archivo más nuevo"),
    "checks": N_("no pasó las comprobaciones"),
}
_WAITS = N_("Espera su turno: empieza cuando no quede ningún entrenamiento pendiente.")
_AGAIN = N_("Empezó otra vez desde el primer archivo porque se interrumpió.")
_FAILED = N_("No llegó a su fin, y no se cambió nada. Puede pedirlo otra vez con «Juzgar de nuevo».")
_FIRST_WINS = N_(
    "Se empieza sin ningún modelo en producción, así que el primer archivo que sirve siempre se promueve: para "
    "comparar este, juzgue de nuevo desde uno anterior. Los errores son RMSE, el del modelo nuevo frente al que está "
    "en producción."
)


def area() -> html.Div:
    """Where a replay is shown, empty where there was none."""
    return html.Div(
        [
            *polling.ticker("replay"),
            dcc.Store(id="replay-shown"),
            problem_notice("replay"),
            html.Div(id="replay-body"),
        ],
        className="replay",
    )


def register(app: Dash) -> None:
    """Add the callback."""
    app.callback(
        Output("replay-body", "children"),
        Output("replay-shown", "data"),
        Output("replay-tick", "interval"),
        Output("replay-tick", "disabled"),
        *problem_outputs("replay"),
        polling.due(app, "replay"),
        Input("replay-retry", "n_clicks"),
        Input("run-acted", "data"),
        State("run-id", "data"),
        State("replay-shown", "data"),
        running=polling.busy("replay"),
    )(show_replay)


def show_replay(
    _ticks: int | None, _retry: int | None, _acted: str | None, run_id: str, shown: str | None
) -> tuple[Any, Any, int, bool, bool, str]:
    """The newest replay (only when it changed), its mark, the pace (none once it is over), the notice."""
    try:
        replay = context.api().replay(run_id)
    except ApiProblem as problem:
        if problem.missing:
            return None, None, polling.LIVE_MILLISECONDS, True, *NO_PROBLEM
        # As long as nothing is shown here, the page's own notice says enough.
        notice = problem_shown(problem) if shown else NO_PROBLEM
        return no_update, no_update, polling.SLOW_MILLISECONDS, False, *notice
    over = replay.get("status") in ("done", "failed")
    mark = polling.mark(replay)
    body = no_update if mark == shown else replay_card(replay, context.zone())
    return body, mark, polling.LIVE_MILLISECONDS, over, *NO_PROBLEM


def replay_card(replay: Replay, zone: str) -> Any:
    """How far a replay is, or what came of it."""
    status = str(replay.get("status", ""))
    head = html.Div(
        [
            dmc.Title(_("Juzgado de nuevo"), order=2, className="card-title flush"),
            badge(_STATES.get(status, Label(status, "gray")), "lg"),
        ],
        className="run-head",
    )
    parts = [
        head,
        dmc.Text(_asked(replay, zone), size="sm", c="dimmed"),
        html.Div(_said(replay), role="status"),
        *_more(replay, zone),
    ]
    return card(html.Div(parts, className="stack tight"))


def _asked(replay: Replay, zone: str) -> str:
    who = _("Lo pidió {actor}").format(actor=replay.get("actor"))
    took = formats.between(replay.get("started_at"), replay.get("finished_at"))
    facts = [formats.clock(replay.get("created_at"), zone), who, took if took != formats.NOTHING else ""]
    return " · ".join(fact for fact in facts if fact)


def _said(replay: Replay) -> str:
    """Where it stands, as a sentence."""
    status = replay.get("status")
    if status == "waiting":
        return _(_WAITS)
    if status == "failed":
        return _(_FAILED)
    if status == "done":
        return _summed_up(len(replay.get("result") or []), replay.get("differing") or 0)
    known = replay.get("progress") or {}
    files = formats.counted(known.get("total") or 0, "archivo", "archivos")
    said = (
        _("{done} de {files} ya están juzgados.").format(done=formats.count(known.get("done")), files=files)
        if known
        else _("Está por empezar con el primer archivo.")
    )
    return f"{said} {_(_AGAIN)}" if (replay.get("attempts") or 0) > 1 else said


def _summed_up(total: int, differing: int) -> str:
    files = formats.counted(total, "archivo", "archivos")
    if not differing:
        same = ngettext(
            "Con el código y los ajustes de hoy, {files} terminaría igual.",
            "Con el código y los ajustes de hoy, {files} terminarían igual.",
            total,
        )
        return f"{same.format(files=files)} {_nothing_changed()}"
    other = ngettext(
        "Con el código y los ajustes de hoy, {count} de {files} terminaría de otra manera.",
        "Con el código y los ajustes de hoy, {count} de {files} terminarían de otra manera.",
        differing,
    )
    return f"{other.format(count=formats.count(differing), files=files)} {_nothing_changed()}"


def _nothing_changed() -> str:
    return _("No se cambió nada.")


def _more(replay: Replay, zone: str) -> list[Any]:
    """The bar of one at work, the reason of one that failed, the table of one that is done."""
    if replay.get("status") == "running":
        share = 100 * ((replay.get("progress") or {}).get("share") or 0.0)
        return [dmc.Progress(value=share, animated=True, size="sm", **{"aria-label": _("Avance")})]
    if replay.get("status") == "failed":
        # As the system said it, for whoever looks after it.
        return [html.Div(str(replay.get("reason")), lang="en", className="step-error breakable")]
    if not replay.get("result"):
        return []
    return [_table(replay["result"], zone), dmc.Text(_(_FIRST_WINS), size="sm", c="dimmed")]


def _table(result: list[dict[str, Any]], zone: str) -> html.Div:
    head = [_("Subido el"), _("Archivo"), _("Entonces"), _("Ahora"), _("Diferencia")]
    rows = [
        [
            formats.clock(one.get("uploaded_at"), zone),
            dcc.Link(str(one["key"]), href=f"/ejecuciones/{one['run_id']}", className="replay-file"),
            _ending(one["then"]),
            _ending(one["now"]),
            badge(_SAME if one["same"] else _DIFFERS, "sm"),
        ]
        for one in result
    ]
    return plain_table(head, rows, _("Cómo terminó cada archivo entonces y cómo terminaría ahora"))


def _ending(ending: Ending) -> html.Div:
    label = _GONE if ending.get("status") == "gone" else words.status_of(ending)
    return html.Div([badge(label, "sm"), html.Div(_errors(ending), className="replay-errors")])


def _errors(ending: Ending) -> str:
    """Both errors, or why there are none."""
    verdict, rejection = ending.get("verdict") or {}, ending.get("rejection")
    ours, theirs = verdict.get("challenger_rmse"), verdict.get("champion_rmse")
    if ending.get("status") == "rejected" and rejection:
        return words.file_fault(rejection)
    if ours is not None and theirs is not None:
        said = _("error {ours} frente a {theirs}")
        return said.format(ours=formats.number(ours), theirs=formats.number(theirs))
    if ours is not None:
        return _("primer modelo, error {ours}").format(ours=formats.number(ours))
    return _(_UNCOMPARED.get(verdict.get("kind") or "", ""))
