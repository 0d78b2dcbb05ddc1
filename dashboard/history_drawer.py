"""One prediction in full: what was asked, what was sold, and which model and files are behind it."""

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import formats
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.parts import figure_of, figures
from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY

Row = dict[str, Any]
NO_ACTUAL = {
    "date_assumed": N_("No se compara con las ventas: la fecha no se dio, se supuso."),
    "too_late": N_("No se compara con las ventas: se pidió ese mismo día o después."),
    "later_prediction": N_("Cuenta otro pronóstico de la misma versión, pedido más tarde para el mismo día."),
    "other_conditions": N_("No se compara: ese día hubo otra promoción u otro festivo que lo preguntado."),
    "no_sales_yet": N_("Todavía no llegaron las ventas de ese día tal como se preguntó por él."),
}


def details(entry: Row, behind: Row, zone: str) -> list[Any]:
    """The drawer's content for a prediction and its lineage."""
    return [
        _figures(entry),
        _why(entry, behind),
        _part(_("La pregunta"), _asked(entry, zone)),
        _part(_("El modelo"), _model(behind, zone)),
        _part(_("Las ventas reales"), _upload(behind["actual"], zone)) if behind["actual"] else None,
    ]


def _figures(entry: Row) -> html.Div:
    interval = entry.get("interval")
    note = ""
    if interval:
        low, high = formats.number(interval["low"]), formats.number(interval["high"])
        note = _("entre {low} y {high}").format(low=low, high=high)
    return figures(
        figure_of(_("Pronóstico"), formats.number(entry["prediction"]), note),
        figure_of(_("Ventas reales"), formats.number(entry["actual"])),
        figure_of(_("Diferencia"), signed(entry["error"])),
    )


def signed(value: float | None) -> str:
    """A difference with its sign, also where it is positive."""
    return ("+" if value is not None and value > 0 else "") + formats.number(value)


def _why(entry: Row, behind: Row) -> Any:
    reason = entry.get("no_actual")
    if not reason:
        return None
    said = _(NO_ACTUAL[reason]) if reason in NO_ACTUAL else ""
    other = behind["counts"]
    if other:
        said += " " + _("El que cuenta es el n.º {number}.").format(number=other)
    return dmc.Text(said, size="sm", c="dimmed", mt="md")


def _asked(entry: Row, zone: str) -> list[tuple[str, Any]]:
    given = entry["input_data"]
    told = [
        (_("Pedido el"), formats.clock(entry["timestamp"], zone)),
        (_("Para el día"), formats.long_day(entry[DATE]) if entry[DATE] else formats.NOTHING),
        (_("Promoción"), formats.yes_no(given.get(PROMOTION))),
        (_("Festivo"), formats.yes_no(given.get(HOLIDAY))),
    ]
    if entry["series"]:
        told.append((_("Serie"), entry["series"]))
    shown = {DATE, WEEKDAY, PROMOTION, HOLIDAY}
    return told + [(str(name), str(value)) for name, value in given.items() if name not in shown]


def _model(behind: Row, zone: str) -> list[tuple[str, Any]]:
    version = behind["model_version"]
    label = _("Versión {number}").format(number=version)
    told: list[tuple[str, Any]] = [(_("Modelo"), dcc.Link(label, href=f"/modelos?version={version}"))]
    if behind["mlflow_run_id"]:
        told.append(("MLflow", behind["mlflow_run_id"]))
    if not behind["model"]:
        return [*told, (_("Aprendió de"), _("No lo registró ninguna ejecución."))]
    return told + _upload(behind["model"], zone)


def _upload(upload: Row, zone: str) -> list[tuple[str, Any]]:
    """A file, the run that read it, and where its clean rows lie."""
    kept = [(_("Filas usadas"), formats.count(upload["rows"]))] if upload["rows"] is not None else []
    return [
        (_("Archivo"), f"{upload['bucket']}/{upload['key']}"),
        (_("Subido el"), formats.clock(upload["uploaded_at"], zone)),
        (_("Versión del archivo"), upload["version_id"]),
        (_("Ejecución"), dcc.Link(_("Ver la ejecución"), href=f"/ejecuciones/{upload['run_id']}")),
        *kept,
        *((_("Datos"), place) for place in upload["dataset"]),
    ]


def _part(title: str, facts: list[tuple[str, Any]]) -> html.Section:
    pairs = [part for name, value in facts for part in (html.Dt(name), html.Dd(value))]
    return html.Section(
        [dmc.Title(title, order=3, className="section-title"), html.Dl(pairs, className="facts")],
        className="history-part",
    )
