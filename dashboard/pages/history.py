"""Historial: every forecast that was given, and how they moved from one model version to the next."""

from typing import Any

import dash
import plotly.graph_objects as go
from dash import ClientsideFunction, Dash, Input, Output, html, no_update

from dashboard import charts, context, formats
from dashboard.i18n import mark as N_
from dashboard.i18n import title
from dashboard.parts import (
    NO_PROBLEM,
    card,
    page_header,
    problem_notice,
    problem_outputs,
    problem_shown,
    refresh_button,
)
from dashboard.problems import ApiProblem
from dashboard.tables import column, paged
from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY

PAGE_SIZE = 15
CHART_ENTRIES = 500

_COLUMNS = [
    column("id", "N.º", 80, numeric=True),
    column("moment", "Pedido el", 155),
    column("day", "Para el día", 120),
    column("weekday", "Día", 110),
    column("promotion", "Promoción", 110),
    column("holiday", "Festivo", 95),
    column("prediction", "Pronóstico", 125, numeric=True),
    column("version", "Versión", 95, numeric=True),
]


def register(app: Dash) -> None:
    """Add the page and its callbacks."""
    dash.register_page(
        __name__,
        path="/historial",
        name=N_("Historial"),
        title=title("Historial"),
        layout=layout,
        icon="history",
    )
    app.callback(
        Output("history-grid", "getRowsResponse"),
        Input("history-grid", "getRowsRequest"),
        prevent_initial_call=True,
    )(serve_rows)
    app.callback(
        Output("history-chart", "figure"),
        Output("history-total", "children"),
        *problem_outputs("history"),
        Input("history-refresh", "n_clicks"),
        Input("history-retry", "n_clicks"),
    )(show_chart)
    app.clientside_callback(
        ClientsideFunction("history", "reload"),
        Output("history-grid", "id"),
        Input("history-refresh", "n_clicks"),
        Input("history-retry", "n_clicks"),
        prevent_initial_call=True,
    )


def layout(**_query: str) -> html.Div:
    """The page."""
    return html.Div(
        [
            page_header("Historial", "Todos los pronósticos que se pidieron.", refresh_button("history")),
            problem_notice("history"),
            card(
                html.Div(id="history-total", className="card-note"),
                charts.graph("history-chart", "Pronósticos en el tiempo, por versión del modelo"),
                title="Pronósticos por versión del modelo",
            ),
            card(paged("history-grid", _COLUMNS, "Pronósticos, del más nuevo al más viejo", PAGE_SIZE)),
        ],
        className="stack",
    )


def serve_rows(request: dict[str, Any] | None) -> Any:
    """One page of the table; no rows while the API gives none (the chart's callback says why)."""
    if not request:
        return no_update
    start, end = request["startRow"], request["endRow"]
    try:
        page = context.api().history(start, end - start)
    except ApiProblem:
        return {"rowData": [], "rowCount": 0}
    zone = context.zone()
    return {"rowData": [table_row(entry, zone) for entry in page.rows], "rowCount": page.total}


def show_chart(_refresh: int | None, _retry: int | None) -> tuple[go.Figure, str, bool, str]:
    """The chart of the latest forecasts, how many there are in all, and the notice."""
    try:
        page = context.api().history(0, min(CHART_ENTRIES, context.settings().HISTORY_PAGE_MAX))
    except ApiProblem as problem:
        return charts.empty(), "", *problem_shown(problem)
    shown = len(page.rows)
    said = formats.counted(page.total, "pronóstico", "pronósticos")
    if shown < page.total:
        said += f"; el gráfico muestra los últimos {formats.count(shown)}"
    return charts.predictions(page.rows, context.zone()), f"{said}.", *NO_PROBLEM


def table_row(entry: dict[str, Any], zone: str) -> dict[str, Any]:
    """A history entry as the texts of a table row."""
    given = entry.get("input_data") or {}
    return {
        "id": entry["id"],
        "moment": formats.clock(entry.get("timestamp"), zone),
        "day": formats.day(entry.get(DATE)),
        "weekday": formats.weekday(given.get(WEEKDAY)),
        "promotion": formats.yes_no(given.get(PROMOTION)),
        "holiday": formats.yes_no(given.get(HOLIDAY)),
        "prediction": formats.number(entry.get("prediction")),
        "version": entry.get("model_version"),
    }
