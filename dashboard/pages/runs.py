"""Ejecuciones: what became of each upload, live."""

from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update

from dashboard import context, polling, words
from dashboard.i18n import mark as N_
from dashboard.i18n import title
from dashboard.parts import (
    NO_PROBLEM,
    card,
    empty,
    page_header,
    problem_notice,
    problem_outputs,
    problem_shown,
    skeleton,
)
from dashboard.problems import ApiProblem
from dashboard.run_parts import run_card

PAGE_SIZE = 15
_FILTER = [{"value": "", "label": "Todos los estados"}] + [
    {"value": str(status), "label": label.text} for status, label in words.STATUS.items()
]


def register(app: Dash) -> None:
    """Add the page and its callbacks."""
    dash.register_page(
        __name__,
        path="/ejecuciones",
        name=N_("Ejecuciones"),
        title=title("Ejecuciones"),
        layout=layout,
        icon="runs",
    )
    app.callback(
        Output("runs-list", "children"),
        Output("runs-shown", "data"),
        Output("runs-pages", "total"),
        Output("runs-tick", "interval"),
        *problem_outputs("runs"),
        Input("runs-tick", "n_intervals"),
        Input("runs-retry", "n_clicks"),
        Input("runs-status", "value"),
        Input("runs-pages", "value"),
        State("runs-shown", "data"),
    )(show_runs)


def layout(**_query: str) -> html.Div:
    """The page."""
    choice = dmc.Select(
        id="runs-status",
        data=_FILTER,
        value="",
        allowDeselect=False,
        w=200,
        **{"aria-label": "Filtrar por estado"},
    )
    return html.Div(
        [
            dcc.Interval(id="runs-tick", interval=polling.LIVE_MILLISECONDS),
            dcc.Store(id="runs-shown"),
            page_header("Ejecuciones", "Qué pasó con cada archivo de ventas. Se actualiza sola.", choice),
            problem_notice("runs"),
            html.Div([skeleton(84) for _ in range(4)], id="runs-list", className="stack tight"),
            dmc.Pagination(
                id="runs-pages",
                total=1,
                value=1,
                hideWithOnePage=True,
                **{"aria-label": "Páginas de ejecuciones"},
            ),
        ],
        className="stack",
    )


def show_runs(
    _ticks: int | None, _retry: int | None, status: str | None, page_number: int | None, shown: str | None
) -> tuple[Any, Any, Any, int, bool, str]:
    """The list (only when it changed, so that focus stays), its mark, pages, pace, and the notice."""
    skip = ((page_number or 1) - 1) * PAGE_SIZE
    try:
        page = context.api().runs(skip, PAGE_SIZE, status)
    except ApiProblem as problem:
        return no_update, no_update, no_update, polling.SLOW_MILLISECONDS, *problem_shown(problem)
    mark = polling.mark(page.rows)
    if mark == shown:
        return no_update, no_update, no_update, polling.LIVE_MILLISECONDS, *NO_PROBLEM
    pages = max(1, -(-page.total // PAGE_SIZE))
    return _list(page.rows, status), mark, pages, polling.LIVE_MILLISECONDS, *NO_PROBLEM


def _list(runs: list[dict[str, Any]], status: str | None) -> Any:
    if runs:
        zone = context.zone()
        return [run_card(run, zone) for run in runs]
    if status:
        return card(empty("No hay ejecuciones en este estado.", "runs"))
    return card(empty("Todavía no llegó ningún archivo: suba un ventas.csv al espacio «ventas».", "runs"))
