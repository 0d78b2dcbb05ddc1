"""Putting a version into production by hand, or approving one, in a dialog that asks for the token."""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import context, remarks, token_dialog, visitors
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.problems import ApiProblem

PROMOTE, APPROVE = "promote", "approve"
LESS_KNOWN = N_("Esta versión sabe menos que la que está en producción")
FILES_GONE = N_(
    "No se puede poner en producción: la retención borró sus archivos (KEEP_VERSIONS); quedan sus cifras y su ficha."
)

MISSING = N_("No se puede poner en producción: MLflow ya no tiene sus archivos ni sus cifras.")


def obstacle(model: dict[str, Any]) -> str:
    """Why a version cannot be put into production any more, as a sentence to translate; empty where it can."""
    if model.get("missing"):
        return MISSING
    return FILES_GONE if model.get("files_deleted") else ""


def button(
    version: int, *, held: bool, champion: int | None, place: str, gone: str = "", look: str = "default"
) -> Any:
    """The button that asks to put `version` into production; None for the champion itself.

    `place` tells apart the buttons of one version. Where its files are gone, the sentence `gone` instead.
    """
    if version == champion:
        return None
    if gone:
        return dmc.Text(_(gone), size="sm", c="dimmed", className="files-gone")
    action = APPROVE if held else PROMOTE
    return dmc.Button(
        _title(action, version, champion),
        id={"type": "model-ask", "action": action, "version": version, "place": place},
        variant="filled" if held else look,
        size="sm",
    )


def dialog() -> dmc.Modal:
    """The closed dialog."""
    return token_dialog.dialog("model")


def stores() -> list[Any]:
    """What the page keeps of the dialog: which change was asked for, that one was made, and its sentence."""
    return [
        dcc.Store(id="model-change"),
        dcc.Store(id="models-changed"),
        html.Div(id="models-told", role="status", className="told", hidden=True),
    ]


def register(app: Dash) -> None:
    """Add the dialog's callbacks."""
    token_dialog.register(app, "model")
    app.callback(
        Output("model-dialog", "opened"),
        Output("model-dialog", "title"),
        Output("model-explained", "children"),
        Output("model-change", "data"),
        Output("model-fault", "children"),
        Input({"type": "model-ask", "action": ALL, "version": ALL, "place": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )(open_dialog)
    app.callback(
        Output("model-dialog", "opened", allow_duplicate=True),
        Output("model-fault", "children", allow_duplicate=True),
        Output("model-token", "value"),
        Output("models-changed", "data"),
        Output("models-told", "children"),
        Output("models-told", "hidden"),
        Input("model-confirm", "n_clicks"),
        Input("model-token", "n_submit"),
        State("model-token", "value"),
        State("model-actor", "value"),
        State("model-reason", "value"),
        State("model-change", "data"),
        running=[(Output("model-confirm", "loading"), True, False)],
        prevent_initial_call=True,
    )(act)


def open_dialog(clicks: list[int | None]) -> tuple[Any, ...]:
    """Open the dialog of the button that was pressed."""
    asked = ctx.triggered_id
    if not any(clicks) or not isinstance(asked, dict):
        return (no_update,) * 5
    champion, fault = _champion()
    action, version = asked["action"], asked["version"]
    change = {"action": action, "version": version}
    lost, unknown = _losses(version)
    explained = html.Div([*lost, _explained(version, champion)], className="stack tight")
    return True, _title(action, version, champion), explained, change, fault or unknown


def act(
    clicks: int | None,
    submits: int | None,
    token: str | None,
    actor: str | None,
    reason: str | None,
    change: dict[str, Any] | None,
) -> tuple[Any, ...]:
    """Make the change; says what is missing or went wrong, else closes the dialog and lets the page look again."""
    if not change or not (clicks or submits):
        return (no_update,) * 6
    fault = token_dialog.unready(token, reason, needs_reason=True)
    if fault:
        return no_update, fault, no_update, no_update, no_update, no_update
    make = context.api().approve if change["action"] == APPROVE else context.api().promote
    try:
        made = make(change["version"], str(token), visitors.actor(actor), str(reason).strip())
    except ApiProblem as problem:
        return no_update, str(problem), "", no_update, no_update, no_update
    said = _("La versión {version} está en producción: los próximos pronósticos salen de ella.")
    return False, "", "", made.get("id"), said.format(version=change["version"]), False


def _champion() -> tuple[int | None, str]:
    """The champion of this moment, or why it is not known."""
    try:
        newest = context.api().promotions(1)
    except ApiProblem as problem:
        return None, str(problem)
    return (newest[0].get("model_version") if newest else None), ""


def _losses(version: int) -> tuple[list[Any], str]:
    """A warning of what the champion knows and `version` does not, or why that cannot be told."""
    try:
        lost = context.api().model_losses(version)
    except ApiProblem as problem:
        return [], str(problem)
    if not lost:
        return [], ""
    lines = [
        html.Div(remarks.sentence(loss | loss.get("facts", {}), str(loss.get("sentence")))) for loss in lost
    ]
    return [dmc.Alert(lines, title=_(LESS_KNOWN), color="orange", variant="light", className="losses")], ""


def _title(action: str, version: int, champion: int | None) -> str:
    if action == APPROVE:
        return _("Aprobar la versión {version}").format(version=version)
    if champion is not None and version < champion:
        return _("Volver a la versión {version}").format(version=version)
    return _("Poner en producción la versión {version}").format(version=version)


def _explained(version: int, champion: int | None) -> Any:
    """From which version to which, from when on, and what stays."""
    swap = (
        _("Los pronósticos saldrán de la versión {version} en lugar de la {champion}.")
        if champion
        else _("Los pronósticos saldrán de la versión {version}.")
    )
    lines = [
        swap.format(version=version, champion=champion),
        _(
            "Antes se comprueba que su archivo se pueda usar. El cambio se nota en segundos y nada se reinicia."
        ),
        _(
            "Queda en el historial con su motivo, y los próximos archivos se comparan con la versión {version}."
        ).format(version=version),
    ]
    return html.Div([dmc.Text(line, size="sm") for line in lines], className="stack tight")
