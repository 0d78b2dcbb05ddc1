"""Modelos: is the newer model better, and who decided."""

from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, dcc, html

from dashboard import charts, context, formats, words
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
    refresh_button,
)
from dashboard.problems import ApiProblem
from dashboard.tables import column, decimals, grid

PROMOTIONS = 20

_SORTED = {"sortable": True}
_COLUMNS = [
    column("version", "Versión", 95, numeric=True, **_SORTED),
    column("stage", "Estado", 130, **_SORTED),
    column("aliases", "Alias", 175),
    column("test_rmse", "Error (RMSE)", 130, numeric=True, valueFormatter=decimals(2), **_SORTED),
    column("cv_rmse", "Error (CV)", 110, numeric=True, valueFormatter=decimals(2), **_SORTED),
    column("test_r2", "R²", 80, numeric=True, valueFormatter=decimals(3), **_SORTED),
    column("created", "Creado el", 160),
    column("params", "Parámetros", 200, tooltipField="params"),
]


def register(app: Dash) -> None:
    """Add the page and its callbacks."""
    dash.register_page(
        __name__, path="/modelos", name=N_("Modelos"), title=title("Modelos"), layout=layout, icon="models"
    )
    app.callback(
        Output("models-chart", "figure"),
        Output("models-grid", "rowData"),
        Output("models-promotions", "children"),
        *problem_outputs("models"),
        Input("models-refresh", "n_clicks"),
        Input("models-retry", "n_clicks"),
    )(show_models)


def layout(**_query: str) -> html.Div:
    """The page."""
    versions = grid(
        "models-grid",
        _COLUMNS,
        "Versiones del modelo",
        columnSize="responsiveSizeToFit",
        options={"domLayout": "autoHeight", "tooltipShowDelay": 400},
        style={"height": None},
    )
    return html.Div(
        [
            page_header(
                "Modelos",
                "Cada archivo de ventas entrena una versión; queda en producción la que gana la comparación.",
                refresh_button("models"),
            ),
            problem_notice("models"),
            card(
                dmc.Text(
                    "Error en las fechas de prueba del archivo de cada versión. Cada archivo tiene otras fechas: "
                    "cuál es mejor lo dice el veredicto de su ejecución, que compara en las mismas.",
                    className="card-note",
                ),
                charts.graph("models-chart", "Error de cada versión; la que está en producción va destacada"),
                title="Error por versión",
            ),
            card(versions, title="Versiones"),
            card(html.Div(id="models-promotions"), title="Cambios de modelo en producción"),
        ],
        className="stack",
    )


def show_models(_refresh: int | None, _retry: int | None) -> tuple[Any, list[dict[str, Any]], Any, bool, str]:
    """Chart, table rows, list of promotions, and the notice."""
    try:
        models = context.api().models()
        promotions = context.api().promotions(PROMOTIONS)
    except ApiProblem as problem:
        return charts.empty(), [], [], *problem_shown(problem)
    zone = context.zone()
    rows = [table_row(model, zone) for model in models]
    return charts.errors(models), rows, _promotions(promotions, zone), *NO_PROBLEM


def table_row(model: dict[str, Any], zone: str) -> dict[str, Any]:
    """A model version as a table row: texts, and figures that the table sorts and formats."""
    metrics = model.get("metrics") or {}
    params = model.get("params") or {}
    return {
        "version": model["version"],
        "stage": "Espera aprobación"
        if model.get("awaits_approval")
        else words.stage(model.get("stage")).text,
        "aliases": ", ".join(model.get("aliases") or []) or formats.NOTHING,
        **{name: metrics.get(name) for name in ("test_rmse", "cv_rmse", "test_r2")},
        "params": ", ".join(f"{name} = {value}" for name, value in params.items()) or formats.NOTHING,
        "created": formats.clock(model.get("created_at"), zone),
    }


def _promotions(entries: list[dict[str, Any]], zone: str) -> Any:
    if not entries:
        return empty("Todavía no se promovió ningún modelo.", "models")
    return dmc.Timeline(
        [_promotion(entry, zone) for entry in entries],
        active=0,
        bulletSize=14,
        lineWidth=2,
        className="timeline",
    )


def _promotion(entry: dict[str, Any], zone: str) -> dmc.TimelineItem:
    actor = f" por {entry['actor']}" if entry.get("actor") else ""
    origin: Any = (
        f"Cambio hecho a mano{actor}"
        if words.by_hand(entry)
        else dcc.Link("Ver la ejecución", href=f"/ejecuciones/{entry['run_id']}")
    )
    return dmc.TimelineItem(
        dmc.Group(
            [
                dmc.Text(formats.clock(entry.get("created_at"), zone), size="sm", c="dimmed"),
                origin,
                dmc.Text(words.approver(entry), size="sm", c="dimmed", className="breakable"),
            ],
            gap="md",
        ),
        title=words.promotion(entry),
    )
