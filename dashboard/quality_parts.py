"""The quality report of an upload, for the person who made the file."""

from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard import formats, words
from dashboard.parts import card, figure_of, figures, plain_table
from ventas.rejections import LEAK_REMEDY

Report = dict[str, Any]
MOST_GAPS = 8


def quality_card(report: Report | None) -> Any:
    """Everything that the pipeline found in the file, or nothing before it was read."""
    if not report:
        return None
    parts = [
        _rejection(report),
        _counts(report),
        dmc.Text(words.dialect(report.get("dialect") or {}), size="sm", c="dimmed"),
        _dropped(report),
        _examples(report),
        _dates(report),
        _leaks(report),
        _warnings(report),
        _columns(report),
    ]
    return card(
        html.Div([part for part in parts if part is not None], className="stack"), title="Informe del archivo"
    )


def _rejection(report: Report) -> Any:
    rejection = report.get("rejection")
    if not rejection:
        return None
    facts = [html.Div(text) for text in words.file_fault_details(rejection)]
    return dmc.Alert(
        [html.Div(words.file_fault(rejection)), *facts],
        title="Archivo rechazado",
        color="orange",
        variant="light",
    )


def _counts(report: Report) -> html.Div:
    split, outliers = report.get("split") or {}, report.get("outliers") or {}
    items = [
        figure_of("Filas leídas", formats.count(report.get("rows_in"))),
        figure_of("Filas válidas", formats.count(report.get("rows_kept"))),
        figure_of(
            "Filas con errores",
            formats.count(report.get("rows_rejected")),
            formats.share(report.get("rejected_share")),
        ),
    ]
    if outliers:
        items.append(figure_of("Ventas atípicas", formats.count(outliers.get("count")), _range(outliers)))
    if report.get("series"):
        by = f"por «{report['series']}»"
        items.append(figure_of("Series", formats.count(report.get("series_count")), by))
    if report.get("open"):
        by = f"«{report['open']}» en 0"
        items.append(figure_of("Filas de días cerrados", formats.count(report.get("closed_rows")), by))
    if split:
        items += [
            figure_of("Filas para entrenar", formats.count((split.get("train") or {}).get("rows"))),
            figure_of(
                "Filas para probar", formats.count((split.get("test") or {}).get("rows")), _since(split)
            ),
        ]
    return figures(*items)


def _range(outliers: Report) -> str:
    if outliers.get("low") is None or outliers.get("high") is None:
        return "en cada serie por separado"
    return f"fuera de {formats.number(outliers['low'], 0)} a {formats.number(outliers['high'], 0)}"


def _since(split: Report) -> str:
    first = (split.get("test") or {}).get("first")
    return f"desde el {formats.day(first)}" if first else ""


def _dropped(report: Report) -> Any:
    dropped = report.get("dropped") or {}
    if not dropped:
        return None
    rows = [[words.row_fault(code), formats.count(count)] for code, count in dropped.items()]
    return _section("Por qué se apartaron filas", plain_table(["Motivo", "Filas"], rows, "Motivos"))


def _examples(report: Report) -> Any:
    examples = report.get("rejected_examples") or []
    if not examples:
        return None
    rows = [[formats.count(row.get("line")), words.row_fault(row.get("code", ""))] for row in examples]
    return _section(
        "Primeras filas con errores", plain_table(["Línea", "Qué corregir"], rows, "Filas con errores")
    )


def _dates(report: Report) -> Any:
    dates = report.get("dates") or {}
    if not dates.get("first"):
        return None
    missing = dates.get("missing_days") or 0
    said = (
        f"Del {formats.day(dates['first'])} al {formats.day(dates['last'])}: "
        f"{formats.counted(dates.get('distinct') or 0, 'fecha', 'fechas')}, "
        f"{formats.counted(missing, 'día sin datos', 'días sin datos') if missing else 'sin huecos'}."
    )
    gaps = dates.get("gaps") or []
    items = [dmc.ListItem(_gap(gap)) for gap in gaps[:MOST_GAPS]]
    if len(gaps) > MOST_GAPS:
        items.append(dmc.ListItem(f"y {formats.counted(len(gaps) - MOST_GAPS, 'hueco más', 'huecos más')}"))
    return _section("Fechas", dmc.Text(said, size="sm"), dmc.List(items, size="sm") if items else None)


def _gap(gap: Report) -> str:
    days = formats.counted(gap.get("days") or 0, "día", "días")
    whose = f"{gap['series']}: falta" if gap.get("series") else "Falta"
    if gap.get("from") == gap.get("to"):
        return f"{whose} el {formats.day(gap.get('from'))}"
    return f"{whose} del {formats.day(gap.get('from'))} al {formats.day(gap.get('to'))} ({days})"


def _leaks(report: Report) -> Any:
    leaks = report.get("leaks") or []
    if not leaks:
        return None
    said = dmc.List([dmc.ListItem(words.leak(leak)) for leak in leaks], size="sm")
    return _section("Columnas por revisar", said, dmc.Text(LEAK_REMEDY, size="sm"))


def _warnings(report: Report) -> Any:
    wrong = report.get("weekday_contradictions") or 0
    own = [
        f"{formats.counted(wrong, 'fila tiene', 'filas tienen')} un día de la semana que no es el de su fecha."
    ]
    told = tuple(str(leak.get("why")) for leak in report.get("leaks") or [])  # in words of our own, above
    texts = (own if wrong else []) + [
        text for text in map(str, report.get("warnings") or []) if not text.startswith(told)
    ]
    if not texts:
        return None
    return _section("Avisos", dmc.List([dmc.ListItem(text) for text in texts], size="sm"))


def _columns(report: Report) -> Any:
    columns = report.get("columns") or []
    if not columns:
        return None
    rows = [
        [
            str(column.get("name")),
            words.ROLES.get(column.get("role"), str(column.get("role"))),
            formats.count(column.get("missing")),
            _value(column.get("min")),
            _value(column.get("max")),
        ]
        for column in columns
    ]
    head = ["Columna", "Se usa como", "Vacías", "Mínimo", "Máximo"]
    return _section("Columnas", plain_table(head, rows, "Columnas del archivo"))


def _value(value: float | str | None) -> str:
    if isinstance(value, str):
        return formats.day(value)
    return formats.NOTHING if value is None else formats.number(value, 0 if float(value).is_integer() else 2)


def _section(title: str, *children: Any) -> html.Section:
    return html.Section(
        [dmc.Title(title, order=3, className="section-title"), *(c for c in children if c is not None)]
    )
