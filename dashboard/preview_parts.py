"""What the beginning of a file tells, before it is sent: whether it will be taken, what to mend, its first rows."""

import re
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard import formats, remarks, words
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.i18n import ngettext
from dashboard.parts import plain_table
from dashboard.upload_layout import FORECAST
from ventas.contract import FORECASTS_IN, TARGET, is_upload_key

Told = dict[str, Any]
ROWS = 5

_TITLES = {
    "good": (N_("Este archivo sirve"), "teal"),
    "doubtful": (N_("Este archivo puede ser rechazado"), "orange"),
    "bad": (N_("Este archivo sería rechazado"), "red"),
    "unknown": (N_("No se puede saber todavía si este archivo sirve"), "gray"),
}
_UNKNOWN = N_("El comienzo del archivo no alcanza para comprobarlo. Puede subirlo: se revisará entero.")
_DOUBTFUL = N_(
    "Muchas de las primeras filas tienen errores. Corrija lo que se indica, o súbalo si el resto está bien."
)
_EXTENSION = re.compile(r"\.(txt|tsv|csv\.txt|csv)$", re.IGNORECASE)


def suggested_name(name: str, kind: str) -> str:
    """`name` as the pipeline takes it: with «ventas» in it, and with its ending; a folder is left away."""
    name = re.split(r"[/\\]", name)[-1].strip().lstrip(".")
    if name.lower().endswith(".csv.gz"):
        stem, ending = name[:-7], ".csv.gz"
    else:
        stem, ending = _EXTENSION.sub("", name), ".csv"
    prefix = FORECASTS_IN if kind == FORECAST else ""
    if is_upload_key(f"{prefix}{stem}{ending}")[0]:
        return f"{stem}{ending}"
    return f"ventas-{stem}{ending}"


def preview_shown(file: Told, kind: str, told: Told) -> html.Div:
    """All that is told of a chosen file: `file` as the browser knows it, `told` by the API."""
    report = told.get("report") or {}
    facts = [formats.size(file.get("size")), words.dialect(report.get("dialect") or {})]
    parts = [
        html.Div(
            [
                dmc.Title(str(file.get("name")), order=2, className="card-title breakable"),
                dmc.Text(" · ".join(fact for fact in facts if fact), size="sm", c="dimmed"),
                _renamed(str(file.get("name")), kind),
                _waiting(file),
            ]
        ),
        _judgement(kind, told),
        _losses(told),
        _bad_rows(report),
        _table(told),
    ]
    return html.Div([part for part in parts if part is not None], className="stack")


def _renamed(name: str, kind: str) -> Any:
    proposed = suggested_name(name, kind)
    if proposed == name:
        return None
    said = _("Se propone otro nombre, «{name}», con el que el sistema lo reconoce.")
    return dmc.Text(said.format(name=proposed), size="sm")


def _waiting(file: Told) -> Any:
    count = file.get("waiting") or 0
    if not count:
        return None
    said = _("Después: {files}.").format(files=formats.counted(count, "archivo más", "archivos más"))
    return dmc.Text(said, size="sm", c="dimmed")


def _judgement(kind: str, told: Told) -> dmc.Alert:
    verdict = str(told.get("verdict"))
    title, color = _TITLES.get(verdict, _TITLES["unknown"])
    sentences = _sentences(verdict, kind, told)
    return dmc.Alert(
        [html.Div(text) for text in sentences if text], title=_(title), color=color, variant="light"
    )


def _sentences(verdict: str, kind: str, told: Told) -> list[str]:
    report = told.get("report") or {}
    rejection = report.get("rejection") or {}
    if verdict == "good":
        return [_seen(told, report)]
    if verdict == "unknown":
        return [_(_UNKNOWN)]
    if verdict == "doubtful":
        return [_(_DOUBTFUL)]
    hint = (
        _("Si son días para pronosticar y no ventas, elija «Días para pronosticar» arriba.")
        if kind != FORECAST and (rejection.get("details") or {}).get("missing") == [TARGET]
        else ""
    )
    return [words.file_fault(rejection), *words.file_fault_details(rejection), hint]


def _seen(told: Told, report: Told) -> str:
    rows = formats.count(report.get("rows_kept"))
    if told.get("complete"):
        return _("Se leyó entero. Filas que se pueden usar: {rows}.").format(rows=rows)
    return _("Se leyó el comienzo. Filas que se pueden usar: {rows}. Al subirlo se revisa entero.").format(
        rows=rows
    )


def _losses(told: Told) -> Any:
    lost = told.get("losses") or []
    if not lost:
        return None
    lines = [
        html.Div(remarks.sentence(loss | loss.get("facts", {}), str(loss.get("sentence")))) for loss in lost
    ]
    held = html.Div(
        _(
            "Puede subirlo: si su modelo resulta mejor, esperará a que alguien lo apruebe (salvo ON_LOSS=promote)."
        )
    )
    title = _("Este archivo sabe menos que el modelo en producción")
    return dmc.Alert([*lines, held], title=title, color="orange", variant="light", className="losses")


def _bad_rows(report: Told) -> Any:
    dropped = report.get("dropped") or {}
    if not dropped:
        return None
    lines = report.get("dropped_lines") or {}
    items = [dmc.ListItem(_fault(code, count, lines.get(code) or [])) for code, count in dropped.items()]
    return html.Div(
        [
            dmc.Title(_("Filas que se apartarían"), order=3, className="section-title"),
            dmc.List(items, size="sm"),
        ]
    )


def _fault(code: str, count: int, lines: list[int]) -> str:
    rows = formats.counted(count, "fila", "filas")
    where = ", ".join(map(formats.count, lines[:5])) + (", …" if count > 5 else "")
    told = ngettext("{rows} (línea {lines}): {advice}", "{rows} (líneas {lines}): {advice}", count)
    return told.format(rows=rows, lines=where, advice=words.row_fault(code))


def _table(told: Told) -> Any:
    columns, rows = told.get("columns") or [], told.get("rows") or []
    if not columns:
        return None
    head = [[html.Div(column["name"]), _role(column.get("role"))] for column in columns]
    return plain_table(head, rows[:ROWS], _("Primeras filas del archivo"), style="preview-table")


def _role(role: str | None) -> html.Div:
    return html.Div(_(words.ROLES.get(role or "", "")), className="column-role")
