"""The quality report of an upload, for the person who made the file."""

from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard import formats, words
from dashboard.i18n import gettext as _
from dashboard.i18n import ngettext
from dashboard.parts import card, figure_of, figures, plain_table
from dashboard.remarks import remarks
from dashboard.run_parts import rejected_link
from dashboard.sales_chart import sales_chart
from ventas.rejections import LEAK_REMEDY

Report = dict[str, Any]
MOST_GAPS = 8
MOST_CODES = 8


def quality_card(run: dict[str, Any]) -> Any:
    """Everything that the pipeline found in the file, or nothing before it was read."""
    report = run.get("quality")
    if not report:
        return None
    parts = [
        _rejection(report),
        _counts(report),
        _kept_bar(report),
        dmc.Text(words.dialect(report.get("dialect") or {}), size="sm", c="dimmed"),
        _dropped(report),
        _examples(report),
        rejected_link(run),
        _sales(report),
        _dates(report),
        _leaks(report),
        _remarks(report),
        _columns(report),
    ]
    return card(
        html.Div([part for part in parts if part is not None], className="stack"),
        title=_("Informe del archivo"),
    )


def _rejection(report: Report) -> Any:
    rejection = report.get("rejection")
    if not rejection:
        return None
    facts = [html.Div(text) for text in words.file_fault_details(rejection)]
    return dmc.Alert(
        [html.Div(words.file_fault(rejection)), *facts],
        title=_("Archivo rechazado"),
        color="orange",
        variant="light",
    )


def _counts(report: Report) -> html.Div:
    split, outliers = report.get("split") or {}, report.get("outliers") or {}
    items = [
        figure_of(_("Filas leídas"), formats.count(report.get("rows_in"))),
        figure_of(_("Filas válidas"), formats.count(report.get("rows_kept"))),
        figure_of(
            _("Filas con errores"),
            formats.count(report.get("rows_rejected")),
            formats.share(report.get("rejected_share")),
        ),
    ]
    if outliers:
        items.append(figure_of(_("Ventas atípicas"), formats.count(outliers.get("count")), _range(outliers)))
    if outliers.get("test_count"):
        aside = _("cuentan en la prueba")
        items.append(
            figure_of(_("Atípicas entre las de prueba"), formats.count(outliers["test_count"]), aside)
        )
    if report.get("series"):
        by = _("por «{column}»").format(column=report["series"])
        items.append(figure_of(_("Series"), formats.count(report.get("series_count")), by))
    if report.get("open"):
        by = _("«{column}» en 0").format(column=report["open"])
        items.append(figure_of(_("Filas de días cerrados"), formats.count(report.get("closed_rows")), by))
    if split:
        train, test = split.get("train") or {}, split.get("test") or {}
        items += [
            figure_of(_("Filas para entrenar"), formats.count(train.get("rows"))),
            figure_of(_("Filas para probar"), formats.count(test.get("rows")), _since(test)),
        ]
    return figures(*items)


def _range(outliers: Report) -> str:
    if outliers.get("low") is None or outliers.get("high") is None:
        return _("en cada serie por separado")
    # No sales lie below nothing, wherever the fence does.
    told = _("fuera de {low} a {high}") if outliers["low"] > 0 else _("por encima de {high}")
    return told.format(low=formats.number(outliers["low"], 0), high=formats.number(outliers["high"], 0))


def _since(test: Report) -> str:
    first = test.get("first")
    return _("desde el {day}").format(day=formats.day(first)) if first else ""


def _kept_bar(report: Report) -> Any:
    """The share of rows that could be used; screen readers have the figures above."""
    read, kept = report.get("rows_in") or 0, report.get("rows_kept") or 0
    if not read:
        return None
    return html.Div(
        html.Span(className="kept-part", style={"width": f"{100 * kept / read:.2f}%"}),
        className="kept",
        **{"aria-hidden": "true"},
    )


def _dropped(report: Report) -> Any:
    dropped = report.get("dropped") or {}
    if not dropped:
        return None
    ranked = sorted(dropped.items(), key=lambda one: -one[1])
    most = ranked[0][1] or 1
    rows = [_reason(code, count, most, report) for code, count in ranked[:MOST_CODES]]
    return _section(_("Por qué se apartaron filas"), html.Ul(rows, className="reasons"))


def _reason(code: str, count: int, most: int, report: Report) -> html.Li:
    lines = (report.get("dropped_lines") or {}).get(code) or []
    told = ngettext("Línea: {lines}", "Líneas: {lines}", count)
    where = told.format(lines=", ".join(map(formats.count, lines))) if lines else ""
    more = ", …" if len(lines) < count and lines else ""
    return html.Li(
        [
            html.Div(
                [
                    html.Span(words.row_fault(code)),
                    html.Span(formats.counted(count, "fila", "filas"), className="reason-count"),
                ],
                className="reason-head",
            ),
            html.Div(
                html.Span(className="reason-bar", style={"width": f"{100 * count / most:.2f}%"}),
                **{"aria-hidden": "true"},
            ),
            html.Div(where + more, className="reason-lines") if where else None,
        ]
    )


def _examples(report: Report) -> Any:
    examples = report.get("rejected_examples") or []
    if not examples:
        return None
    rows = [[formats.count(row.get("line")), words.row_fault(row.get("code", ""))] for row in examples]
    table = plain_table([_("Línea"), _("Qué corregir")], rows, _("Filas con errores"))
    said = ngettext("La primera fila con errores", "Las primeras {count} filas con errores", len(rows))
    return html.Details([html.Summary(said.format(count=formats.count(len(rows)))), table])


def _sales(report: Report) -> Any:
    drawn = sales_chart(report)
    return _section(_("Ventas en el tiempo"), *drawn) if drawn else None


def _dates(report: Report) -> Any:
    dates = report.get("dates") or {}
    if not dates.get("first"):
        return None
    missing = dates.get("missing_days") or 0
    said = _("Del {first} al {last}: {distinct}, {missing}.").format(
        first=formats.day(dates["first"]),
        last=formats.day(dates["last"]),
        distinct=formats.counted(dates.get("distinct") or 0, "fecha", "fechas"),
        missing=formats.counted(missing, "día sin datos", "días sin datos") if missing else _("sin huecos"),
    )
    gaps = dates.get("gaps") or []
    items = [dmc.ListItem(_gap(gap)) for gap in gaps[:MOST_GAPS]]
    if len(gaps) > MOST_GAPS:
        more = formats.counted(len(gaps) - MOST_GAPS, "hueco más", "huecos más")
        items.append(dmc.ListItem(_("y {more}").format(more=more)))
    return _section(_("Fechas"), dmc.Text(said, size="sm"), dmc.List(items, size="sm") if items else None)


def _gap(gap: Report) -> str:
    one_day = gap.get("from") == gap.get("to")
    said = _("Falta el {first}") if one_day else _("Falta del {first} al {last} ({days})")
    told = said.format(
        first=formats.day(gap.get("from")),
        last=formats.day(gap.get("to")),
        days=formats.counted(gap.get("days") or 0, "día", "días"),
    )
    return f"{gap['series']}: {told[:1].lower()}{told[1:]}" if gap.get("series") else told


def _leaks(report: Report) -> Any:
    leaks = report.get("leaks") or []
    if not leaks:
        return None
    said = dmc.List([dmc.ListItem(words.leak(leak)) for leak in leaks], size="sm")
    return _section(_("Columnas por revisar"), said, dmc.Text(_(LEAK_REMEDY), size="sm"))


def _remarks(report: Report) -> Any:
    texts = remarks(report)
    if not texts:
        return None
    return _section(_("Avisos"), dmc.List([dmc.ListItem(text) for text in texts], size="sm"))


def _columns(report: Report) -> Any:
    columns = report.get("columns") or []
    if not columns:
        return None
    rows = [
        [
            str(column.get("name")),
            _(words.ROLES.get(column.get("role"), str(column.get("role")))),
            formats.count(column.get("missing")),
            _value(column.get("min")),
            _value(column.get("max")),
        ]
        for column in columns
    ]
    head = [_("Columna"), _("Se usa como"), _("Vacías"), _("Mínimo"), _("Máximo")]
    return _section(_("Columnas"), _columns_of(report), plain_table(head, rows, _("Columnas del archivo")))


def _columns_of(report: Report) -> dmc.Text | None:
    """Of which rows the table tells, where these are not all."""
    kept = report.get("rows_kept") or 0
    if kept == report.get("rows_in"):
        return None
    said = ngettext("Solo de la única fila válida.", "Solo de las {rows} filas válidas.", kept)
    return dmc.Text(said.format(rows=formats.count(kept)), size="sm", c="dimmed")


def _value(value: float | str | None) -> str:
    if isinstance(value, str):
        return formats.day(value)
    return formats.NOTHING if value is None else formats.number(value, 0 if float(value).is_integer() else 2)


def _section(title: str, *children: Any) -> html.Section:
    return html.Section(
        [dmc.Title(title, order=3, className="section-title"), *(c for c in children if c is not None)]
    )
