"""The dialog in which an operator confirms something with the token: its frame, its fields, what it must have.

The token goes from the field into one request and is emptied with the answer, whatever that was, and however the
dialog is closed. It is in no address, no store and no log. All ids begin with the dialog's name.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, html, no_update

from dashboard import visitors
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_

_NO_TOKEN = N_("Escriba la clave de administración.")
_NO_REASON = N_("Escriba el motivo: queda en el historial de cambios.")


def dialog(name: str, *, reason: bool = True) -> dmc.Modal:
    """The closed dialog: what it explains, actor, reason (shown at first if `reason`), token, fault and buttons."""
    parts = [
        html.Div(id=f"{name}-explained"),
        dmc.TextInput(
            id=f"{name}-actor",
            label=_("Su nombre"),
            value=visitors.visitor(),
            disabled=bool(visitors.visitor()),  # the proxy knows it
            inputProps={"maxLength": 100},
            autoComplete="off",
        ),
        html.Div(_reason(name), id=f"{name}-reason-box", hidden=not reason),
        dmc.PasswordInput(
            id=f"{name}-token",
            label=_("Clave de administración"),
            description=_("ADMIN_TOKEN; si nadie la eligió, está en tokens/admin de la carpeta de estado."),
            autoComplete="off",
            required=True,
            visibilityToggleButtonProps={"aria-label": _("Mostrar u ocultar la clave")},
        ),
        html.Div(id=f"{name}-fault", role="alert", className="dialog-fault"),
        _buttons(name),
    ]
    return dmc.Modal(
        html.Div(parts, className="stack tight"),
        id=f"{name}-dialog",
        opened=False,
        centered=True,
        closeButtonProps={"aria-label": _("Cerrar")},
    )


def register(app: Dash, name: str) -> None:
    """Let the dialog be cancelled, and forget the token whenever it is closed."""
    app.callback(
        Output(f"{name}-dialog", "opened", allow_duplicate=True),
        Input(f"{name}-cancel", "n_clicks"),
        prevent_initial_call=True,
    )(lambda _clicks: False)
    app.callback(
        Output(f"{name}-token", "value", allow_duplicate=True),
        Output(f"{name}-fault", "children", allow_duplicate=True),
        Input(f"{name}-dialog", "opened"),
        prevent_initial_call=True,
    )(forget)


def forget(opened: bool) -> tuple[Any, Any]:
    """The values of token and fault: empty once the dialog is closed."""
    return (no_update, no_update) if opened else ("", "")


def unready(token: str | None, reason: str | None, *, needs_reason: bool) -> str:
    """What is still missing, as a sentence; empty where nothing is."""
    if needs_reason and not (reason or "").strip():
        return _(_NO_REASON)
    return "" if (token or "").strip() else _(_NO_TOKEN)


def _reason(name: str) -> dmc.Textarea:
    return dmc.Textarea(
        id=f"{name}-reason",
        label=_("Motivo"),
        inputProps={"maxLength": 1000},
        autosize=True,
        minRows=2,
        required=True,
    )


def _buttons(name: str) -> dmc.Group:
    return dmc.Group(
        [
            dmc.Button(_("Cancelar"), id=f"{name}-cancel", variant="default"),
            dmc.Button(_("Confirmar"), id=f"{name}-confirm"),
        ],
        justify="flex-end",
        gap="sm",
    )
