"""Pronóstico: three or four answers in, one figure out."""

from datetime import date
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html

from dashboard import context, formats
from dashboard.i18n import mark as N_
from dashboard.i18n import title
from dashboard.parts import (
    NO_PROBLEM,
    card,
    empty,
    figure_of,
    figures,
    icon,
    page_header,
    problem_notice,
    problem_outputs,
    problem_shown,
)
from dashboard.problems import ApiProblem
from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY

_BUSY = {"running": [(Output("forecast-send", "loading"), True, False)]}


def register(app: Dash) -> None:
    """Add the page and its callbacks."""
    dash.register_page(
        __name__,
        path="/",
        name=N_("Pronóstico"),
        title=title("Pronóstico"),
        layout=layout,
        icon="forecast",
        order=0,
    )
    app.callback(
        Output("forecast-weekday", "value"),
        Output("forecast-weekday", "disabled"),
        Output("forecast-weekday", "description"),
        Input("forecast-date", "value"),
        State("forecast-weekday", "value"),
    )(follow_date)
    app.callback(
        Output("forecast-result", "children"),
        *problem_outputs("forecast"),
        Input("forecast-send", "n_clicks"),
        Input("forecast-retry", "n_clicks"),
        State("forecast-weekday", "value"),
        State("forecast-promotion", "checked"),
        State("forecast-holiday", "checked"),
        State("forecast-date", "value"),
        prevent_initial_call=True,
        **_BUSY,
    )(predict)


def layout(**_query: str) -> html.Div:
    """The page."""
    waiting = empty("Complete los datos y pulse «Pronosticar».", "forecast")
    return html.Div(
        [
            page_header(
                "Pronóstico", "¿Cuánto se venderá un día? Responde el modelo que está en producción."
            ),
            problem_notice("forecast"),
            html.Div(
                [card(_form(), title="El día"), html.Div(card(waiting), id="forecast-result", **_LIVE)],
                className="two-columns",
            ),
        ]
    )


def follow_date(day: str | None, weekday: str | None) -> tuple[str | None, bool, str]:
    """The weekday's value, whether it is fixed, and why: a date decides its own weekday."""
    if not day:
        return weekday, False, ""
    return str(date.fromisoformat(day).isoweekday()), True, "Lo indica la fecha elegida."


def predict(
    _sent: int | None,
    _again: int | None,
    weekday: str,
    promotion: bool,
    holiday: bool,
    day: str | None,
) -> tuple[Any, bool, str]:
    """The result for what the form holds, or the empty place and a sentence."""
    values: dict[str, Any] = {WEEKDAY: int(weekday), PROMOTION: int(promotion), HOLIDAY: int(holiday)}
    if day:
        values[DATE] = day
        values[WEEKDAY] = date.fromisoformat(day).isoweekday()
    try:
        answer = context.api().predict(values)
    except ApiProblem as problem:
        waiting = empty("No hay pronóstico que mostrar.", "forecast")
        return card(waiting), *problem_shown(problem)
    return _result(answer), *NO_PROBLEM


_LIVE = {"aria-live": "polite"}


def _form() -> dmc.Stack:
    return dmc.Stack(
        [
            dmc.DatePickerInput(
                id="forecast-date",
                label="Fecha (opcional)",
                description="Sin fecha se usa el próximo día de la semana elegido.",
                placeholder="Elegir una fecha",
                valueFormat="dddd D [de] MMMM [de] YYYY",
                clearable=True,
                leftSection=icon("calendar"),
                clearButtonProps={"aria-label": "Quitar la fecha"},
                ariaLabels={"previousMonth": "Mes anterior", "nextMonth": "Mes siguiente"},
            ),
            dmc.Select(
                id="forecast-weekday",
                label="Día de la semana",
                data=[{"value": str(day), "label": name} for day, name in enumerate(formats.weekdays(), 1)],
                value="1",
                allowDeselect=False,
                checkIconPosition="right",
            ),
            dmc.Switch(id="forecast-promotion", label="Hay promoción", checked=False),
            dmc.Switch(id="forecast-holiday", label="Es festivo", checked=False),
            dmc.Button("Pronosticar", id="forecast-send", size="md", fullWidth=True),
        ],
        gap="md",
    )


def _result(answer: dict[str, Any]) -> Any:
    when = formats.long_day(answer["Fecha"])
    given = answer.get("input_data") or {}
    return card(
        dmc.Text("Ventas previstas", c="dimmed", size="sm"),
        dmc.Text(formats.number(answer["prediction"]), id="forecast-value", className="big-number"),
        dmc.Text(f"para el {when}", id="forecast-day", className="big-number-note"),
        _assumed(answer),
        figures(
            figure_of("Promoción", formats.yes_no(given.get(PROMOTION))),
            figure_of("Festivo", formats.yes_no(given.get(HOLIDAY))),
            figure_of("Modelo", f"Versión {answer['model_version']}"),
        ),
        _unrecorded(answer),
    )


def _assumed(answer: dict[str, Any]) -> dmc.Text:
    said = "Fecha supuesta: es el próximo día con ese nombre." if answer.get("date_assumed") else ""
    return dmc.Text(said, id="forecast-assumed", size="sm", c="dimmed")


def _unrecorded(answer: dict[str, Any]) -> dmc.Text:
    said = (
        "" if answer.get("recorded", True) else "Este pronóstico aparecerá en el historial un poco más tarde."
    )
    return dmc.Text(said, size="sm", c="dimmed")
