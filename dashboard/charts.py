"""The charts. Backgrounds are transparent and the style sheet colours text and grid, so both schemes work."""

import plotly.graph_objects as go
from dash import dcc, html

from dashboard.i18n import SPANISH, language

# After Okabe and Ito, told apart without red and green too; the blue is lighter, for the dark scheme.
PALETTE = ("#2b8fd6", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9")


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
