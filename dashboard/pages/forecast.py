"""Pronóstico: a day, or several, in; sales, their interval and what promotions would change out."""

from datetime import date
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import (
    charts,
    context,
    forecast_answers,
    forecast_chart,
    forecast_days,
    forecast_parts,
    formats,
)
from dashboard.forecast_csv import forecast_csv
from dashboard.forecast_days import ALL as EVERY_DAY
from dashboard.forecast_days import ENTERED, MOST_DAYS, NONE, SCENARIOS, Row
from dashboard.forecast_form import COLUMN, ONE, SEVERAL, column_inputs, form, offered
from dashboard.i18n import gettext as _
from dashboard.i18n import language, title
from dashboard.i18n import mark as N_
from dashboard.parts import (
    NO_PROBLEM,
    card,
    empty,
    page_header,
    problem_notice,
    problem_outputs,
    problem_shown,
)
from dashboard.problems import ApiProblem
from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY
from ventas.public_holidays import holidays_between

_BUSY = {"running": [(Output("forecast-send", "loading"), True, False)]}
_LIVE = {"aria-live": "polite"}
_SCENARIO_NAMES = {
    ENTERED: N_("Como los marqué"),
    EVERY_DAY: N_("Todos con promoción"),
    NONE: N_("Ninguno con promoción"),
}

# What tells the files of the scenarios apart.
_SCENARIO_FILES = {ENTERED: (), EVERY_DAY: ("con_promocion",), NONE: ("sin_promocion",)}


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
    _register_form(app)
    app.callback(
        Output("forecast-answer", "data"),
        Output("forecast-scenario", "value"),
        *problem_outputs("forecast"),
        Input("forecast-send", "n_clicks"),
        Input("forecast-retry", "n_clicks"),
        State("forecast-mode", "value"),
        State("forecast-weekday", "value"),
        State("forecast-promotion", "checked"),
        State("forecast-holiday", "checked"),
        State("forecast-date", "value"),
        State("forecast-days", "rowData"),
        State("forecast-champion", "data"),
        State({"type": COLUMN, "name": ALL}, "value"),
        prevent_initial_call=True,
        **_BUSY,
    )(predict)
    app.callback(
        Output("forecast-result", "children"),
        Output("forecast-whatif", "hidden"),
        Output("forecast-change", "children"),
        Output("forecast-downloads", "hidden"),
        Output("forecast-drawn", "hidden"),
        Output("forecast-drawn", "children"),
        Input("forecast-answer", "data"),
        Input("forecast-scenario", "value"),
        prevent_initial_call=True,
    )(show)
    app.callback(
        Output("forecast-download", "data"),
        Input("forecast-csv", "n_clicks"),
        Input("forecast-excel", "n_clicks"),
        State("forecast-answer", "data"),
        State("forecast-scenario", "value"),
        prevent_initial_call=True,
    )(download)


def _register_form(app: Dash) -> None:
    app.callback(
        Output("forecast-one", "hidden"),
        Output("forecast-several", "hidden"),
        Input("forecast-mode", "value"),
    )(follow_mode)
    app.callback(
        Output("forecast-weekday", "value"),
        Output("forecast-weekday", "disabled"),
        Output("forecast-weekday", "description"),
        Output("forecast-holiday", "checked"),
        Output("forecast-holiday", "description"),
        Input("forecast-date", "value"),
        State("forecast-weekday", "value"),
        prevent_initial_call=True,
    )(follow_date)
    app.callback(
        Output("forecast-days", "rowData"),
        Output("forecast-days-part", "hidden"),
        Output("forecast-range", "error"),
        Input("forecast-range", "value"),
        State("forecast-days", "rowData"),
        prevent_initial_call=True,
    )(fill_days)
    app.callback(
        Output("forecast-send", "disabled"),
        Input("forecast-mode", "value"),
        Input("forecast-days", "rowData"),
    )(nothing_to_ask)
    app.callback(
        Output("forecast-columns", "children"),
        Output("forecast-champion", "data"),
        Input("forecast-retry", "n_clicks"),
        Input("forecast-send", "n_clicks"),
        State("forecast-champion", "data"),
    )(ask_columns)


def layout(**_query: str) -> html.Div:
    """The page."""
    return html.Div(
        [
            page_header(_("Pronóstico"), _("¿Cuánto se venderá? Responde el modelo que está en producción.")),
            dcc.Store(id="forecast-answer"),
            dcc.Store(id="forecast-champion"),
            dcc.Download(id="forecast-download"),
            problem_notice("forecast"),
            html.Div([card(form(), title=_("Qué días")), _result_card()], className="two-columns"),
            html.Div(id="forecast-drawn", hidden=True, className="forecast-drawn"),
        ]
    )


def follow_mode(mode: str) -> tuple[bool, bool]:
    """Which half of the form is hidden."""
    return mode != ONE, mode != SEVERAL


def follow_date(day: str | None, weekday: str | None) -> tuple[str | None, bool, str, bool, str]:
    """The weekday's value, whether it is fixed, and why; whether the date is a holiday, and which."""
    if not day:
        return weekday, False, "", False, ""
    chosen = date.fromisoformat(day)
    name = holidays_between(context.settings().HOLIDAY_COUNTRY, chosen, chosen, language()).get(chosen, "")
    return str(chosen.isoweekday()), True, _("Lo indica la fecha elegida."), bool(name), name


def fill_days(
    chosen: list[str | None] | None, before: list[Row] | None
) -> tuple[list[Row] | Any, bool | Any, str]:
    """A row for each day of the range, whether to hide them, and what is wrong with the range."""
    first, last = chosen if chosen else (None, None)
    if not first or not last:
        return ([], True, "") if not first else (no_update, no_update, "")
    if (asked := forecast_days.length(first, last)) > MOST_DAYS:
        return [], True, _too_many(asked)
    days = forecast_days.days_between(first, last)
    rows = forecast_days.day_rows(days, context.settings().HOLIDAY_COUNTRY, language())
    return forecast_days.kept(rows, before or []), False, ""


def _too_many(days: int) -> str:
    return _("Son {count} días; elija {most} como mucho.").format(count=formats.count(days), most=MOST_DAYS)


def nothing_to_ask(mode: str, rows: list[Row] | None) -> bool:
    """Whether several days are wanted and none is chosen yet."""
    return mode == SEVERAL and not rows


def ask_columns(
    _again: int | None, _sent: int | None, known: Row | None
) -> tuple[list[Any] | Any, Row | Any]:
    """Inputs for the further columns of the champion; those that are there stay, with what was entered."""
    try:
        told = offered(context.api().champion_columns())
    except ApiProblem:  # the header says so, and the next forecast asks again
        return no_update, no_update
    if known and {**known, "model_version": None} == {**told, "model_version": None}:
        return no_update, no_update
    return column_inputs(told), told


def predict(
    _sent: int | None,
    _again: int | None,
    mode: str,
    weekday: str,
    promotion: bool,
    holiday: bool,
    day: str | None,
    rows: list[Row] | None,
    champion: Row | None,
    entered: list[Any],
) -> tuple[Any, Any, bool, str]:
    """The answers for what the form holds, or none and a sentence."""
    if not _sent:  # a retry of the columns alone
        return no_update, no_update, *NO_PROBLEM
    wanted = forecast_answers.Wanted(champion or {}, entered)
    try:
        if mode == SEVERAL and len(rows or []) > MOST_DAYS:
            return None, ENTERED, False, _too_many(len(rows or []))
        if wanted.missing_series:
            return forecast_answers.without_series(wanted.missing_series), ENTERED, *NO_PROBLEM
        if mode == SEVERAL:
            return forecast_answers.of_days(rows or [], wanted), ENTERED, *NO_PROBLEM
        values: Row = {WEEKDAY: int(weekday), PROMOTION: int(promotion), HOLIDAY: int(holiday)}
        if day:
            values |= {DATE: day, WEEKDAY: date.fromisoformat(day).isoweekday()}
        return forecast_answers.of_one_day(values, wanted), ENTERED, *NO_PROBLEM
    except ApiProblem as problem:
        return None, ENTERED, *problem_shown(problem)


def show(answer: Row | None, scenario: str) -> tuple[Any, ...]:
    """Result, what-if, downloads and chart of the answers in one scenario."""
    if not answer:
        waiting = empty(_("No hay pronóstico que mostrar."), "forecast")
        return waiting, True, "", True, True, []
    if answer["missing_series"]:
        return forecast_parts.choose_series(answer["missing_series"]), True, "", True, True, []
    days, entered = (forecast_answers.days_of(answer, which) for which in (scenario, ENTERED))
    change = forecast_parts.changed(forecast_days.change(days, entered)) if scenario != ENTERED else ""
    return (
        _result(answer, scenario, days),
        len(answer["answers"]) == 1,
        change,
        False,
        False,
        _chart_card(days, answer),
    )


def download(
    _plain: int | None, _excel: int | None, answer: Row | None, scenario: str
) -> dict[str, Any] | Any:
    """The forecast that is shown as a file."""
    if not answer or answer["missing_series"]:
        return no_update
    excel = ctx.triggered_id == "forecast-excel"
    questions = forecast_days.questions(answer["rows"], answer["further"], SCENARIOS[scenario])
    data = forecast_csv(questions, answer["answers"][scenario], excel=excel)
    first, last = answer["rows"][0]["date"], answer["rows"][-1]["date"]
    told = ("pronostico", first, last, *_SCENARIO_FILES[scenario], *(["excel"] if excel else []))
    name = "_".join(dict.fromkeys(told))
    return dcc.send_bytes(data, f"{name}.csv", type="text/csv")


def _result(answer: Row, scenario: str, days: list[Row]) -> list[Any]:
    given = answer["answers"][scenario]
    version, told = given["model_version"], given["predictions"][0]
    if len(answer["answers"]) == 1:
        return forecast_parts.one_day(days[0], told)
    return forecast_parts.several_days(days, version, told)


def _result_card() -> Any:
    waiting = empty(_("Complete los datos y pulse «Pronosticar»."), "forecast")
    return card(
        html.Div(waiting, id="forecast-result", **_LIVE),
        html.Div(
            [
                dmc.Text(_("¿Y si…?"), size="sm", fw=600),
                dmc.SegmentedControl(
                    id="forecast-scenario",
                    data=[{"value": name, "label": _(text)} for name, text in _SCENARIO_NAMES.items()],
                    value=ENTERED,
                    className="forecast-scenarios",
                    **{"aria-label": _("Promociones supuestas")},
                ),
                dmc.Text(id="forecast-change", className="forecast-change", **_LIVE),
            ],
            id="forecast-whatif",
            hidden=True,
            className="forecast-part",
        ),
        html.Div(
            [
                dmc.Button(_("Descargar CSV"), id="forecast-csv", variant="default", size="sm"),
                dmc.Button(_("CSV para Excel"), id="forecast-excel", variant="default", size="sm"),
            ],
            id="forecast-downloads",
            hidden=True,
            className="forecast-part forecast-downloads",
        ),
    )


def _chart_card(days: list[Row], answer: Row) -> Any:
    """Made anew with its figure: a chart that is drawn while it is hidden has no size to go by.

    A single day with nothing to compare it with is no chart.
    """
    heading = _("Ventas recientes y pronóstico")
    note = dmc.Text(answer["note"], id="forecast-chart-note", size="sm", c="dimmed")
    if len(days) == 1 and not answer["sold"]:
        return card(note, title=heading)
    label = _("Ventas recientes y pronóstico por día, con promociones y festivos")
    chart = charts.graph("forecast-chart", label, 360)
    chart.children.figure = forecast_chart.forecast(days, answer["sold"])
    return card(note, chart, title=heading)
