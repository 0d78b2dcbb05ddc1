"""The list of runs as a timeline: one line a run, with a bar of what its time went into."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dash import dcc, html

from dashboard import formats, spans, verdicts, words
from dashboard.i18n import gettext as _
from dashboard.parts import badge
from dashboard.run_parts import progress_bar
from dashboard.spans import WAIT, Span

Run = dict[str, Any]
LEGEND = ("etl", "retrain", "promote", "forecast", WAIT)


def timeline(runs: Sequence[Run], zone: str, now: datetime) -> html.Div:
    """One line for each run; all bars have one scale."""
    found = [spans.spans(run, now) for run in runs]
    full = spans.scale([spans.total(one) for one in found])
    rows = [_row(run, one, full, zone, now) for run, one in zip(runs, found, strict=True)]
    listed = html.Ul(rows, className="runs", **{"aria-label": _("Ejecuciones")})
    return html.Div([_legend(full), listed], className="timeline-card")


def bar(found: Sequence[Span], full: float) -> html.Div:
    """A bar of `found`, of which `full` seconds take the whole width; screen readers get it in words."""
    told = ", ".join(f"{words.short_step(one.kind)} {formats.duration(one.seconds)}" for one in found)
    beyond = " beyond" if spans.total(found) > full * 1.001 else ""
    return html.Div(
        [_piece(one, full) for one in found],
        role="img",
        className=f"bar{beyond}",
        **{"aria-label": told or _("Sin tiempo de trabajo")},
    )


def bar_with_legend(found: Sequence[Span]) -> html.Div:
    """The bar of one run over the whole width, with how long each kind of work took."""
    kinds = dict.fromkeys(one.kind for one in found)
    took = {kind: sum(one.seconds for one in found if one.kind == kind) for kind in kinds}
    items = [_legend_item(kind, formats.duration(seconds)) for kind, seconds in took.items()]
    whole = _("En total {duration}").format(duration=formats.duration(spans.total(found)))
    items.append(html.Span(whole, className="legend-scale"))
    return html.Div([bar(found, spans.total(found) or 1.0), html.Div(items, className="legend")])


def _legend_item(kind: str, note: str = "") -> html.Span:
    """A colour of the bars with its word."""
    swatch = html.Span(className=f"swatch piece-{kind}", **{"aria-hidden": "true"})
    return html.Span([swatch, f"{words.short_step(kind)} {note}".strip()], className="legend-item")


def _legend(full: float) -> html.Div:
    said = _("Ancho completo: {duration}").format(duration=formats.duration(full))
    return html.Div(
        [*map(_legend_item, LEGEND), html.Span(said, className="legend-scale")], className="legend"
    )


def _piece(one: Span, full: float) -> html.Span:
    state = f" is-{one.outcome}" if one.outcome else (" is-open" if one.kind != WAIT else "")
    return html.Span(
        className=f"piece piece-{one.kind}{state}",
        style={"width": f"{100 * one.seconds / full:.3f}%"},
        title=f"{words.short_step(one.kind)}: {formats.duration(one.seconds)}",
    )


def _row(run: Run, found: Sequence[Span], full: float, zone: str, now: datetime) -> html.Li:
    folder, _slash, name = str(run.get("key", "")).rpartition("/")
    cells = [
        html.Span(badge(words.status_of(run)), className="run-state"),
        html.Span(
            [
                html.Span(name, className="run-name"),
                html.Span(f"{folder}/", className="run-folder") if folder else None,
                html.Span(verdicts.of_run(run), className="run-sentence"),
            ],
            className="run-what",
        ),
        html.Span([bar(found, full), *progress_bar(run)], className="run-bar"),
        _took(run, found, now),
        html.Span(formats.clock(run.get("uploaded_at") or run.get("created_at"), zone), className="run-when"),
    ]
    return html.Li(dcc.Link(cells, href=f"/ejecuciones/{run['id']}", className="run-row"))


def _took(run: Run, found: Sequence[Span], now: datetime) -> html.Span:
    """How long the run took; the clock of one at work goes on in the browser (assets/runs.js)."""
    seconds = spans.total(found)
    at_work = words.is_working(run.get("status", ""))
    since = {"data-since": (now - timedelta(seconds=seconds)).isoformat()} if at_work else {}
    text = formats.duration(seconds) if found else formats.NOTHING
    return html.Span(text, className="run-took", **since)
