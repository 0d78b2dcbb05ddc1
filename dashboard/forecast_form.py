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


def offered(champion: Row) -> Row:
    """The champion without the columns that follow from the series, which the form asks for anyway."""
    columns = [one for one in champion["columns"] if not one.get("of_series")]
    of_series = [one["name"] for one in champion["columns"] if one.get("of_series")]
    return champion | {"columns": columns, "of_series": of_series}


def column_inputs(champion: Row) -> list[Any]:
    """An input for each further column of the champion, as `offered` gives it; all but the series may stay empty."""
    columns = champion["columns"]
    if not columns:
        return []
    heading = dmc.Text(_("Además, si lo sabe"), size="sm", fw=600)
    about = dmc.Text(
        _("El modelo usa también estas columnas. Lo que quede vacío, lo da por habitual."),
        size="xs",
        c="dimmed",
    )
    inputs = [_input(one, champion) for one in columns]
    return [dmc.Stack([heading, about, *inputs, *_of_series(champion)], gap="xs")]


def _of_series(champion: Row) -> list[dmc.Text]:
    """Columns that need no input, in a sentence."""
    if not champion["of_series"]:
        return []
    told = _("El modelo ya los sabe por «{series}»: {names}.").format(
        series=champion["series"], names=", ".join(f"«{name}»" for name in champion["of_series"])
    )
    return [dmc.Text(told, id="forecast-of-series", size="xs", c="dimmed")]


def _input(one: Row, champion: Row) -> Any:
    is_series = one["name"] == champion.get("series")
    common = {"id": {"type": COLUMN, "name": one["name"]}, "label": one["name"], "withAsterisk": is_series}
    if one["kind"] == "flag":
        return _flag_input(one, common, is_open=one["name"] == champion.get("open"))
    if one["kind"] == "number":
        return _number_input(one, common, str(champion.get("series") or ""))
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


def _flag_input(one: Row, common: dict[str, Any], *, is_open: bool) -> dmc.Select:
    usual = one["default"]
    placeholder = _("Sin indicar")
    if usual is not None:
        placeholder = _("Habitual: {value}").format(value=formats.yes_no(int(usual)))
    elif is_open:
        placeholder = _("Lo habitual de ese día")
    yes_no = [{"value": "1", "label": _("Sí")}, {"value": "0", "label": _("No")}]
    return dmc.Select(**common, data=yes_no, clearable=True, placeholder=placeholder)


def _number(value: float, *, whole: bool) -> str:
    """As the column has its numbers; a median of whole ones may lie between two."""
    return formats.count(int(value)) if whole and float(value).is_integer() else formats.number(value)


def _number_input(one: Row, common: dict[str, Any], series: str) -> dmc.NumberInput:
    comma, point = (",", ".") if language() == SPANISH else (".", ",")
    whole, seen = bool(one.get("whole")), ""
    if one["low"] is not None and one["high"] is not None:
        low, high = (_number(one[end], whole=whole) for end in ("low", "high"))
        seen = _("Entre {low} y {high} en los datos").format(low=low, high=high)
    usual = one["default"]
    placeholder = _("Lo habitual en «{series}»").format(series=series) if series else ""
    if usual is not None:
        placeholder = _("Habitual: {value}").format(value=_number(usual, whole=whole))
    return dmc.NumberInput(
        **common,
        description=seen,
        placeholder=placeholder,
        allowDecimal=not whole,
        decimalSeparator=comma,
        thousandSeparator=point,
        hideControls=True,
    )
