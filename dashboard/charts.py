"""The charts. Backgrounds are transparent and the style sheet colours text and grid, so both schemes work."""

from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from dashboard import formats
from dashboard.i18n import SPANISH, language
from dashboard.i18n import gettext as _

# After Okabe and Ito, told apart without red and green too; the blue is lighter, for the dark scheme.
PALETTE = ("#2b8fd6", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9")
_DAY_MILLISECONDS = 86_400_000
_TICKS = [
    {"dtickrange": [None, _DAY_MILLISECONDS - 1], "value": "%H:%M<br>%d/%m"},
    {"dtickrange": [_DAY_MILLISECONDS, None], "value": "%d/%m<br>%Y"},
]


def graph(graph_id: str, label: str, height: int = 300) -> html.Div:
    """The place of a chart; `label` says to screen readers what it shows."""
    return html.Div(
        dcc.Graph(
            id=graph_id,
            config={"displayModeBar": False, "locale": language(), "responsive": True},
            figure=empty(),
            style={"height": height},
        ),
        role="img",
        className="chart",
        **{"aria-label": label},
    )


def empty(sentence: str = "") -> go.Figure:
    """A chart without data, with a sentence saying why."""
    figure = _figure()
    figure.update_layout(xaxis_visible=False, yaxis_visible=False)
    if sentence:
        figure.add_annotation(text=sentence, showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5)
    return figure


def predictions(rows: list[dict[str, Any]], zone: str) -> go.Figure:
    """Forecasts over the moment they were asked for, one colour per model version; `rows` newest first."""
    if not rows:
        return empty(_("Todavía no hay pronósticos"))
    figure = _figure()
    for version in sorted({row["model_version"] for row in rows}):
        of_version = [row for row in reversed(rows) if row["model_version"] == version]
        figure.add_scatter(
            name=_("Versión {number}").format(number=version),
            mode="markers",
            x=[formats.local(row["timestamp"], zone).replace(tzinfo=None) for row in of_version],
            y=[row["prediction"] for row in of_version],
            text=[formats.number(row["prediction"]) for row in of_version],
            customdata=[formats.day(row.get("Fecha")) for row in of_version],
            hovertemplate="%{x|%d/%m/%Y %H:%M}<br>" + _("Pronóstico: %{text}<br>Para el %{customdata}"),
            marker={"size": 8, "opacity": 0.85, "color": PALETTE[(version - 1) % len(PALETTE)]},
        )
    figure.update_layout(
        showlegend=True, yaxis_title_text=_("Pronóstico de ventas"), xaxis_tickformatstops=_TICKS
    )
    return figure


def _figure() -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        template="none",
        separators=",." if language() == SPANISH else ".,",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 64, "r": 16, "t": 16, "b": 40},
        font={"family": "inherit", "size": 13},
        showlegend=False,
        legend={"orientation": "h", "y": 1.12, "x": 0},
        hoverlabel={"align": "left", "namelength": 0},
        xaxis={"showgrid": False, "zeroline": False},
        yaxis={
            "zeroline": False,
            "title": {"standoff": 8, "font": {"size": 13}},
            "tickformat": ",",
            "automargin": True,
        },
    )
    return figure
