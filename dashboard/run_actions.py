"""What an operator may do to a run: buttons, and a dialog that says what will happen and asks for the token.

The token goes from the field into one request and is emptied with the answer, whatever that was. It is in no address,
no store and no log.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import context
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.parts import icon
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
}
_NO_TOKEN = N_("Escriba la clave de administración.")
_NO_REASON = N_("Escriba por qué lo aprueba: queda en el historial.")


def buttons(run: dict[str, Any]) -> html.Div:
    """The buttons that make sense for a run in this state."""
    status, verdict = run.get("status"), run.get("verdict") or {}
    known = [
        (APPROVE, verdict.get("held"), "filled"),
        (RETRY, status in RETRIABLE, "default"),
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
    fields = html.Div(
        [
            dmc.TextInput(id="run-actor", label=_("Su nombre"), autoComplete="off"),
            html.Div(
                dmc.Textarea(id="run-reason", label=_("Motivo"), autosize=True, minRows=2),
                id="run-reason-box",
                hidden=True,
            ),
            dmc.PasswordInput(
                id="run-token",
                label=_("Clave de administración"),
                description=_(
                    "ADMIN_TOKEN; si nadie la eligió, está en tokens/admin de la carpeta de estado."
                ),
                autoComplete="off",
                required=True,
            ),
        ],
        id="run-fields",
        className="stack tight",
    )
    fault = html.Div(id="run-action-fault", role="alert", className="dialog-fault")
    send = dmc.Button(_("Confirmar"), id="run-confirm", leftSection=icon("refresh"))
    foot = dmc.Group(
        [dmc.Button(_("Cerrar"), id="run-cancel", variant="default"), send], justify="flex-end", gap="sm"
    )
    return dmc.Modal(
        html.Div([html.Div(id="run-action-text"), fields, fault, foot], className="stack"),
        id="run-dialog",
        opened=False,
        centered=True,
        closeButtonProps={"aria-label": _("Cerrar")},
    )


def stores() -> list[Any]:
    """What the dialog keeps of the run: which action was asked for, and that one was done."""
    return [dcc.Store(id="run-action"), dcc.Store(id="run-acted"), dcc.Store(id="run-version")]


def register(app: Dash) -> None:
    """Add the dialog's callbacks."""
    app.callback(
        Output("run-dialog", "opened"),
        Output("run-dialog", "title"),
        Output("run-action", "data"),
        Output("run-action-text", "children"),
        Output("run-reason-box", "hidden"),
        Output("run-fields", "hidden"),
        Output("run-confirm", "style"),
        Output("run-token", "value"),
        Output("run-action-fault", "children"),
        Input({"type": "run-ask", "action": ALL}, "n_clicks"),
        Input("run-cancel", "n_clicks"),
        State("run-id", "data"),
        State("run-version", "data"),
        prevent_initial_call=True,
    )(open_dialog)
    app.callback(
        Output("run-token", "value", allow_duplicate=True),
        Input("run-dialog", "opened"),
        prevent_initial_call=True,
    )(forget_token)
    app.callback(
        Output("run-dialog", "opened", allow_duplicate=True),
        Output("run-action-fault", "children", allow_duplicate=True),
        Output("run-token", "value", allow_duplicate=True),
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


def open_dialog(
    clicks: list[int | None], _cancel: int | None, run_id: str, version: int | None
) -> tuple[Any, ...]:
    """Open the dialog of the button that was pressed, or close it; the fields for secrets are empty either way."""
    asked = ctx.triggered_id
    if asked == "run-cancel":
        return False, *[no_update] * 6, "", ""
    if not any(clicks) or not isinstance(asked, dict):
        return (no_update,) * 9
    action = asked["action"]
    command = action == REPLAY
    hidden = {"display": "none"} if command else {}
    text = _explained(action, run_id, version)
    return True, _(_TITLES[action]), action, text, action != APPROVE, command, hidden, "", ""


def forget_token(opened: bool) -> Any:
    """Empty the field however the dialog was closed."""
    return no_update if opened else ""


def _explained(action: str, run_id: str, version: int | None) -> Any:
    if action == APPROVE:
        said = _(
            "La versión {version} reemplazará a la que está en producción, y los pronósticos saldrán de ella en "
            "segundos. Se puede volver atrás desde Modelos."
        ).format(version=version)
        return dmc.Text(said, size="sm")
    if action == RETRY:
        said = _(
            "El archivo se lee otra vez desde el principio y, si sirve, se entrena y se compara un modelo nuevo. "
            "Cómo terminó esta vez queda en la lista de pasos."
        )
        return dmc.Text(said, size="sm")
    said = _(
        "Los archivos desde este se juzgan de nuevo con el código y los ajustes de hoy, sin cambiar nada: ni "
        "ejecuciones ni modelos. Tarda lo que un entrenamiento por archivo, así que se hace en la línea de comandos:"
    )
    command = f"ventas replay --since {run_id}"
    copied = dcc.Clipboard(content=command, title=_("Copiar"), className="copy")
    return html.Div(
        [dmc.Text(said, size="sm"), html.Div([html.Code(command), copied], className="command")],
        className="stack tight",
    )


def act(
    _clicks: int | None,
    _submits: int | None,
    token: str | None,
    actor: str | None,
    reason: str | None,
    action: str | None,
    run_id: str,
    version: int | None,
) -> tuple[Any, ...]:
    """Do what was asked for; says what is missing or went wrong, else closes the dialog and wakes the page."""
    fault = _unready(token, reason, action)
    if fault:
        return no_update, _(fault), no_update, no_update, no_update, no_update
    try:
        _do(str(action), run_id, version, str(token), actor or "", reason or "")
    except ApiProblem as problem:
        return no_update, str(problem), "", no_update, no_update, no_update
    return False, "", "", f"{action} {_clicks} {_submits}", False, _(_DONE[str(action)])


def _unready(token: str | None, reason: str | None, action: str | None) -> str:
    if action == APPROVE and not (reason or "").strip():
        return _NO_REASON
    return "" if (token or "").strip() else _NO_TOKEN


def _do(action: str, run_id: str, version: int | None, token: str, actor: str, reason: str) -> None:
    if action == RETRY:
        context.api().retry(run_id, token, actor)
    elif action == APPROVE and version is not None:
        context.api().approve(version, token, actor, reason.strip())
