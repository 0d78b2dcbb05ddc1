"""Versions of the model side by side: state and verdict, figures, parameters, and what they got wrong."""

from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import formats, model_change, model_charts, model_words, verdicts
from dashboard.charts import graph
from dashboard.i18n import gettext as _
from dashboard.parts import badge, card, empty, plain_table

LEADERS = 8
LONGEST_WORD = 18  # characters; longer values may be broken to fit a phone


@dataclass(frozen=True)
class Version:
    """All that the API knows of a version; None where a version has no card, or no predictions (any more)."""

    model: dict[str, Any]
    card: dict[str, Any] | None
    predictions: dict[str, Any] | None

    @property
    def number(self) -> int:
        """Its number."""
        return int(self.model["version"])


def body(versions: list[Version], champion: int | None, live: dict[int, float], zone: str) -> list[Any]:
    """The cards of one version, or of several beside each other."""
    heads = [_head(one, champion, live, zone, several=len(versions) > 1) for one in versions]
    parts = [
        html.Div(heads, className=f"beside beside-{len(versions)}"),
        _predictions(versions),
        *_errors(versions),
        _figures(versions),
        _params(versions),
        _leaderboard(versions[0]) if len(versions) == 1 else None,
    ]
    return [part for part in parts if part is not None]


def _head(one: Version, champion: int | None, live: dict[int, float], zone: str, *, several: bool) -> Any:
    model = one.model
    verdict = model.get("verdict")
    held = bool(model.get("awaits_approval"))
    facts = [
        (_("Creado el"), formats.clock(model.get("created_at"), zone)),
        (_("Familia"), model_words.family(model)),
        (_("Error en la prueba"), formats.number(model_words.metric(model, "test_rmse"))),
        *([(_("Error en vivo"), formats.number(live[one.number]))] if one.number in live else []),
        *([(_("En producción"), "; ".join(_periods(model, zone)))] if model.get("champion") else []),
        *([(_("Archivo"), model["upload"].get("key", ""))] if model.get("upload") else []),
    ]
    name = _("Versión {number}").format(number=one.number) if several else _("Resumen")
    gone = model_change.obstacle(model)
    ask = model_change.button(one.number, held=held, champion=champion, place="head", gone=gone)
    return card(
        dmc.Group(
            [
                dmc.Title(name, order=2, className="version-title"),
                badge(model_words.state(model, champion)),
            ],
            gap="sm",
        ),
        dmc.Text(verdicts.sentence(verdict), size="sm", className="version-verdict") if verdict else None,
        dmc.Text(verdicts.evidence(verdict), size="sm", c="dimmed") if verdict else None,
        html.Dl(
            [
                part
                for name, value in facts
                for part in (html.Dt(name), html.Dd(value, className="breakable"))
            ],
            className="facts",
        ),
        dmc.Group([ask, _run_link(model)], gap="md", className="version-actions"),
        className="version-card",
    )


def _periods(model: dict[str, Any], zone: str) -> list[str]:
    told = []
    for period in model.get("champion") or []:
        since, until = formats.clock(period.get("since"), zone), formats.clock(period.get("until"), zone)
        text = _("desde el {since}") if not period.get("until") else _("del {since} al {until}")
        told.append(text.format(since=since, until=until))
    return told


def _run_link(model: dict[str, Any]) -> Any:
    run_id = model.get("pipeline_run_id")
    return dcc.Link(_("Ver la ejecución"), href=f"/ejecuciones/{run_id}") if run_id else None


def _predictions(versions: list[Version]) -> Any:
    charts = [_prediction_chart(one, place, several=len(versions) > 1) for place, one in enumerate(versions)]
    return card(
        dmc.Text(
            _("Ventas reales y pronóstico en las fechas de prueba del archivo de cada versión, que no vio."),
            className="card-note",
        ),
        html.Div(charts, className="beside-charts"),
        title=_("Real y pronosticado"),
    )


def _prediction_chart(one: Version, place: int, *, several: bool) -> Any:
    name = _("Versión {number}").format(number=one.number)
    heading = [dmc.Title(name, order=3, className="section-title")] if several else []
    if one.predictions is None:
        if one.model.get("missing"):
            told = _("MLflow ya no tiene los pronósticos de prueba de esta versión.")
        elif one.model.get("files_deleted"):
            told = _("La retención borró los pronósticos de prueba de esta versión.")
        else:
            told = _("Esta versión se hizo antes de que se guardaran los pronósticos de prueba.")
        return html.Div([*heading, empty(told, "models")])
    label = _("Ventas reales y pronóstico de la versión {number}").format(number=one.number)
    chart = graph(f"model-predictions-{place}", label, 280)
    chart.children.figure = model_charts.predictions(one.predictions, place)
    return html.Div([*heading, chart, dmc.Text(_thinned(one.predictions), size="xs", c="dimmed")])


def _thinned(told: dict[str, Any]) -> str:
    """How many rows the points stand for, and how they were made of them."""
    rows = formats.counted(told.get("rows") or 0, "fila de prueba", "filas de prueba")
    parts = [rows]
    if told.get("summed"):
        series = formats.counted(told.get("series") or 0, "serie", "series")
        parts.append(_("sumas por fecha de {series}").format(series=series))
    if (told.get("step") or 1) > 1:
        parts.append(_("se muestra una de cada {step} fechas").format(step=told["step"]))
    return " · ".join(parts)


def _errors(versions: list[Version]) -> list[Any]:
    cards = {one.number: one.card for one in versions if one.card is not None}
    if not cards:
        if all(one.model.get("missing") for one in versions):
            said = _("MLflow ya no tiene la ficha de esta versión.")
        else:
            said = _("Esta versión se hizo antes de que hubiera fichas de modelo.")
        return [card(empty(said, "models"))]
    if len(cards) == 1:
        note = _("En las fechas de prueba de su archivo; cuanto más corta la barra, mejor.")
    else:
        note = _(
            "Cada versión en las fechas de prueba de su propio archivo; cuanto más corta la barra, mejor."
        )
    by_day = _chart("model-weekdays", _("Error por día de la semana"), model_charts.weekdays(cards), 280)
    by_flag = _chart(
        "model-flags", _("Error con y sin promoción, y en festivos"), model_charts.flags(cards), 280
    )
    columns = min(
        model_charts.MOST_COLUMNS, max(len(told.get("importance") or {}) for told in cards.values())
    )
    tall = 110 + columns * (16 + 14 * len(cards))
    matters = _chart(
        "model-importance", _("Importancia de las columnas"), model_charts.importance(cards), tall
    )
    return [
        card(
            dmc.Text(note, className="card-note"),
            html.Div([by_day, by_flag], className="beside-charts"),
            title=_("Dónde se equivoca"),
        ),
        card(
            dmc.Text(
                _(
                    "Cuánto crece el error si los valores de una columna se mezclan al azar; cerca de 0, no se usa."
                ),
                className="card-note",
            ),
            matters,
            title=_("Importancia de las columnas"),
        ),
    ]


def _chart(name: str, label: str, figure: Any, height: int) -> html.Div:
    chart = graph(name, label, height)
    chart.children.figure = figure
    return chart


def _figures(versions: list[Version]) -> Any:
    cards = [one.card or {} for one in versions]
    rows = model_words.figures(cards)
    return card(_table(versions, rows, _("Cifras de cada versión")), title=_("Cifras")) if rows else None


def _params(versions: list[Version]) -> Any:
    rows = model_words.params([one.model for one in versions])
    if not rows:
        return None
    note = (
        dmc.Text(_("Los que difieren van primero y marcados con ≠."), className="card-note")
        if len(versions) > 1
        else None
    )
    return card(
        note, _table(versions, rows, _("Parámetros de cada versión"), mark=True), title=_("Parámetros")
    )


def _table(
    versions: list[Version], rows: list[tuple[str, list[str]]], label: str, *, mark: bool = False
) -> html.Div:
    """Names on the left, a column for each version; rows that differ are marked where wished."""
    heads = ["", *(_("Versión {number}").format(number=one.number) for one in versions)]
    lines = []
    for name, values in rows:
        differs = mark and model_words.differs(values)
        first = [html.Span("≠ ", title=_("Difiere"), className="differs-mark"), name] if differs else name
        cells = [html.Th(first, scope="row"), *(_cell(value) for value in values)]
        lines.append(html.Tr(cells, className="differs" if differs else None))
    head = html.Thead(html.Tr([html.Th(text, scope="col") if text else html.Td() for text in heads]))
    return html.Div(
        html.Table([head, html.Tbody(lines)], className=f"figures-table figures-table-{len(versions)}"),
        className="scroll-x",
        role="region",
        tabIndex=0,
        **{"aria-label": label},
    )


def _cell(value: str) -> html.Td:
    return html.Td(value, className="breakable" if len(value) > LONGEST_WORD else None)


def _leaderboard(one: Version) -> Any:
    board = ((one.card or {}).get("search") or {}).get("leaderboard") or []
    if not board:
        return None
    rows = [
        [
            str(entry.get("name", "")),
            _(model_words.FAMILIES.get(entry.get("family", ""), "")) or str(entry.get("family", "")),
            formats.number(entry.get("cv_rmse")),
            formats.NOTHING if entry.get("seconds") is None else formats.duration(entry["seconds"]),
        ]
        for entry in board[:LEADERS]
    ]
    head = [_("Candidato"), _("Familia"), _("Error (CV)"), _("Tiempo")]
    note = _("Los mejores de {count} que se probaron; el error es el de la validación cruzada.")
    return card(
        dmc.Text(note.format(count=formats.count(len(board))), className="card-note"),
        plain_table(head, rows, _("Candidatos de la búsqueda")),
        title=_("Búsqueda"),
    )
