"""The fields that take a day, or a range of days."""

from typing import Any

import dash_mantine_components as dmc

from dashboard.i18n import gettext as _
from dashboard.i18n import language
from dashboard.parts import icon

_LONG_DATE = {"es": "dddd D [de] MMMM [de] YYYY", "en": "dddd, D MMMM YYYY"}
_DATE = {"es": "DD/MM/YYYY", "en": "D MMM YYYY"}


def day_picker(of: str, **texts: str) -> dmc.DatePickerInput:
    """The field `of` for one day, written out with its weekday; `texts` are its label, placeholder, description."""
    return _picker(of, _LONG_DATE[language()], _("Quitar la fecha"), **texts)


def range_picker(of: str, **texts: str) -> dmc.DatePickerInput:
    """The field `of` for the first and the last day, which may be one."""
    several: dict[str, Any] = {"type": "range", "allowSingleDateInRange": True}
    return _picker(of, _DATE[language()], _("Quitar las fechas"), **several, **texts)


def _picker(of: str, written: str, clear: str, **more: Any) -> dmc.DatePickerInput:
    return dmc.DatePickerInput(
        id=of,
        valueFormat=written,
        clearable=True,
        leftSection=icon("calendar"),
        clearButtonProps={"aria-label": clear},
        ariaLabels={
            "previousMonth": _("Mes anterior"),
            "nextMonth": _("Mes siguiente"),
            "monthLevelControl": _("Elegir el mes"),
            "yearLevelControl": _("Elegir el año"),
        },
        **more,
    )
