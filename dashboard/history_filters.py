"""What the history can be filtered by, and how the API's query says it."""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, html

from dashboard import formats
from dashboard.date_pickers import range_picker
from dashboard.i18n import gettext as _

Query = dict[str, Any]
YES, NO = "true", "false"
_FIELDS = ("days", "version", "promotion", "holiday", "weekday")
INPUTS = (
    *(Input(f"history-{name}", "value") for name in _FIELDS),
    Input("history-known", "checked"),
)


def controls() -> html.Div:
    """The fields above the table; a field that is empty filters nothing."""
    return html.Div(
        [
            range_picker("history-days", label=_("Para los días"), placeholder=_("Todos los días")),
            dmc.NumberInput(
                id="history-version",
                label=_("Versión del modelo"),
                placeholder=_("Todas"),
                min=1,
                max=2**31 - 1,
                allowDecimal=False,
                allowNegative=False,
                hideControls=True,
            ),
            _choice("promotion", _("Promoción"), {YES: _("Con promoción"), NO: _("Sin promoción")}),
            _choice("holiday", _("Festivo"), {YES: _("Festivos"), NO: _("No festivos")}),
            _choice(
                "weekday",
                _("Día de la semana"),
                {str(number): name for number, name in enumerate(formats.weekdays(), 1)},
            ),
        ],
        className="history-filters",
    )


def known_switch() -> dmc.Switch:
    """The switch that leaves only what can be compared with sales."""
    return dmc.Switch(id="history-known", label=_("Solo con ventas reales"), checked=False)


def query(
    days: list[str | None] | None,
    version: int | str | None,
    promotion: str | None,
    holiday: str | None,
    weekday: str | None,
    known: bool,
) -> Query:
    """The filter as `GET /history/` takes it; a range of which only the first day is chosen waits for the last."""
    since, until = days if days and all(days) else (None, None)
    wanted = {
        "since": since,
        "until": until,
        "model_version": version or None,
        "promotion": promotion,
        "holiday": holiday,
        "weekday": weekday,
        "has_actual": YES if known else None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _choice(name: str, label: str, choices: dict[str, str]) -> dmc.Select:
    return dmc.Select(
        id=f"history-{name}",
        label=label,
        placeholder=_("Todos"),
        data=[{"value": value, "label": text} for value, text in choices.items()],
        clearable=True,
        checkIconPosition="right",
        clearButtonProps={"aria-label": _("Quitar el filtro {name}").format(name=label)},
    )
