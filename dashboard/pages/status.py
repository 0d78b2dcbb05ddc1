"""Estado: which part of the system works, what waits, what arrived, and what an operator should know."""

from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update

from dashboard import context, links, polling, status_parts
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.i18n import title
from dashboard.parts import (
    NO_PROBLEM,
    card,
    icon,
    page_header,
    problem_notice,
    problem_outputs,
    problem_shown,
    refresh_button,
    skeleton,
)
from dashboard.problems import ApiProblem

TICK_MILLISECONDS = 5_000
EVENTS = 12
OWN = "own"  # in place of an outcome: files that the system itself wrote, which would crowd out the others
ALERTS = 20


def register(app: Dash) -> None:
    """Add the page and its callbacks."""
    dash.register_page(
        __name__, path="/estado", name=N_("Estado"), title=title("Estado"), layout=layout, icon="status"
    )
    app.callback(
        Output("status-body", "children"),
        Output("status-shown", "data"),
        *problem_outputs("status"),
        polling.due(app, "status"),
        Input("status-refresh", "n_clicks"),
        Input("status-retry", "n_clicks"),
        State("status-shown", "data"),
        running=polling.busy("status"),
    )(show_status)
    app.callback(
        Output("status-events", "children"),
        Output("status-events-shown", "data"),
        Output("status-pages", "total"),
        *problem_outputs("events"),
        polling.due(app, "events", "status"),
        Input("status-refresh", "n_clicks"),
        Input("events-retry", "n_clicks"),
        Input("status-outcome", "value"),
        Input("status-pages", "value"),
        State("status-events-shown", "data"),
        running=polling.busy("events"),
    )(show_events)
    app.callback(
        Output("status-alerts", "children"),
        *problem_outputs("alerts"),
        Input("status-refresh", "n_clicks"),
        Input("alerts-retry", "n_clicks"),
    )(show_alerts)
    app.callback(
        Output("status-pages", "value"), Input("status-outcome", "value"), prevent_initial_call=True
    )(lambda _outcome: 1)


def layout(**_query: str) -> html.Div:
    """The page."""
    about = _("Si cada parte del sistema trabaja, qué está pendiente y qué llegó. Se actualiza sola.")
    return html.Div(
        [
            *polling.ticker("status", TICK_MILLISECONDS, "status", "events"),
            dcc.Store(id="status-shown"),
            dcc.Store(id="status-events-shown"),
            page_header(_("Estado"), about, refresh_button("status")),
            problem_notice("status"),
            html.Div([skeleton(260), skeleton(120)], id="status-body", className="stack"),
            _events(),
            card(problem_notice("alerts"), html.Div(skeleton(60), id="status-alerts"), title=_("Alertas")),
            card(_tools(), title=_("Herramientas")),
        ],
        className="stack",
    )


def _events() -> Any:
    choice = dmc.SegmentedControl(
        id="status-outcome",
        data=[{"value": "", "label": _("Recibidos")}]
        + [{"value": name, "label": _(label.text)} for name, label in status_parts.OUTCOMES.items()]
        + [{"value": OWN, "label": _("Del sistema")}],
        value="",
        size="xs",
        **{"aria-label": _("Filtrar por resultado")},
    )
    pages = dmc.Pagination(
        id="status-pages", total=1, value=1, hideWithOnePage=True, **{"aria-label": _("Páginas de avisos")}
    )
    return card(
        html.Div(
            [
                dmc.Group(
                    [
                        dmc.Title(_("Últimos avisos de archivos"), order=2, className="card-title flush"),
                        choice,
                    ],
                    justify="space-between",
                ),
                problem_notice("events"),
                html.Div(skeleton(200), id="status-events"),
                pages,
            ],
            className="stack tight",
        )
    )


def _tools() -> html.Div:
    return html.Div(
        [
            html.A(
                [icon(link.icon), link.label, icon("outside")],
                href=link.href,
                target="_blank",
                className="template",
            )
            for link in links.tools(context.settings())
        ],
        className="tool-links",
    )


def show_status(
    _ticks: int | None, _refresh: int | None, _retry: int | None, shown: str | None
) -> tuple[Any, Any, bool, str]:
    """The parts and the backlog (only when they changed), their mark, and the notice."""
    try:
        told = context.api().status()
    except ApiProblem as problem:
        return (no_update if shown else []), no_update, *problem_shown(problem)
    body = [status_parts.parts_card(told, context.zone()), status_parts.backlog_card(told)]
    mark = polling.mark({**told, "checked_at": None, "minute": str(told.get("checked_at"))[:16]})
    return (no_update if mark == shown else body), mark, *NO_PROBLEM


def show_events(
    _ticks: int | None,
    _refresh: int | None,
    _retry: int | None,
    outcome: str | None,
    page_number: int | None,
    shown: str | None,
) -> tuple[Any, Any, Any, bool, str]:
    """The newest events (only when they changed), their mark, how many pages there are, and the notice."""
    skip = ((page_number or 1) - 1) * EVENTS
    try:
        asked = None if outcome == OWN else outcome
        page = context.api().events(skip, EVENTS, asked, own=outcome == OWN)
    except ApiProblem as problem:
        return (no_update if shown else []), no_update, no_update, *problem_shown(problem)
    mark = polling.mark([outcome, page.rows])
    body = no_update if mark == shown else status_parts.events_table(page.rows, context.zone())
    return body, mark, max(1, -(-page.total // EVENTS)), *NO_PROBLEM


def show_alerts(_refresh: int | None, _retry: int | None) -> tuple[Any, bool, str]:
    """The latest alerts, and the notice."""
    try:
        alerts = context.api().alerts(ALERTS)
    except ApiProblem as problem:
        return [], *problem_shown(problem)
    return status_parts.alerts_list(alerts, context.zone()), *NO_PROBLEM
