"""What an operator may do to a run: buttons, and a dialog that says what will happen and asks for the token."""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import context, token_dialog, visitors
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.problems import ApiProblem

RETRY, APPROVE, REPLAY = "retry", "approve", "replay"
RETRIABLE = ("failed", "rejected", "superseded")
JUDGED = ("promoted", "not_promoted", "rejected")

_TITLES = {
    RETRY: N_("Reiniciar la ejecución"),
    APPROVE: N_("Aprobar el modelo"),
    REPLAY: N_("Juzgar de nuevo"),
}
_DONE = {
    RETRY: N_("La ejecución empieza de nuevo."),
    APPROVE: N_("El modelo pasó a producción."),
    REPLAY: "",  # its own part of the page tells how it goes
}
_RETRIED = N_(
    "El archivo se lee otra vez desde el principio y, si sirve, se entrena y se compara un modelo nuevo. "
    "Cómo terminó esta vez queda en la lista de pasos."
)
_REPLAYED = N_(
    "Este archivo y los que llegaron después se leen, se entrenan y se comparan otra vez con el código y los ajustes "
    "de hoy, y aquí se ve cómo terminarían. No cambia nada: ni ejecuciones ni modelos."
)
_TAKES_LONG = N_(
    "Tarda lo que un entrenamiento por archivo, y mientras tanto los archivos nuevos esperan para entrenarse. En la "
    "línea de comandos no espera nadie, y se puede elegir hasta qué archivo (con --until):"
)


def buttons(run: dict[str, Any]) -> html.Div:
    """The buttons that make sense for a run in this state."""
    status, verdict = run.get("status"), run.get("verdict") or {}
    known = [
        (APPROVE, verdict.get("held"), "filled"),
        (RETRY, status in RETRIABLE and not run.get("upload_deleted_at"), "default"),
        (REPLAY, status in JUDGED and run.get("kind") != "forecast", "subtle"),
    ]
    made = [
        dmc.Button(_(_TITLES[action]), id={"type": "run-ask", "action": action}, variant=look, size="sm")
        for action, sensible, look in known
        if sensible
    ]
    return html.Div(made, className="run-actions")


def dialog() -> dmc.Modal:
    """The closed dialog; it stays while the page around it is drawn anew."""
    return token_dialog.dialog("run", reason=False)


def stores() -> list[Any]:
    """What the dialog keeps of the run: which action was asked for, and which one was done."""
    return [dcc.Store(id="run-action"), dcc.Store(id="run-acted"), dcc.Store(id="run-version")]


def register(app: Dash) -> None:
    """Add the dialog's callbacks."""
    token_dialog.register(app, "run")
    app.callback(
        Output("run-dialog", "opened"),
        Output("run-dialog", "title"),
        Output("run-action", "data"),
        Output("run-explained", "children"),
        Output("run-reason-box", "hidden"),
        Input({"type": "run-ask", "action": ALL}, "n_clicks"),
        State("run-id", "data"),
        State("run-version", "data"),
        prevent_initial_call=True,
    )(open_dialog)
    app.callback(
        Output("run-dialog", "opened", allow_duplicate=True),
        Output("run-fault", "children"),
        Output("run-token", "value"),
        Output("run-acted", "data"),
        Output("run-tick", "disabled", allow_duplicate=True),
        Output("run-told", "children"),
        Input("run-confirm", "n_clicks"),
        Input("run-token", "n_submit"),
        State("run-token", "value"),
        State("run-actor", "value"),
        State("run-reason", "value"),
        State("run-action", "data"),
        State("run-id", "data"),
        State("run-version", "data"),
        running=[(Output("run-confirm", "loading"), True, False)],
        prevent_initial_call=True,
    )(act)
    app.callback(
        Output("run-told", "children", allow_duplicate=True),
        Input("run-tick", "disabled"),
        State("run-acted", "data"),
        prevent_initial_call=True,
    )(told_no_more)


def open_dialog(clicks: list[int | None], run_id: str, version: int | None) -> tuple[Any, ...]:
    """Open the dialog of the button that was pressed."""
    asked = ctx.triggered_id
    if not any(clicks) or not isinstance(asked, dict):
        return (no_update,) * 5
    action = asked["action"]
    return True, _(_TITLES[action]), action, _explained(action, run_id, version), action != APPROVE


def act(
    clicks: int | None,
    submits: int | None,
    token: str | None,
    actor: str | None,
    reason: str | None,
    action: str | None,
    run_id: str,
    version: int | None,
) -> tuple[Any, ...]:
    """Do what was asked for; says what is missing or went wrong, else closes the dialog and wakes the page."""
    fault = token_dialog.unready(token, reason, needs_reason=action == APPROVE)
    if fault:
        return no_update, fault, no_update, no_update, no_update, no_update
    try:
        _do(str(action), run_id, version, str(token), visitors.actor(actor), reason or "")
    except ApiProblem as problem:
        return no_update, str(problem), "", no_update, no_update, no_update
    return False, "", "", f"{action} {clicks} {submits}", False, _(_DONE[str(action)])


def told_no_more(over: bool, acted: str | None) -> Any:
    """That a run starts again is no longer true once it has ended."""
    return "" if over and (acted or "").startswith(RETRY) else no_update


def _explained(action: str, run_id: str, version: int | None) -> Any:
    if action == APPROVE:
        said = _(
            "La versión {version} reemplazará a la que está en producción, y los pronósticos saldrán de ella en "
            "segundos. Se puede volver atrás desde Modelos."
        ).format(version=version)
        return dmc.Text(said, size="sm")
    if action == RETRY:
        return dmc.Text(_(_RETRIED), size="sm")
    command = f"ventas replay --since {run_id}"
    copied = dcc.Clipboard(content=command, title=_("Copiar"), className="copy")
    return html.Div(
        [
            dmc.Text(_(_REPLAYED), size="sm"),
            dmc.Text(_(_TAKES_LONG), size="sm", c="dimmed"),
            html.Div([html.Code(command), copied], className="command"),
        ],
        className="stack tight",
    )


def _do(action: str, run_id: str, version: int | None, token: str, actor: str, reason: str) -> None:
    if action == RETRY:
        context.api().retry(run_id, token, actor)
    elif action == REPLAY:
        context.api().start_replay(run_id, token, actor)
    elif action == APPROVE and version is not None:
        context.api().approve(version, token, actor, reason.strip())
