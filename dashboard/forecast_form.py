"""The form of a forecast: one day or several, and what else the champion wants to know."""

from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard import formats
from dashboard.date_pickers import day_picker, range_picker
from dashboard.forecast_days import MOST_DAYS, Row
from dashboard.i18n import SPANISH, language
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.tables import column, grid

ONE, SEVERAL = "one", "several"
MODES = {ONE: N_("Un día"), SEVERAL: N_("Varios días")}
COLUMN = "forecast-column"  # the type in the ids of the further columns' inputs


def form() -> dmc.Stack:
    """The whole form; its columns are filled in once the champion is known."""
    return dmc.Stack(
        [
            dmc.SegmentedControl(
                id="forecast-mode",
                data=[{"value": mode, "label": _(text)} for mode, text in MODES.items()],
                value=ONE,
                fullWidth=True,
                **{"aria-label": _("Cuántos días")},
            ),
            html.Div(_one_day(), id="forecast-one"),
            html.Div(_several_days(), id="forecast-several", hidden=True),
            html.Div(id="forecast-columns"),
            dmc.Button(_("Pronosticar"), id="forecast-send", size="md", fullWidth=True),
        ],
        gap="md",
    )


def _one_day() -> dmc.Stack:
    days = [{"value": str(number), "label": name} for number, name in enumerate(formats.weekdays(), 1)]
    return dmc.Stack(
        [
            day_picker(
                "forecast-date",
                label=_("Fecha (opcional)"),
                description=_("Sin fecha se usa el próximo día de la semana elegido."),
                placeholder=_("Elegir una fecha"),
            ),
            dmc.Select(
                id="forecast-weekday",
                label=_("Día de la semana"),
                data=days,
                value="1",
                allowDeselect=False,
                checkIconPosition="right",
            ),
            dmc.Switch(id="forecast-promotion", label=_("Hay promoción"), checked=False),
            dmc.Switch(id="forecast-holiday", label=_("Es festivo"), checked=False),
        ],
        gap="md",
    )


def _several_days() -> dmc.Stack:
    return dmc.Stack(
        [
            range_picker(
                "forecast-range",
                label=_("Del primer día al último"),
                description=_("Hasta {days} días.").format(days=MOST_DAYS),
                placeholder=_("Elegir el primer y el último día"),
            ),
            html.Div(
                [
                    dmc.Text(
                        _("Marque los días con promoción. Los festivos ya están puestos; puede cambiarlos."),
                        size="sm",
                        c="dimmed",
                    ),
                    _days_grid(),
                ],
                id="forecast-days-part",
                hidden=True,
            ),
        ],
        gap="md",
    )


def _days_grid() -> html.Div:
    checkbox: dict[str, Any] = {
        "editable": True,
        "cellDataType": "boolean",
        "cellRenderer": "agCheckboxCellRenderer",
        "cellEditor": "agCheckboxCellEditor",
    }
    columns = [
        column(
            "date",
            _("Día"),
            112,
            valueFormatter={"function": "forecastDay(params.value, params.data.name)"},
            cellClass="forecast-day-cell",
            wrapText=True,
            autoHeight=True,
        ),
        column("promotion", _("Promoción"), 106, **checkbox, maxWidth=106),
        column("holiday", _("Festivo"), 92, **checkbox, maxWidth=92),
    ]
    return grid(
        "forecast-days",
        columns,
        _("Los días del pronóstico"),
        rowData=[],
        getRowId="params.data.date",
        style={"height": 330},
        className="forecast-days",
    )


def column_inputs(columns: list[Row]) -> list[Any]:
    """An input for each further column of the champion, all of which may stay empty."""
    if not columns:
        return []
    heading = dmc.Text(_("Además, si lo sabe"), size="sm", fw=600)
    about = dmc.Text(
        _("El modelo usa también estas columnas. Lo que quede vacío, lo da por habitual."),
        size="xs",
        c="dimmed",
    )
    return [dmc.Stack([heading, about, *(_input(one) for one in columns)], gap="xs")]


def _input(one: Row) -> Any:
    common = {"id": {"type": COLUMN, "name": one["name"]}, "label": one["name"]}
    if one["kind"] == "flag":
        yes_no = [{"value": "1", "label": _("Sí")}, {"value": "0", "label": _("No")}]
        return dmc.Select(**common, data=yes_no, clearable=True, placeholder=_("Sin indicar"))
    if one["kind"] == "number":
        return _number_input(one, common)
    if one["values_count"] > len(one["values"]):
        known = _("Conoce {count}; escriba el suyo.").format(count=formats.count(one["values_count"]))
        return dmc.Autocomplete(**common, data=one["values"], limit=50, description=known)
    return dmc.Select(
        **common,
        data=one["values"],
        searchable=True,
        clearable=True,
        limit=200,
        placeholder=_("Elegir o buscar"),
        nothingFoundMessage=_("El modelo no conoce ninguno así"),
    )


def _number_input(one: Row, common: dict[str, Any]) -> dmc.NumberInput:
    comma, point = (",", ".") if language() == SPANISH else (".", ",")
    seen = ""
    if one["low"] is not None and one["high"] is not None:
        seen = _("Entre {low} y {high} en los datos").format(
            low=formats.number(one["low"]), high=formats.number(one["high"])
        )
    usual = one["default"]
    return dmc.NumberInput(
        **common,
        description=seen,
        placeholder=_("Habitual: {value}").format(value=formats.number(usual)) if usual is not None else "",
        decimalSeparator=comma,
        thousandSeparator=point,
        hideControls=True,
    )
