"""What a forecast says: its figure and interval, what was assumed, and what promotions would change."""

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard import formats
from dashboard.forecast_answers import NO_SERIES
from dashboard.forecast_days import Change, Row, odds, total
from dashboard.i18n import gettext as _
from dashboard.parts import empty, figure_of, figures

MOST_LISTED = 5  # days in one sentence


def choose_series(column: str) -> list[Any]:
    """What stands where no series was chosen, in place of figures that would be those of any one of them."""
    return [
        empty(
            _(
                "Elija «{column}»: el modelo pronostica cada valor por separado, y todavía no la suma de todos."
            ).format(column=column),
            "forecast",
        )
    ]


def one_day(day: Row, answer: Row) -> list[Any]:
    """The big figure of one day, `day` as `scenario_days` gives it; `answer` as the API gave it."""
    return [
        dmc.Text(_("Ventas previstas"), c="dimmed", size="sm"),
        dmc.Text(formats.number(day["prediction"]), id="forecast-value", className="big-number"),
        dmc.Text(
            _("para el {day}").format(day=formats.long_day(day["date"])),
            id="forecast-day",
            className="big-number-note",
        ),
        dmc.Text(_between(day), id="forecast-interval", className="forecast-interval"),
        figures(
            figure_of(_("Promoción"), formats.yes_no(int(day["promotion"]))),
            figure_of(_("Festivo"), formats.yes_no(int(day["holiday"])), day["name"]),
            figure_of(_("Modelo"), _("Versión {number}").format(number=answer["model_version"])),
        ),
        _remarks([*_closed([day]), *remarks(answer)]),
    ]


def several_days(days: Sequence[Row], version: int, answer: Row) -> list[Any]:
    """Total and mean of several days, and what their intervals mean."""
    whole = total(days)
    return [
        dmc.Text(_("Ventas previstas en total"), c="dimmed", size="sm"),
        dmc.Text(formats.number(whole), id="forecast-value", className="big-number"),
        dmc.Text(
            _("del {first} al {last}").format(
                first=formats.long_day(days[0]["date"]), last=formats.long_day(days[-1]["date"])
            ),
            id="forecast-day",
            className="big-number-note",
        ),
        figures(
            figure_of(_("Media por día"), formats.number(whole / len(days))),
            figure_of(_("Días"), formats.count(len(days)), _flagged(days)),
            figure_of(_("Modelo"), _("Versión {number}").format(number=version)),
        ),
        _remarks([*_closed(days), *_band(days), *remarks(answer)]),
    ]


def changed(change: Change) -> str:
    """What a scenario changes of the total, in a sentence."""
    if not change.units:
        return _("El total no cambia.")
    share = "" if change.share is None else f" ({_signed(change.share * 100, formats.percent)})"
    return _("El total cambia en {units}{share}.").format(
        units=_signed(change.units, formats.number), share=share
    )


def remarks(answer: Row) -> list[str]:
    """What the model did not know, as sentences."""
    known = answer.get("known") or {}
    unknown = [name for name, told in known.items() if not told and name not in NO_SERIES]
    said = []
    if answer.get("date_assumed"):
        said.append(
            _(
                "Fecha supuesta: es el próximo día con ese nombre. El modelo responde sin tener en cuenta la época."
            )
        )
    if unknown:
        said.append(
            _("El modelo no conoce ese valor de «{column}»: responde como para uno nuevo.").format(
                column=unknown[0]
            )
        )
    if not answer.get("recorded", True):
        said.append(_("Este pronóstico aparecerá en el historial un poco más tarde."))
    return said


def _between(day: Row) -> str:
    if day["low"] is None:
        return _("Este modelo no dice entre qué valores.")
    parts, whole = odds(day["coverage"])
    return _("Entre {low} y {high}: ahí debería caer {parts} de cada {whole} veces.").format(
        low=formats.number(day["low"]), high=formats.number(day["high"]), parts=parts, whole=whole
    )


def _closed(days: Sequence[Row]) -> list[str]:
    """Days that are assumed to be closed, in a sentence."""
    closed = [day for day in days if day["closed_assumed"]]
    if not closed:
        return []
    if len(days) == 1:
        return [_("Se da por cerrado, como casi siempre en un día así. Si abre, indíquelo en el formulario.")]
    listed = ", ".join(formats.day(day["date"]) for day in closed[:MOST_LISTED])
    more = len(closed) - MOST_LISTED
    return [
        _(
            "Se dan por cerrados, como casi siempre en días así: {days}. Si abre, indíquelo en el formulario."
        ).format(
            days=listed
            if more <= 0
            else _("{days} y {count} más").format(days=listed, count=formats.count(more))
        )
    ]


def _band(days: Sequence[Row]) -> list[str]:
    if days[0]["low"] is None:
        return []
    parts, whole = odds(days[0]["coverage"])
    return [
        _(
            "La banda del gráfico es la de cada día: {parts} de cada {whole} días deberían quedar dentro. No "
            "vale para el total, pues lo que un día vende de más otro lo vende de menos."
        ).format(parts=parts, whole=whole)
    ]


def _flagged(days: Sequence[Row]) -> str:
    promotions, holidays = (sum(bool(day[flag]) for day in days) for flag in ("promotion", "holiday"))
    return ", ".join(
        [
            formats.counted(promotions, "con promoción", "con promoción"),
            formats.counted(holidays, "festivo", "festivos"),
        ]
    )


def _remarks(said: Sequence[str]) -> html.Div:
    return html.Div(
        [dmc.Text(text, size="sm", c="dimmed") for text in said],
        id="forecast-remarks",
        className="forecast-remarks",
    )


def _signed(value: float, write: Any) -> str:
    """`value` with its sign, also a plus."""
    return ("+" if value > 0 else "") + str(write(value, 1 if write is formats.percent else 2))
