"""The sales of a file over time, with its gaps and outliers, as the quality report knows them."""

from datetime import date, timedelta
from typing import Any

import dash_mantine_components as dmc
import plotly.graph_objects as go
from dash import dcc, html

from dashboard import charts, formats
from dashboard.i18n import gettext as _
from dashboard.i18n import language

Report = dict[str, Any]
LINE, OUTLIER, TEST, GAP = (
    charts.PALETTE[0],
    charts.PALETTE[4],
    "rgba(145, 167, 196, 0.16)",
    "rgba(230, 159, 0, 0.22)",
)
HEIGHT = 260


def sales_chart(report: Report) -> list[Any]:
    """The chart with a sentence about it, or nothing where the report has no curve."""
    curve = report.get("sales_curve") or {}
    points = curve.get("points") or []
    if len(points) < 2:
        return []
    days = curve.get("days") or 1
    said = (
        _("Ventas de cada día.")
        if days == 1
        else _("Ventas por día, en promedio de cada {days} días.").format(days=formats.count(days))
    )
    config = {"displayModeBar": False, "locale": language(), "responsive": True}
    drawn = dcc.Graph(figure=_figure(report, points, days), config=config, style={"height": HEIGHT})
    box = html.Div(
        drawn, role="img", className="chart", **{"aria-label": _("Ventas del archivo en el tiempo")}
    )
    return [dmc.Text(" ".join([said, *_legend(report)]), size="sm", c="dimmed"), box]


def _legend(report: Report) -> list[str]:
    """What the marks of the chart mean; only of those that are there."""
    marks = {
        _("Fondo gris: fechas para probar el modelo."): (report.get("split") or {}).get("test"),
        _("Fondo naranja: días que faltan."): _gaps(report),
        _("Puntos rojos: ventas atípicas, apartadas del modelo que se pone a prueba."): _outliers(report),
    }
    return [text for text, there in marks.items() if there]


def _figure(report: Report, points: list[list[Any]], days: int) -> go.Figure:
    figure = charts.empty()
    figure.add_scatter(
        x=[day for day, _value in points],
        y=[value for _day, value in points],
        text=[formats.number(value) for _day, value in points],
        customdata=[formats.day(day) for day, _value in points],
        hovertemplate="%{customdata}<br>%{text}",
        mode="lines",
        connectgaps=False,
        line={"color": LINE, "width": 1.6},
    )
    outliers = _outliers(report)
    figure.add_scatter(
        x=[one["date"] for one in outliers],
        y=[one["value"] for one in outliers],
        text=[formats.number(one["value"]) for one in outliers],
        customdata=[formats.day(one["date"]) for one in outliers],
        hovertemplate=_("Venta atípica") + "<br>%{customdata}<br>%{text}",
        mode="markers",
        marker={"color": OUTLIER, "size": 8, "symbol": "circle-open", "line": {"width": 2}},
    )
    _shade(figure, report, days)
    figure.update_layout(
        xaxis={
            "visible": True,
            "type": "date",
            "tickformat": "%m/%Y",
            "ticks": "outside",
            "ticklen": 8,
            "tickcolor": "rgba(0,0,0,0)",
        },
        yaxis_visible=True,
        yaxis_rangemode="tozero",
    )
    return figure


def _shade(figure: go.Figure, report: Report, days: int) -> None:
    test = (report.get("split") or {}).get("test") or {}
    if test.get("first") and test.get("last"):
        figure.add_vrect(x0=test["first"], x1=test["last"], fillcolor=TEST, line_width=0, layer="below")
    for gap in _gaps(report):
        # A gap that is shorter than the step of the curve could not be seen.
        end = date.fromisoformat(gap["to"]) + timedelta(days=max(1, days // 3))
        figure.add_vrect(x0=gap["from"], x1=end.isoformat(), fillcolor=GAP, line_width=0, layer="below")


def _gaps(report: Report) -> list[Report]:
    """The gaps of a file of one series; those of many stores are no gaps of their sum."""
    return [] if report.get("series") else (report.get("dates") or {}).get("gaps") or []


def _outliers(report: Report) -> list[Report]:
    return [] if report.get("series") else (report.get("outliers") or {}).get("examples") or []
