"""The verdict of a run: its sentence, both errors, how sure the difference is, and where the models differ."""

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import formats, verdicts
from dashboard.i18n import gettext as _
from dashboard.parts import card, figure_of, figures, plain_table

Verdict = dict[str, Any]
MARGIN = 0.12  # share of the width left free beside the interval


def verdict_card(run: dict[str, Any]) -> Any:
    """The decision with all that speaks for and against it, or nothing while there is none."""
    verdict = run.get("verdict")
    if not verdict:
        return None
    again = run.get("same_as_run")
    told = (
        verdicts.approval(verdict),
        verdicts.basis(verdict),
        verdicts.replaced(verdict),
        verdicts.baselines(verdict),
        verdicts.worst_segment(verdict),
    )
    whole = [
        _errors(verdict),
        _interval(verdict),
        *[dmc.Text(text, size="sm", c="dimmed", className="breakable") for text in told if text],
        dcc.Link(_("Ver la primera ejecución de este archivo"), href=f"/ejecuciones/{again}")
        if again
        else None,
    ]
    segments = _segments(verdict.get("segments") or [])
    columns = [html.Div([part for part in whole if part is not None], className="stack tight"), segments]
    return card(
        dmc.Text(verdicts.sentence(verdict), className="verdict-sentence"),
        html.Div([one for one in columns if one], className="two-columns even" if segments else "stack"),
        title=_("Veredicto"),
    )


def _errors(verdict: Verdict) -> Any:
    ours, theirs = verdict.get("challenger_rmse"), verdict.get("champion_rmse")
    if ours is None and theirs is None:
        return None
    items = [
        figure_of(
            _("Error del modelo nuevo"), formats.number(ours), _version(verdict.get("challenger_version"))
        )
    ]
    if theirs is not None:
        rival = _version(verdict.get("champion_version"))
        items.append(figure_of(_("Error del modelo en producción"), formats.number(theirs), rival))
    if ours is not None and theirs:
        change = _signed((ours - theirs) / theirs)
        items.append(figure_of(_("Cambio del error"), change, _("negativo favorece al nuevo")))
    return figures(*items)


def _interval(verdict: Verdict) -> Any:
    """The mean squared error that is saved: its estimate and 95 % interval against zero, both by rows."""
    low, high = verdict.get("difference_low"), verdict.get("difference_high")
    ours, theirs = verdict.get("challenger_rmse"), verdict.get("champion_rmse")
    if low is None or high is None or ours is None or theirs is None:
        return None
    middle = theirs**2 - ours**2
    least, most = min(low, middle, 0.0), max(high, middle, 0.0)
    width = (most - least) or 1.0

    def place(value: float) -> str:
        return f"{100 * (MARGIN + (1 - 2 * MARGIN) * (value - least) / width):.2f}%"

    said = _(
        "Mejora del error cuadrático medio por fila: {middle}; con 95 % de confianza, entre {low} y {high}."
    ).format(middle=formats.number(middle, 1), low=formats.number(low, 1), high=formats.number(high, 1))
    clear = "better" if low > 0 else "worse" if high < 0 else "unsure"
    span = {"left": place(low), "width": f"calc({place(high)} - {place(low)})"}
    drawing = html.Div(
        [
            html.Span(className="interval-zero", style={"left": place(0.0)}),
            html.Span(className="interval-span", style=span),
            html.Span(className="interval-point", style={"left": place(middle)}),
            html.Span("0", className="interval-zero-label", style={"left": place(0.0)}),
        ],
        className=f"interval {clear}",
        role="img",
        **{"aria-label": said},
    )
    sides = html.Div(
        [html.Span(_("← mejor el de producción")), html.Span(_("mejor el nuevo →"))],
        className="interval-sides",
        **{"aria-hidden": "true"},
    )
    sure = dmc.Text(verdicts.evidence(verdict), size="sm")
    return html.Div([drawing, sides, dmc.Text(said, size="sm", c="dimmed"), sure], className="interval-box")


def _segments(entries: list[dict[str, Any]]) -> Any:
    """The errors part by part, as bars and as a table that is folded away; nothing where nothing was compared."""
    compared = [entry for entry in entries if entry.get("champion_rmse") is not None]
    if not compared:
        return None
    rows = [
        [
            _name(entry),
            formats.count(entry["rows"]),
            formats.number(entry["challenger_rmse"]),
            formats.number(entry["champion_rmse"]),
            formats.share(entry.get("change")),
        ]
        for entry in compared
    ]
    head = [_("Parte"), _("Filas"), _("Error del nuevo"), _("Error en producción"), _("Cambio")]
    return html.Section(
        [
            dmc.Title(_("Error por partes"), order=3, className="section-title"),
            _segment_chart(compared),
            html.Details([html.Summary(_("Ver como tabla")), plain_table(head, rows, _("Error por partes"))]),
        ],
        className="segments",
    )


def _segment_chart(entries: list[dict[str, Any]]) -> html.Div:
    longest = max(max(one["challenger_rmse"] or 0, one["champion_rmse"]) for one in entries) or 1.0
    legend = html.Div(
        [
            html.Span([html.Span(className="swatch of-ours"), _("Modelo nuevo")], className="legend-item"),
            html.Span([html.Span(className="swatch of-theirs"), _("En producción")], className="legend-item"),
        ],
        className="legend",
    )
    return html.Div(
        [legend, *[_segment_bars(entry, longest) for entry in entries]], className="segment-chart"
    )


def _segment_bars(entry: dict[str, Any], longest: float) -> html.Div:
    ours, theirs = entry["challenger_rmse"] or 0.0, entry["champion_rmse"]
    worse = " worse" if ours > theirs else ""
    return html.Div(
        [
            html.Span(_name(entry), className="segment-name breakable"),
            html.Span(
                [
                    html.Span(
                        className="segment-bar of-ours", style={"width": f"{100 * ours / longest:.2f}%"}
                    ),
                    html.Span(
                        className="segment-bar of-theirs", style={"width": f"{100 * theirs / longest:.2f}%"}
                    ),
                ],
                className="segment-bars",
                **{"aria-hidden": "true"},
            ),
            html.Span(_signed(entry.get("change")), className=f"segment-change{worse}"),
        ],
        className="segment-row",
    )


def _signed(change: float | None) -> str:
    told = formats.share(change)
    return f"+{told}" if (change or 0) > 0 and told != formats.share(0) else told


def _name(entry: dict[str, Any]) -> str:
    text = verdicts.segment(entry).removeprefix("los ")
    return text[:1].upper() + text[1:]


def _version(number: int | None) -> str:
    return _("versión {number}").format(number=number) if number else ""
