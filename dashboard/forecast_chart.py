"""The chart of a forecast: what was sold, what is expected and how surely, promotions and holidays marked."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard import charts, formats
from dashboard.forecast_days import Row, odds
from dashboard.i18n import gettext as _

SOLD, EXPECTED, BAND = "#7488a2", "#2b8fd6", "rgba(43, 143, 214, 0.22)"
# Told apart by shape as well as by colour.
_MARKS = {"promotion": ("triangle-up", "#e69f00"), "holiday": ("diamond", "#cc79a7")}
FEW_DAYS = 7
_TICKS = "%-d %b<br>%Y"


def forecast(days: Sequence[Row], sold: Sequence[Row]) -> go.Figure:
    """`days` as `scenario_days` gives them; `sold` as the API tells actuals, newest first."""
    past = [_of_sales(row) for row in reversed(sold)]
    figure = charts.empty()
    if past:
        _line(figure, past, _("Ventas reales"), SOLD)
    _interval(figure, days)
    _line(figure, days, _("Pronóstico"), EXPECTED)
    names = {"promotion": _("Promoción"), "holiday": _("Festivo")}
    for flag, name in names.items():
        _marks(figure, [*past, *days], flag, name)
    figure.update_layout(
        xaxis_visible=True,
        yaxis_visible=True,
        showlegend=True,
        hovermode="closest",
        yaxis_title_text=_("Ventas"),
        yaxis_rangemode="tozero",
        xaxis_tickformat=_TICKS,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        margin={"l": 64, "r": 16, "t": 8, "b": 40},
    )
    shown = sorted({row["date"] for row in (*past, *days)})
    if len(shown) <= FEW_DAYS:  # the axis would tell hours
        figure.update_xaxes(tickvals=shown)
    return figure


def _of_sales(row: Row) -> Row:
    """A day's sales in the shape of a forecast's day; what most of its series had counts."""
    flags = {name: row[name] >= 0.5 for name in ("promotion", "holiday")}
    return {"date": row["date"], "prediction": row["sales"], "name": "", **flags}


def _line(figure: go.Figure, rows: Sequence[Row], name: str, color: str) -> None:
    figure.add_scatter(
        name=name,
        mode="lines+markers" if len(rows) < 2 or color == EXPECTED else "lines",
        x=[row["date"] for row in rows],
        y=[row["prediction"] for row in rows],
        text=[formats.number(row["prediction"]) for row in rows],
        customdata=[_about(row) for row in rows],
        hovertemplate="%{customdata}<br>" + name + ": %{text}<extra></extra>",
        line={"color": color, "width": 2.5 if color == EXPECTED else 1.8},
        marker={"size": 5, "color": color},
    )


def _interval(figure: go.Figure, days: Sequence[Row]) -> None:
    bounded = [row for row in days if row["low"] is not None]
    if not bounded:
        return
    parts, whole = odds(bounded[0]["coverage"])
    name = _("Entre qué valores, {parts} de cada {whole} veces").format(parts=parts, whole=whole)
    if len(bounded) == 1:
        _whisker(figure, bounded[0], name)
        return
    x = [row["date"] for row in bounded]
    plain: dict[str, Any] = {"x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(y=[row["low"] for row in bounded], showlegend=False, **plain)
    figure.add_scatter(y=[row["high"] for row in bounded], name=name, fill="tonexty", fillcolor=BAND, **plain)


def _whisker(figure: go.Figure, day: Row, name: str) -> None:
    """The interval of a day that stands alone: a band of one point could not be seen."""
    figure.add_scatter(
        name=name,
        mode="lines",
        x=[day["date"], day["date"]],
        y=[day["low"], day["high"]],
        line={"width": 10, "color": BAND},
        hoverinfo="skip",
    )


def _marks(figure: go.Figure, rows: Sequence[Row], flag: str, name: str) -> None:
    marked = [row for row in rows if row[flag]]
    symbol, color = _MARKS[flag]
    figure.add_scatter(
        name=name,
        mode="markers",
        x=[row["date"] for row in marked],
        y=[row["prediction"] for row in marked],
        customdata=[_about(row) for row in marked],
        text=[formats.number(row["prediction"]) for row in marked],
        hovertemplate="%{customdata}<br>" + name + "<br>%{text}<extra></extra>",
        marker={"symbol": symbol, "size": 11, "color": color, "line": {"width": 1, "color": "#ffffff"}},
        visible=True if marked else "legendonly",
        showlegend=bool(marked),
    )


def _about(row: Row) -> str:
    """The day in words, with the name of its holiday."""
    return formats.long_day(row["date"]) + (f" · {row['name']}" if row["name"] else "")
