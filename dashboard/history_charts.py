"""The charts of the history: what was forecast for each day beside what was sold, and the live error over time."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go

from dashboard import charts, formats
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_

Row = dict[str, Any]
ACTUAL = "#8a979b"
PERIODS = {"week": N_("Por semana"), "month": N_("Por mes")}
FEW_DAYS = 7
_DAY = 24 * 60 * 60 * 1000  # ms, as Plotly counts
_TICKS = "%-d %b<br>%Y"


def forecasts(rows: list[Row]) -> go.Figure:
    """Forecasts by the day that they are for, one colour for each version, and the actual sales as diamonds."""
    dated = sorted((row for row in rows if row.get("Fecha")), key=lambda row: row["Fecha"])
    if not dated:
        return charts.empty(_("Ningún pronóstico para mostrar"))
    figure = _drawn(_("Ventas"))
    _few_days(figure, *(date.fromisoformat(dated[at]["Fecha"]) for at in (0, -1)))
    for version in sorted({row["model_version"] for row in dated}):
        _add_version(figure, version, [row for row in dated if row["model_version"] == version])
    known = {(row["Fecha"], row.get("series")): row["actual"] for row in dated if row["actual"] is not None}
    if known:
        figure.add_scatter(
            name=_("Ventas reales"),
            mode="markers",
            x=[day for day, _series in known],
            y=list(known.values()),
            text=[formats.number(value) for value in known.values()],
            customdata=[formats.day(day) for day, _series in known],
            hovertemplate="%{customdata}<br>" + _("Ventas reales: %{text}"),
            marker={"size": 9, "symbol": "diamond-open", "color": ACTUAL, "line": {"width": 2}},
        )
    return figure


def live_errors(found: list[Row]) -> go.Figure:
    """RMSE of each served version over weeks or months; `found` as `GET /accuracy` gives it."""
    served: dict[int, list[Row]] = defaultdict(list)
    for one in found:
        if not one["shadow"]:
            served[one["model_version"]].append(one)
    if not served:
        return charts.empty(_("Todavía no hay ventas reales con que comparar"))
    figure = _drawn(_("Error (RMSE)"))
    for version, ones in sorted(served.items()):
        figure.add_scatter(
            name=_version(version),
            mode="lines+markers",
            x=[_start(one["segment"]) for one in ones],
            y=[one["rmse"] for one in ones],
            text=[formats.number(one["rmse"]) for one in ones],
            customdata=[
                [_span(one), formats.counted(one["rows"], "pronóstico", "pronósticos")] for one in ones
            ],
            hovertemplate="%{customdata[0]}<br>" + _("Error: %{text}") + "<br>%{customdata[1]}",
            line={"color": _colour(version), "width": 2},
            marker={"size": 8},
        )
    figure.update_layout(yaxis_rangemode="tozero")
    return figure


def _few_days(figure: go.Figure, first: date, last: date) -> None:
    """Name no day twice: by itself Plotly divides few days into hours."""
    if (last - first).days < FEW_DAYS:
        figure.update_xaxes(dtick=_DAY, range=[first - timedelta(days=1), last + timedelta(days=1)])


def _add_version(figure: go.Figure, version: int, rows: list[Row]) -> None:
    figure.add_scatter(
        name=_version(version),
        mode="markers",
        x=[row["Fecha"] for row in rows],
        y=[row["prediction"] for row in rows],
        text=[formats.number(row["prediction"]) for row in rows],
        customdata=[formats.day(row["Fecha"]) for row in rows],
        hovertemplate=_version(version) + "<br>" + _("Pronóstico: %{text}<br>Para el %{customdata}"),
        marker={"size": 8, "opacity": 0.8, "color": _colour(version)},
    )


def _version(number: int) -> str:
    return _("Versión {number}").format(number=number)


def _colour(version: int) -> str:
    return charts.PALETTE[(version - 1) % len(charts.PALETTE)]


def _start(segment: str) -> str:
    """The first day of a period: months come without one."""
    return segment if len(segment) > len("2026-11") else f"{segment}-01"


def _span(one: Row) -> str:
    first, last = (formats.day(one[name]) for name in ("first", "last"))
    return first if first == last else _("{first} a {last}").format(first=first, last=last)


def _drawn(unit: str) -> go.Figure:
    figure = charts.empty()
    figure.update_layout(
        showlegend=True,
        legend={"yanchor": "bottom", "y": 1.02},
        xaxis={"visible": True, "type": "date", "tickformat": _TICKS},
        yaxis={"visible": True, "title": {"text": unit}},
    )
    return figure
