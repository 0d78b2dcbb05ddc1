"""The charts of model versions: errors over time, and versions side by side. All text of a file is escaped.

Plotly renders a subset of HTML in labels and hovers, so a column called `<b>` must not become bold.
"""

import textwrap
from datetime import datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from dashboard import charts, formats, verdicts
from dashboard.i18n import SPANISH, language
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_

Model = dict[str, Any]
Card = dict[str, Any]

CHAMPION, OTHER, LIVE = "#0ca678", "#91a7c4", "#e69f00"
ACTUAL = "#8a979b"
BANDS = ("rgba(12,166,120,0.16)", "rgba(43,143,214,0.13)")
DAY_MILLISECONDS = 86_400_000
HOVER_WIDTH = 58  # characters
MOST_COLUMNS = 10
LONGEST_LABEL = 28
MOST_NAMED = 12
NAMED_BAND = 0.05  # of the width: a shorter time as champion gets no label
FLAGS = (
    ("promotion", "0", N_("Sin promoción")),
    ("promotion", "1", N_("Con promoción")),
    ("holiday", "0", N_("No festivo")),
    ("holiday", "1", N_("Festivo")),
)


def safe(text: object) -> str:
    """`text` as plotly shows it letter by letter."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def colour(place: int) -> str:
    """The colour of the version that stands in this place of a comparison."""
    return charts.PALETTE[place % len(charts.PALETTE)]


def errors(
    models: list[Model], promotions: list[dict[str, Any]], live: dict[int, float], zone: str
) -> go.Figure:
    """Test error (and live error, by version) over the time of creation; bands tell who was champion when.

    `models` and `promotions` stand newest first.
    """
    known = [model for model in reversed(models) if _test_rmse(model) is not None]
    if not known:
        return charts.empty(_("Todavía no hay modelos"))
    figure = _drawn()
    champion = promotions[0]["model_version"] if promotions else None
    _add_errors(figure, known, champion, zone)
    _add_live(figure, [model for model in known if model["version"] in live], live, zone)
    moments = [_moment(one, zone) for one in (*known, *promotions)]
    pad = max((max(moments) - min(moments)) * 0.06, timedelta(minutes=10))
    first, last = min(moments) - pad, max(moments) + pad
    _add_bands(figure, promotions, (first, last), zone)
    highest = max(*(_test_rmse(model) or 0.0 for model in known), *live.values(), 0.0)
    figure.update_layout(
        showlegend=True,
        yaxis_title_text=_("Error (RMSE)"),
        yaxis_range=[0, highest * 1.2 or 1],
        xaxis_range=[first, last],
        xaxis={"tickformatstops": _moment_ticks(), "nticks": 5, "tickangle": 0},
    )
    return figure


def predictions(told: dict[str, Any], place: int) -> go.Figure:
    """Actual against predicted sales of one version's test rows, with the interval where there is one."""
    points = told.get("points") or []
    if not points:
        return charts.empty(_("No hay filas de prueba"))
    figure = _drawn()
    days = [point["date"] for point in points]
    shade = colour(place)
    if all(point.get("low") is not None and point.get("high") is not None for point in points):
        figure.add_scatter(
            x=[*days, *reversed(days)],
            y=[*(point["high"] for point in points), *(point["low"] for point in reversed(points))],
            fill="toself",
            fillcolor=_tint(shade),
            line_width=0,
            name=_("Intervalo"),
            hoverinfo="skip",
        )
    figure.add_scatter(**_curve(points, "actual", _("Ventas reales"), ACTUAL))
    figure.add_scatter(**_curve(points, "prediction", _("Pronóstico"), shade))
    figure.update_layout(
        showlegend=True,
        hovermode="x unified",
        xaxis={"tickformat": f"{_day()}<br>%Y", "nticks": 6, "tickangle": 0},
    )
    figure.update_yaxes(title_text=_("Ventas del día"))
    return figure


def weekdays(cards: dict[int, Card]) -> go.Figure:
    """Error by weekday, a bar for each version."""
    groups = [("weekday", str(day), formats.weekday(day)) for day in range(1, 8)]
    return _segments(cards, groups)


def flags(cards: dict[int, Card]) -> go.Figure:
    """Error with and without promotion, and on holidays and other days, a bar for each version."""
    return _segments(cards, [(segment, value, _(name)) for segment, value, name in FLAGS])


def importance(cards: dict[int, Card]) -> go.Figure:
    """By how much the error grows without each column, a bar for each version; the columns that matter most."""
    greatest: dict[str, float] = {}
    for card in cards.values():
        for name, value in (card.get("importance") or {}).items():
            greatest[name] = max(greatest.get(name, 0.0), value or 0.0)
    names = sorted(greatest, key=lambda name: -greatest[name])[:MOST_COLUMNS]
    if not names:
        return charts.empty(_("Sin datos"))
    figure = _drawn()
    for place, (version, card) in enumerate(cards.items()):
        values = [(card.get("importance") or {}).get(name) for name in names]
        figure.add_bar(
            orientation="h",
            y=list(range(len(names))),
            x=values,
            customdata=[
                [safe(name), formats.number(value)] for name, value in zip(names, values, strict=True)
            ],
            hovertemplate="%{customdata[0]}: %{customdata[1]}",
            **_bar_of(version, place),
        )
    labels = [
        safe(textwrap.shorten(name, LONGEST_LABEL, placeholder="…") or name[:LONGEST_LABEL]) for name in names
    ]
    figure.update_layout(
        barmode="group",
        showlegend=len(cards) > 1,
        xaxis_title={"text": _("Aumento del error"), "font": {"size": 13}},
    )
    figure.update_yaxes(
        autorange="reversed", tickvals=list(range(len(names))), ticktext=labels, tickformat=None
    )
    figure.update_xaxes(tickformat=",", nticks=6, tickangle=0)
    return figure


def _test_rmse(model: Model) -> float | None:
    value = (model.get("metrics") or {}).get("test_rmse")
    return None if value is None else float(value)


def _moment(entry: dict[str, Any], zone: str) -> datetime:
    return formats.local(entry["created_at"], zone).replace(tzinfo=None)


def _day() -> str:
    """How an axis writes a day: in English the month is a word, as everywhere on the pages."""
    return "%d/%m" if language() == SPANISH else "%-d %b"


def _moment_ticks() -> list[dict[str, Any]]:
    return [
        {"dtickrange": [None, DAY_MILLISECONDS - 1], "value": f"%H:%M<br>{_day()}"},
        {"dtickrange": [DAY_MILLISECONDS, None], "value": f"{_day()}<br>%Y"},
    ]


def _drawn() -> go.Figure:
    figure = charts.empty()
    figure.update_layout(
        xaxis={"visible": True, "automargin": True},
        yaxis_visible=True,
        legend={
            "y": 1.03,
            "yanchor": "bottom",
        },  # what has no room beside the others goes up, not over the bars
    )
    return figure


def _add_errors(figure: go.Figure, known: list[Model], champion: int | None, zone: str) -> None:
    few = len(known) <= MOST_NAMED
    served = [model for model in known if model["version"] == champion]
    others = [model for model in known if model["version"] != champion]
    for name, models, shade in (
        (_("Error en la prueba"), others, OTHER),
        (_("El de la versión en producción"), served, CHAMPION),
    ):
        figure.add_scatter(
            name=name,
            mode="markers+text" if few else "markers",
            x=[_moment(model, zone) for model in models],
            y=[_test_rmse(model) for model in models],
            text=[f"v{model['version']}" for model in models],
            textposition="top center",
            customdata=[_hover(model, zone) for model in models],
            hovertemplate="%{customdata}",
            cliponaxis=False,
            marker={"size": 11 if few or models is served else 8, "color": shade},
        )


def _hover(model: Model, zone: str) -> str:
    head = _("Versión {number}").format(number=model["version"])
    error = _("Error: {value}").format(value=formats.number(_test_rmse(model)))
    lines = [f"<b>{head}</b> · {formats.clock(model.get('created_at'), zone)}", error]
    verdict = model.get("verdict")
    told = textwrap.wrap(verdicts.sentence(verdict), HOVER_WIDTH) if verdict else []
    return "<br>".join([*lines, *map(safe, told)])


def _add_live(figure: go.Figure, known: list[Model], live: dict[int, float], zone: str) -> None:
    if not known:
        return
    figure.add_scatter(
        name=_("Error en vivo"),
        mode="markers",
        x=[_moment(model, zone) for model in known],
        y=[live[model["version"]] for model in known],
        customdata=[[model["version"], formats.number(live[model["version"]])] for model in known],
        hovertemplate=_("Versión %{customdata[0]}<br>Error en vivo: %{customdata[1]}"),
        marker={"size": 10, "symbol": "diamond", "color": LIVE},
    )


def _add_bands(
    figure: go.Figure, promotions: list[dict[str, Any]], span: tuple[datetime, datetime], zone: str
) -> None:
    first, last = span
    until = last
    for place, promotion in enumerate(promotions):
        since = max(_moment(promotion, zone), first)
        # The parity of its number, so that a version keeps its colour when another follows.
        shade = BANDS[(len(promotions) - place) % 2]
        figure.add_vrect(x0=since, x1=until, fillcolor=shade, line_width=0, layer="below")
        wide = (until - since) / (last - first) >= NAMED_BAND
        if wide or until == last:  # that of today has a name in any case
            figure.add_annotation(
                x=since + (until - since) / 2 if wide else last,
                xanchor="center" if wide else "right",
                y=1,
                yref="paper",
                yanchor="top",
                showarrow=False,
                text=f"v{promotion['model_version']}",
            )
        until = since


def _curve(points: list[dict[str, Any]], name: str, label: str, shade: str) -> dict[str, Any]:
    return {
        "x": [point["date"] for point in points],
        "y": [point[name] for point in points],
        "customdata": [formats.number(point[name]) for point in points],
        "name": label,
        "mode": "lines",
        "line": {"color": shade, "width": 1.8},
        "hovertemplate": label + ": %{customdata}",
    }


def _tint(shade: str) -> str:
    red, green, blue = (int(shade[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def _segments(cards: dict[int, Card], groups: list[tuple[str, str, str]]) -> go.Figure:
    figure = _drawn()
    found = [_errors_by_segment(card) for card in cards.values()]
    shown = [group for group in groups if any(group[:2] in errors for errors in found)]
    if not shown:
        return charts.empty(_("Sin datos"))
    for place, (version, errors) in enumerate(zip(cards, found, strict=True)):
        entries = [errors.get((segment, value), {}) for segment, value, _name in shown]
        figure.add_bar(
            x=[_short(segment, name) for segment, _value, name in shown],
            y=[entry.get("challenger_rmse") for entry in entries],
            customdata=[
                [
                    formats.number(entry.get("challenger_rmse")),
                    formats.counted(entry.get("rows") or 0, "fila", "filas"),
                    name,
                ]
                for entry, (_segment, _value, name) in zip(entries, shown, strict=True)
            ],
            hovertemplate="%{customdata[2]}<br>%{customdata[0]} (%{customdata[1]})",
            **_bar_of(version, place),
        )
    figure.update_layout(
        barmode="group", showlegend=len(cards) > 1, xaxis_tickangle=0, yaxis_title_text=_("Error (RMSE)")
    )
    return figure


def _short(segment: str, name: str) -> str:
    """A name as it fits below a bar: three letters of a weekday, the words of others below each other."""
    return name[:3] if segment == "weekday" else name.replace(" ", "<br>")


def _errors_by_segment(card: Card) -> dict[tuple[str, str], dict[str, Any]]:
    """By name and value of a segment; values of flags may be written 1 or 1.0."""
    return {
        (str(entry.get("segment")), str(entry.get("value")).removesuffix(".0")): entry
        for entry in card.get("segments") or []
    }


def _bar_of(version: int, place: int) -> dict[str, Any]:
    return {
        "name": _("Versión {number}").format(number=version),
        "marker": {"color": colour(place), "cornerradius": 3},
    }
