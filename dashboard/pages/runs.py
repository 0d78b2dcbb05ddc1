"""Ejecuciones: what became of each upload, live."""

from datetime import UTC, datetime
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import context, formats, links, polling, words
from dashboard.i18n import gettext as _
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
from dashboard.run_timeline import timeline

PAGE_SIZE = 20
TYPING_MILLISECONDS = 350
LONGEST_NAME = 200  # the most that the API looks for
_FILTERS = ("runs-status", "runs-name")


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
        Output("runs-count", "children"),
        Output("runs-pages", "total"),
        Output("runs-pages", "value"),
        Output("runs-tick", "interval"),
        *problem_outputs("runs"),
        polling.due(app, "runs"),
        Input("runs-retry", "n_clicks"),
        Input("runs-status", "value"),
        Input("runs-name", "value"),
        Input("runs-pages", "value"),
        State("runs-shown", "data"),
        running=polling.busy("runs"),
    )(show_runs)


def layout(estado: str | list[str] = "", archivo: str | list[str] = "", **_query: str) -> html.Div:
    """The page; `estado` and `archivo` of the address choose a state and a part of the file's name."""
    return html.Div(
        [
            *polling.ticker("runs"),
            dcc.Store(id="runs-shown"),
            page_header(
                _("Ejecuciones"),
                _("Qué pasó con cada archivo, del más nuevo al más viejo. Se actualiza sola."),
                *_filters(links.last(estado), links.last(archivo)),
            ),
            problem_notice("runs"),
            html.Div([skeleton(64) for _place in range(6)], id="runs-list", className="stack tight"),
            html.Div(
                [
                    html.Span(id="runs-count", role="status", className="runs-count"),
                    dmc.Pagination(
                        id="runs-pages",
                        total=1,
                        value=1,
                        hideWithOnePage=True,
                        size="sm",
                        **{"aria-label": _("Páginas de ejecuciones")},
                    ),
                ],
                className="runs-foot",
            ),
        ],
        className="stack",
    )


def _filters(status: str, name: str) -> tuple[dmc.TextInput, dmc.Select]:
    states = [{"value": str(one), "label": _(label.text)} for one, label in words.STATUS.items()]
    return (
        dmc.TextInput(
            id="runs-name",
            value=name,
            debounce=TYPING_MILLISECONDS,
            placeholder=_("Buscar archivo"),
            className="runs-filter",
            **{"aria-label": _("Filtrar por nombre de archivo")},
        ),
        dmc.Select(
            id="runs-status",
            data=[{"value": "", "label": _("Todos los estados")}, *states],
            value=status if status in words.STATUS else "",
            allowDeselect=False,
            className="runs-filter",
            **{"aria-label": _("Filtrar por estado")},
        ),
    )


def show_runs(
    _ticks: int | None,
    _retry: int | None,
    status: str | None,
    name: str | None,
    page_number: int | None,
    shown: str | None,
) -> tuple[Any, Any, Any, Any, Any, int, bool, str]:
    """The list (only when it changed), its mark, how many, pages, the page (where it must change), pace, notice."""
    number = 1 if ctx.triggered_id in _FILTERS else page_number or 1
    turned: Any = number if number != page_number else no_update
    try:
        page = context.api().runs(
            (number - 1) * PAGE_SIZE, PAGE_SIZE, status, (name or "").strip()[:LONGEST_NAME]
        )
    except ApiProblem as problem:
        failed = no_update, no_update, no_update, no_update
        return *failed, turned, polling.SLOW_MILLISECONDS, *problem_shown(problem)
    pages = max(1, -(-page.total // PAGE_SIZE))
    mark = polling.mark([number, page.rows, page.total])
    if mark == shown:
        same = no_update, no_update, no_update, no_update
        return *same, turned, polling.LIVE_MILLISECONDS, *NO_PROBLEM
    counted = formats.counted(page.total, "ejecución", "ejecuciones") if page.total else ""
    listed = _list(page.rows, bool(status or name))
    turned = pages if number > pages else turned
    return listed, mark, counted, pages, turned, polling.LIVE_MILLISECONDS, *NO_PROBLEM


def _list(runs: list[dict[str, Any]], filtered: bool) -> Any:
    if runs:
        return timeline(runs, context.zone(), datetime.now(UTC))
    if filtered:
        return card(empty(_("Ninguna ejecución cumple lo que se busca."), "runs"))
    return card(empty(_("Todavía no llegó ningún archivo: suba un ventas.csv al espacio «ventas»."), "runs"))
