"""Historial: every forecast that was given, what was then sold, and how far the models are off as time goes by."""

from typing import Any

import dash
import dash_mantine_components as dmc
import plotly.graph_objects as go
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard import (
    charts,
    context,
    formats,
    history_charts,
    history_download,
    history_drawer,
    history_filters,
)
from dashboard.i18n import gettext as _
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
from ventas.contract import DATE, HOLIDAY, PROMOTION

PAGE_SIZE = 15
CHART_ENTRIES = 500
NEWEST = "-id"
# By which member of an entry the API sorts a column.
SORTED_BY = {
    "id": "id",
    "moment": "timestamp",
    "day": "Fecha",
    "prediction": "prediction",
    "error": "error",
    "version": "model_version",
}


def register(app: Dash) -> None:
    """Add the page, its callbacks and its download."""
    dash.register_page(
        __name__,
        path="/historial",
        name=N_("Historial"),
        title=title("Historial"),
        layout=layout,
        icon="history",
    )
    looks = (Input("history-refresh", "n_clicks"), Input("history-retry", "n_clicks"))
    query = Input("history-query", "data")
    app.callback(
        Output("history-query", "data"),
        Output("history-csv", "href"),
        Output("history-excel", "href"),
        *history_filters.INPUTS,
        prevent_initial_call=True,  # the page comes without a filter, and need not ask for its rows twice
    )(choose)
    app.callback(
        Output("history-grid", "getRowsResponse"),
        Input("history-grid", "getRowsRequest"),
        State("history-query", "data"),
        prevent_initial_call=True,
    )(serve_rows)
    app.callback(
        Output("history-chart", "figure"),
        Output("history-total", "children"),
        *problem_outputs("history"),
        query,
        *looks,
    )(show_chart)
    app.callback(Output("history-errors", "figure"), Input("history-period", "value"), *looks)(show_errors)
    app.callback(
        Output("history-drawer", "opened"),
        Output("history-drawer", "title"),
        Output("history-drawer-body", "children"),
        Input("history-grid", "cellClicked"),
        prevent_initial_call=True,
    )(open_row)
    app.clientside_callback(
        ClientsideFunction("history", "reload"),
        Output("history-grid", "id"),
        query,
        *looks,
        prevent_initial_call=True,
    )
    history_download.register(app.server)


def layout(**_query: str) -> html.Div:
    """The page."""
    return html.Div(
        [
            page_header(
                _("Historial"),
                _("Todos los pronósticos que se pidieron, y lo que después se vendió."),
                refresh_button("history"),
            ),
            problem_notice("history"),
            _filters(),
            card(
                html.Div(id="history-total", className="card-note", role="status"),
                charts.graph("history-chart", _("Pronósticos por día y versión, y ventas reales")),
                title=_("Pronósticos y ventas reales"),
            ),
            _table(),
            _errors(),
            dmc.Drawer(
                html.Div(id="history-drawer-body"),
                id="history-drawer",
                position="right",
                size="lg",
                closeButtonProps={"aria-label": _("Cerrar")},
            ),
            dcc.Store(id="history-query", data={}),
        ],
        className="stack",
    )


def _filters() -> Any:
    return card(
        history_filters.controls(),
        html.Div(
            [
                history_filters.known_switch(),
                html.Div(
                    [
                        html.A(_("Descargar CSV"), id="history-csv", href=history_download.PATH),
                        html.A(
                            _("Descargar para Excel"),
                            id="history-excel",
                            href=history_download.href({}, excel=True),
                        ),
                    ],
                    className="history-downloads",
                ),
            ],
            className="history-actions",
        ),
    )


def _table() -> Any:
    columns = [
        _sorted("id", _("N.º"), 46, numeric=True),
        _sorted("day", _("Para el día"), 108),
        _sorted("prediction", _("Pronóstico"), 94, numeric=True),
        _column("interval", _("Intervalo"), 112, numeric=True),
        _column("actual", _("Ventas reales"), 80, numeric=True),
        _sorted("error", _("Diferencia"), 96, numeric=True),
        _column("promotion", _("Promoción"), 92),
        _column("holiday", _("Festivo"), 72),
        _sorted("version", _("Versión"), 74, numeric=True),
        _sorted("moment", _("Pedido el"), 156),
    ]
    return card(
        html.Div(_("Pulse una fila para ver qué modelo y qué archivo están detrás."), className="card-note"),
        paged(
            "history-grid",
            columns,
            _("Pronósticos con sus ventas reales"),
            PAGE_SIZE,
            getRowId="params.data.key",
        ),
        title=_("Uno por uno"),
    )


def _sorted(field: str, name: str, width: int, **more: Any) -> dict[str, Any]:
    return _column(field, name, width, sortable=True, **more)


def _column(field: str, name: str, width: int, **more: Any) -> dict[str, Any]:
    """A column that grows in proportion to what it needs; all of them fit a screen of 1,280 pixels."""
    return column(field, name, width, flex=width, wrapHeaderText=True, autoHeaderHeight=True, **more)


def _errors() -> Any:
    return card(
        html.Div(
            [
                dmc.Title(_("Error real de cada versión"), order=2, className="card-title"),
                dmc.SegmentedControl(
                    id="history-period",
                    data=[{"value": name, "label": _(text)} for name, text in history_charts.PERIODS.items()],
                    value="week",
                    size="xs",
                ),
            ],
            className="history-chart-head",
        ),
        charts.graph("history-errors", _("Error de cada versión frente a lo que se vendió, en el tiempo")),
    )


def choose(*chosen: Any) -> tuple[dict[str, Any], str, str]:
    """The filter of the fields, and the addresses of its files."""
    wanted = history_filters.query(*chosen)
    return wanted, history_download.href(wanted, excel=False), history_download.href(wanted, excel=True)


def serve_rows(request: dict[str, Any] | None, wanted: dict[str, Any]) -> Any:
    """One page of the table; no rows while the API gives none (the chart's callback says why)."""
    if not request:
        return no_update
    start, end = request["startRow"], request["endRow"]
    try:
        page = context.api().history(start, end - start, wanted, sort_of(request.get("sortModel") or []))
    except ApiProblem:
        return {"rowData": [], "rowCount": 0}
    zone = context.zone()
    return {"rowData": [table_row(entry, zone) for entry in page.rows], "rowCount": page.total}


def sort_of(model: list[dict[str, str]]) -> str:
    """The order that the API is asked for; that of the table's first sorted column."""
    if not model:
        return NEWEST
    return ("-" if model[0]["sort"] == "desc" else "") + SORTED_BY[model[0]["colId"]]


def show_chart(
    wanted: dict[str, Any], _refresh: int | None, _retry: int | None
) -> tuple[go.Figure, str, bool, str]:
    """The chart of the latest forecasts that fit, how many fit in all, and the notice."""
    try:
        page = context.api().history(0, min(CHART_ENTRIES, context.settings().HISTORY_PAGE_MAX), wanted)
    except ApiProblem as problem:
        return charts.empty(), "", *problem_shown(problem)
    shown = len(page.rows)
    said = formats.counted(page.total, "pronóstico", "pronósticos")
    if shown < page.total:
        said += "; " + _("el gráfico muestra los últimos {shown}").format(shown=formats.count(shown))
    return history_charts.forecasts(page.rows), said + ".", *NO_PROBLEM


def show_errors(period: str, _refresh: int | None, _retry: int | None) -> go.Figure:
    """The chart of live errors; empty while the API gives none (the other chart's callback says why)."""
    try:
        return history_charts.live_errors(context.api().accuracy(period))
    except ApiProblem:
        return charts.empty()


def open_row(clicked: dict[str, Any] | None) -> Any:
    """The drawer with the row that was chosen."""
    if not clicked or not clicked.get("rowId"):
        return no_update
    number = int(clicked["rowId"])
    heading = _("Pronóstico n.º {number}").format(number=number)
    try:
        entry, behind = context.api().past(number), context.api().lineage(number)
    except ApiProblem as problem:
        return True, heading, dmc.Alert(str(problem), color="red", variant="light")
    return True, heading, history_drawer.details(entry, behind, context.zone())


def table_row(entry: dict[str, Any], zone: str) -> dict[str, Any]:
    """A history entry as the texts of a table row."""
    given, interval = entry.get("input_data") or {}, entry.get("interval")
    return {
        "key": str(entry["id"]),
        "id": entry["id"],
        "moment": formats.clock(entry.get("timestamp"), zone),
        "day": formats.day(entry.get(DATE)),
        "promotion": formats.yes_no(given.get(PROMOTION)),
        "holiday": formats.yes_no(given.get(HOLIDAY)),
        "prediction": formats.number(entry.get("prediction")),
        "interval": f"{formats.count(interval['low'])} – {formats.count(interval['high'])}"
        if interval
        else formats.NOTHING,
        "actual": formats.number(entry.get("actual")),
        "error": history_drawer.signed(entry.get("error")),
        "version": entry.get("model_version"),
    }
