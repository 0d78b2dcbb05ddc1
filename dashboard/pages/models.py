"""Modelos: is the newer model better, who decided, and how versions differ.

`/modelos` lists all versions; `/modelos?version=7` shows one, `/modelos?comparar=3,4` two to four beside each other.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update

from dashboard import charts, context, formats, links, model_change, model_charts, model_words, words
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.i18n import title
from dashboard.model_parts import Version, body
from dashboard.parts import (
    NO_PROBLEM,
    card,
    empty,
    page_header,
    problem_notice,
    problem_outputs,
    problem_shown,
    refresh_button,
    skeleton,
)
from dashboard.problems import ApiProblem
from dashboard.tables import column, decimals, grid

Answer = TypeVar("Answer")

PATH = "/modelos"
PROMOTIONS = 1000  # all of them in practice: the bands need each
PROMOTIONS_LISTED = 10
MOST_COMPARED = 4
LARGEST_VERSION = 2**31 - 1
ROWS_PER_PAGE = 12

_SORTED = {"sortable": True}


def register(app: Dash) -> None:
    """Add the page and its callbacks."""
    dash.register_page(
        __name__, path=PATH, name=N_("Modelos"), title=title("Modelos"), layout=layout, icon="models"
    )
    looks = (
        Input("models-refresh", "n_clicks"),
        Input("models-retry", "n_clicks"),
        Input("models-changed", "data"),
    )
    app.callback(
        Output("models-chart", "figure"),
        Output("models-grid", "rowData"),
        Output("models-promotions", "children"),
        *problem_outputs("models"),
        *looks,
    )(show_models)
    app.callback(Output("models-toolbar", "children"), Input("models-grid", "selectedRows"))(toolbar)
    app.callback(
        Output("_pages_location", "search", allow_duplicate=True),
        Input("models-grid", "cellClicked"),
        prevent_initial_call=True,
    )(open_version)
    app.callback(
        Output("models-body", "children"),
        *problem_outputs("models-chosen"),
        Input("models-chosen-retry", "n_clicks"),
        Input("models-changed", "data"),
        State("models-chosen", "data"),
    )(show_chosen)
    model_change.register(app)


def layout(version: str | list[str] = "", comparar: str | list[str] = "", **_query: str) -> html.Div:
    """The page; the query says which versions, if any."""
    chosen = versions_of(links.last(comparar or version))
    return _chosen_layout(chosen) if chosen else _overview()


def versions_of(text: str) -> list[int]:
    """The versions that a query names, each once and at most MOST_COMPARED; what is no version is left out."""
    numbers = [
        int(part) for part in text.split(",") if part.isascii() and part.isdecimal() and len(part) < 11
    ]
    return list(dict.fromkeys(one for one in numbers if 0 < one <= LARGEST_VERSION))[:MOST_COMPARED]


def _overview() -> html.Div:
    chart = charts.graph(
        "models-chart", _("Error de cada versión y qué versión estaba en producción cuándo"), 340
    )
    return html.Div(
        [
            page_header(
                _("Modelos"),
                _(
                    "Cada archivo de ventas entrena una versión; queda en producción la que gana la comparación."
                ),
                refresh_button("models"),
            ),
            *model_change.stores(),
            problem_notice("models"),
            card(
                dmc.Text(
                    _(
                        "Las franjas dicen qué versión estaba en producción. Cada archivo se prueba en otras fechas: "
                        "cuál es mejor lo dice el veredicto, que compara en las mismas; señale un punto para leerlo."
                    ),
                    className="card-note",
                ),
                chart,
                title=_("Error por versión"),
            ),
            card(html.Div(id="models-toolbar", className="models-toolbar"), _grid(), title=_("Versiones")),
            card(html.Div(skeleton(120), id="models-promotions"), title=_("Cambios de modelo en producción")),
            model_change.dialog(),
        ],
        className="stack",
    )


def _column(field: str, name: str, width: int, **more: Any) -> dict[str, Any]:
    """A column that grows in proportion to what it needs; all of them fit a screen of 1,280 pixels."""
    return column(field, name, width, flex=width, **more)


def _grid() -> html.Div:
    figure = {"numeric": True, "wrapHeaderText": True, "autoHeaderHeight": True, **_SORTED}
    columns = [
        _column("version", _("Versión"), 78, cellClass="grid-link", **_SORTED),
        _column("stage", _("Estado"), 126, **_SORTED),
        _column("test_rmse", _("Error (RMSE)"), 86, valueFormatter=decimals(2), **figure),
        _column("live", _("Error en vivo"), 86, valueFormatter=decimals(2), **figure),
        _column("cv_rmse", _("Error (CV)"), 86, valueFormatter=decimals(2), **figure),
        _column("test_r2", "R²", 66, valueFormatter=decimals(3), **figure),
        _column("coverage", _("Cobertura (%)"), 100, valueFormatter=decimals(1), **figure),
        _column("family", _("Familia"), 100, **_SORTED),
        _column("created", _("Creado el"), 150),
    ]
    return grid(
        "models-grid",
        columns,
        _("Versiones del modelo"),
        columnSize="responsiveSizeToFit",
        getRowId="params.data.key",
        options={
            "domLayout": "autoHeight",
            "pagination": True,
            "paginationPageSize": ROWS_PER_PAGE,
            "paginationPageSizeSelector": False,
            "rowSelection": {"mode": "multiRow", "headerCheckbox": False, "enableClickSelection": False},
        },
        style={"height": None},
    )


def _chosen_layout(chosen: list[int]) -> html.Div:
    if len(chosen) == 1:
        heading = _("Versión {number}").format(number=chosen[0])
    else:
        heading = _("Versiones {numbers}").format(numbers=", ".join(map(str, chosen)))
    return html.Div(
        [
            dcc.Store(id="models-chosen", data=chosen),
            dcc.Link(_("← Todas las versiones"), href=PATH, className="back"),
            dmc.Title(heading, order=1, className="page-title"),
            *model_change.stores(),
            problem_notice("models-chosen"),
            html.Div([skeleton(180), skeleton(320), skeleton(320)], id="models-body", className="stack"),
            model_change.dialog(),
        ],
        className="stack tight",
    )


def show_models(_refresh: int | None, _retry: int | None, _changed: Any) -> tuple[Any, Any, Any, bool, str]:
    """Chart, table rows, list of promotions, and the notice."""
    try:
        models = context.api().models()
        promotions = context.api().promotions(PROMOTIONS)
        live = model_words.live_errors(context.api().accuracy())
    except ApiProblem as problem:
        return charts.empty(), [], [], *problem_shown(problem)
    zone = context.zone()
    champion = _champion(promotions)
    rows = [table_row(model, champion, live, zone) for model in models]
    chart = model_charts.errors(models, promotions, live, zone)
    return chart, rows, _promotions(promotions[:PROMOTIONS_LISTED], zone), *NO_PROBLEM


def table_row(
    model: dict[str, Any], champion: int | None, live: dict[int, float], zone: str
) -> dict[str, Any]:
    """A model version as a table row: texts, and figures that the table sorts and formats."""
    coverage = model_words.metric(model, "test_coverage")
    return {
        "key": str(model["version"]),  # the grid wants text
        "version": model["version"],
        "stage": _(model_words.state(model, champion).text),
        **{name: model_words.metric(model, name) for name in ("test_rmse", "cv_rmse", "test_r2")},
        "live": live.get(model["version"]),
        "coverage": None if coverage is None else 100 * coverage,
        "family": model_words.family(model),
        "created": formats.clock(model.get("created_at"), zone),
        "held": bool(model.get("awaits_approval")),
        "gone": model_change.obstacle(model),
        "champion": champion,
    }


def toolbar(selected: list[dict[str, Any]] | None) -> list[Any]:
    """What can be done with the rows that are checked."""
    rows = sorted(selected or [], key=lambda row: row["version"])
    numbers = [str(row["version"]) for row in rows]
    if not rows or len(rows) > MOST_COMPARED:
        hint = _("Marque hasta {most} versiones para verlas en detalle o compararlas.").format(
            most=MOST_COMPARED
        )
        return [dmc.Text(hint, size="sm", c="orange" if rows else "dimmed")]
    if len(rows) > 1:
        said = _("Comparar {numbers}").format(numbers=", ".join(numbers))
        return [dcc.Link(said, href=f"{PATH}?comparar={','.join(numbers)}", className="link-button")]
    (row,) = rows
    ask = model_change.button(
        row["version"], held=row["held"], champion=row["champion"], place="table", gone=row["gone"]
    )
    said = _("Ver la versión {number}").format(number=numbers[0])
    link = dcc.Link(said, href=f"{PATH}?version={numbers[0]}", className="link-button")
    return [link, *([ask] if ask else [])]


def open_version(clicked: dict[str, Any] | None) -> Any:
    """Lead to the version whose number was clicked."""
    if not clicked or clicked.get("colId") != "version":
        return no_update
    return f"?version={clicked['value']}"


def show_chosen(_retry: int | None, _changed: Any, chosen: list[int]) -> tuple[Any, bool, str]:
    """The cards of the chosen versions, and the notice."""
    try:
        versions = {number: _if_kept(_version, number) for number in chosen[:MOST_COMPARED]}
        champion = _champion(context.api().promotions(1))
        live = model_words.live_errors(context.api().accuracy())
    except ApiProblem as problem:
        return [], *problem_shown(problem)
    shown = [version for version in versions.values() if version is not None]
    if not shown:
        return card(empty(_("No existe esa versión del modelo."), "models")), *NO_PROBLEM
    absent = [number for number, version in versions.items() if version is None]
    return [*map(_absent, absent), *body(shown, champion, live, context.zone())], *NO_PROBLEM


def _absent(number: int) -> Any:
    """The place of a version that MLflow has no more, beside others that it has."""
    return card(empty(_("MLflow no tiene la versión {number} del modelo.").format(number=number), "models"))


def _version(number: int) -> Version:
    api = context.api()
    return Version(
        api.model(number), _if_kept(api.model_card, number), _if_kept(api.model_predictions, number)
    )


def _if_kept(ask: Callable[[int], Answer], number: int) -> Answer | None:
    """What `ask` answers; None where the version was made before such files were kept, or they or itself are gone."""
    try:
        return ask(number)
    except ApiProblem as problem:
        if problem.missing:
            return None
        raise


def _champion(promotions: list[dict[str, Any]]) -> int | None:
    return promotions[0].get("model_version") if promotions else None


def _promotions(entries: list[dict[str, Any]], zone: str) -> Any:
    if not entries:
        return empty(_("Todavía no se promovió ningún modelo."), "models")
    return dmc.Timeline(
        [_promotion(entry, zone) for entry in entries],
        active=0,
        bulletSize=14,
        lineWidth=2,
        className="timeline",
    )


def _promotion(entry: dict[str, Any], zone: str) -> dmc.TimelineItem:
    return dmc.TimelineItem(
        [
            dmc.Group(
                [
                    dmc.Text(formats.clock(entry.get("created_at"), zone), size="sm", c="dimmed"),
                    _origin(entry),
                ],
                gap="md",
            ),
            dmc.Text(_why(entry), size="sm", c="dimmed", className="breakable"),
        ],
        title=words.promotion(entry),
    )


def _origin(entry: dict[str, Any]) -> Any:
    if not words.by_hand(entry):
        return dcc.Link(_("Ver la ejecución"), href=f"/ejecuciones/{entry['run_id']}")
    if not entry.get("actor"):
        return _("Cambio hecho a mano")
    return _("Cambio hecho a mano por {actor}").format(actor=entry["actor"])


def _why(entry: dict[str, Any]) -> str:
    """The words of whoever decided; those of the pipeline are the verdict, told elsewhere."""
    if words.by_hand(entry) and entry.get("reason"):
        return _("Motivo: {reason}").format(reason=entry["reason"])
    return words.approver(entry)
