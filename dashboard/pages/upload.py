"""Subir ventas: a file is looked at, sent straight to the bucket by the browser, and followed to its verdict.

What happens in the browser stands in `assets/subir.js`: it fills the stores `upload-file` (a file was chosen),
`upload-phase` (empty, chosen, sending) and `upload-sent` (a file has arrived).
"""

import base64
from typing import Any

import dash
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard import context, following, polling
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.i18n import title
from dashboard.parts import (
    NO_PROBLEM,
    Shown,
    page_header,
    problem_notice,
    problem_outputs,
    problem_shown,
)
from dashboard.preview_parts import preview_shown, suggested_name
from dashboard.problems import ApiProblem
from dashboard.upload_layout import choice, chosen, sending, templates, words

Stored = dict[str, Any]


def register(app: Dash) -> None:
    """Add the page and its callbacks."""
    dash.register_page(
        __name__,
        path="/subir",
        name=N_("Subir ventas"),
        title=title("Subir ventas"),
        layout=layout,
        icon="upload",
        order=1,  # after the first page; the others follow in the order of their modules
    )
    app.callback(
        Output("upload-preview", "children"),
        Output("upload-name", "value"),
        Output("upload-send", "children"),
        *problem_outputs("upload"),
        Input("upload-file", "data"),
        Input("upload-kind", "value"),
        Input("upload-retry", "n_clicks"),
        prevent_initial_call=True,
    )(show_preview)
    app.callback(
        Output("upload-link", "data"),
        *problem_outputs("send"),
        Input("upload-send", "n_clicks"),
        Input("send-retry", "n_clicks"),
        State("upload-file", "data"),
        State("upload-name", "value"),
        State("upload-kind", "value"),
        prevent_initial_call=True,
        running=[(Output("upload-send", "loading"), True, False)],
    )(ask_link)
    app.callback(
        Output("upload-list", "children"),
        Output("uploads", "data"),
        Output("upload-shown", "data"),
        Output("upload-tick", "disabled"),
        Output("upload-tick", "interval"),
        *problem_outputs("follow"),
        Input("upload-sent", "data"),
        polling.due(app, "upload"),
        Input("follow-retry", "n_clicks"),
        State("uploads", "data"),
        State("upload-shown", "data"),
        running=polling.busy("upload"),
    )(follow)
    _in_the_browser(app)


def _in_the_browser(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("upload", "opened"), Output("upload-phase", "data"), Input("upload-drop", "id")
    )
    app.clientside_callback(
        ClientsideFunction("upload", "parts"),
        Output("upload-choice", "hidden"),
        Output("upload-chosen", "hidden"),
        Output("upload-sending", "hidden"),
        Input("upload-phase", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("upload", "send"),
        Output("upload-started", "data"),
        Input("upload-link", "data"),
        prevent_initial_call=True,
    )


def layout(**_query: str) -> html.Div:
    """The page."""
    about = _("Suelte el archivo y vea cómo se revisa, se entrena un modelo y se decide si es mejor.")
    stores = [dcc.Store(id=name) for name in ("upload-file", "upload-link", "upload-sent", "upload-shown")]
    return html.Div(
        [
            *stores,
            dcc.Store(id="upload-phase", data="empty"),
            dcc.Store(id="upload-started"),
            dcc.Store(id="uploads", storage_type="session"),
            *polling.ticker("upload"),
            words(),
            page_header(_("Subir ventas"), about, templates()),
            problem_notice("upload"),
            problem_notice("send"),
            choice(context.settings().MAX_UPLOAD_BYTES),
            chosen(),
            sending(),
            problem_notice("follow"),
            html.Div(id="upload-list", className="stack", role="status"),
        ],
        className="stack",
    )


def show_preview(file: Stored | None, kind: str, _retry: int | None) -> tuple[Any, str, str, bool, str]:
    """The preview of the chosen file, the name that it is proposed to get, what the button says, and the notice."""
    send = _("Subir archivo")
    if not file:
        return None, "", send, *NO_PROBLEM
    name = suggested_name(file["name"], kind)
    try:
        told = context.api().preview(base64.b64decode(file["head"]), kind, file["size"])
    except ApiProblem as problem:
        return None, name, send, *problem_shown(problem)
    if told.get("verdict") == "bad":
        send = _("Subir de todos modos")
    return preview_shown(file, kind, told), name, send, *NO_PROBLEM


def ask_link(
    _send: int | None, _retry: int | None, file: Stored | None, name: str | None, kind: str
) -> tuple[Any, bool, str]:
    """Where the browser is to send the file, with what is needed to follow it later; and the notice."""
    if not file:
        return no_update, *NO_PROBLEM
    try:
        link = context.api().upload(name or "", kind, file["size"], context.settings().upload_token)
    except ApiProblem as problem:
        return no_update, *problem_shown(problem)
    return {"id": file["id"], "name": name, "chosen": file["name"]} | link, *NO_PROBLEM


def follow(
    sent: Stored | None,
    _ticks: int | None,
    _retry: int | None,
    uploads: list[Stored] | None,
    shown: str | None,
) -> tuple[Any, Any, Any, bool, int, bool, str]:
    """The uploads of this tab with their runs, redrawn only when something changed."""
    known = following.with_new(uploads or [], sent)
    notice: Shown = NO_PROBLEM
    pace = polling.LIVE_MILLISECONDS
    try:
        known = [following.looked_up(context.api(), upload) for upload in known[: following.MOST]]
    except ApiProblem as problem:
        notice, pace = problem_shown(problem), polling.SLOW_MILLISECONDS
    over = all(upload.get("over") for upload in known)
    mark = polling.mark(known)
    if mark == shown:
        return no_update, no_update, no_update, over, pace, *notice
    return following.shown(known, context.zone()), known, mark, over, pace, *notice
