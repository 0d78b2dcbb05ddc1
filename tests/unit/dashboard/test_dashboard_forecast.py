"""The page Pronóstico without a browser: its days, what is asked, what the answers come to, the files."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboard import context, forecast_answers, forecast_chart, forecast_days, forecast_parts
from dashboard.app import create_app
from dashboard.client import Api
from dashboard.forecast_csv import forecast_csv
from dashboard.forecast_days import ENTERED, MOST_DAYS, SCENARIOS
from dashboard.forecast_form import column_inputs, offered
from dashboard.pages import forecast as page
from ventas.settings import Settings

CHRISTMAS = [date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26)]
COLUMNS = [
    {"name": "Tienda", "kind": "id", "type": "number"},
    {"name": "Precio", "kind": "number", "type": "number"},
    {"name": "Ciudad", "kind": "category", "type": "text"},
]
STORES = {"model_version": 3, "series": "Tienda", "columns": COLUMNS}


def christmas(*promoted: int) -> list[dict[str, Any]]:
    """Three days, those in `promoted` with a promotion."""
    rows = forecast_days.day_rows(CHRISTMAS, "AR", "es")
    return [row | {"promotion": place in promoted} for place, row in enumerate(rows)]


def answers(*values: float, coverage: float | None = 0.8) -> list[dict[str, Any]]:
    """What the API answers for so many days."""
    return [
        {
            "prediction": value,
            "interval": coverage and {"low": value - 10, "high": value + 20, "coverage": coverage},
        }
        for value in values
    ]


class FakeApi:
    """Answers 100 a day and 50 more with a promotion; keeps what it was asked."""

    def __init__(self, sold: httpx.Response) -> None:
        self.asked: list[tuple[str, Any]] = []
        self._sold = sold

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            self.asked.append((request.url.path, dict(request.url.params)))
            return self._sold
        body = json.loads(request.content)
        self.asked.append((request.url.path, body))
        rows = body.get("rows")
        made = [self._answer(row) for row in (rows or [body])]
        return httpx.Response(200, json={"model_version": 3, "predictions": made} if rows else made[0])

    @staticmethod
    def _answer(row: dict[str, Any]) -> dict[str, Any]:
        value = 100.0 + 50 * row["Promociones"]
        told = {"Fecha": row.get("Fecha", "2026-12-28"), "date_assumed": "Fecha" not in row}
        return answers(value)[0] | told | {"model_version": 3, "known": {"Fecha": "Fecha" in row}}


def sold(*days: str) -> httpx.Response:
    rows = [{"date": day, "sales": 90.0, "promotion": 0.6, "holiday": 0.2, "series": 2} for day in days]
    return httpx.Response(200, json=rows)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Any]:
    """Inside a request of a dashboard whose API is a fake; gives the fake's maker."""
    server = create_app(Settings(VENTAS_HOME=tmp_path, _env_file=None)).server
    with server.test_request_context():

        def make(found: httpx.Response | None = None) -> FakeApi:
            fake = FakeApi(found or sold())
            server.config["VENTAS_API"] = Api("http://api.test", transport=httpx.MockTransport(fake))
            return fake

        make()
        assert context.api()
        yield make


def test_a_range_has_a_row_a_day_with_public_holidays_named() -> None:
    rows = christmas()
    assert [row["date"] for row in rows] == ["2026-12-24", "2026-12-25", "2026-12-26"]
    assert [(row["holiday"], row["name"]) for row in rows[:2]] == [(False, ""), (True, "Navidad")]
    assert forecast_days.days_between("2026-12-30", "2027-01-02")[-1] == date(2027, 1, 2)
    assert forecast_days.days_between("2026-12-30", "2026-12-29") == []
    assert forecast_days.day_rows([], "AR", "es") == []


def test_a_range_that_changes_keeps_what_was_entered_for_its_days(ask: Any) -> None:
    entered = [row | {"promotion": True, "holiday": False} for row in christmas()]
    rows, hidden, error = page.fill_days(["2026-12-25", "2026-12-27"], entered)
    assert (hidden, error) == (False, "")
    assert [(row["promotion"], row["holiday"]) for row in rows] == [
        (True, False),
        (True, False),
        (False, False),
    ]


def test_a_range_is_filled_only_when_it_is_whole_and_short_enough(ask: Any) -> None:
    assert page.fill_days(None, None) == ([], True, "")
    assert page.fill_days(["2026-12-25", None], christmas())[2] == ""
    assert len(page.fill_days(["2026-01-01", "2026-04-02"], None)[0]) == MOST_DAYS
    assert "3.652.059" in page.fill_days(["0001-01-01", "9999-12-31"], None)[2]
    rows, hidden, error = page.fill_days(["2026-01-01", "2026-04-03"], None)
    assert (rows, hidden, error) == ([], True, "Son 93 días; elija 92 como mucho.")
    assert page.nothing_to_ask("several", rows)
    assert not page.nothing_to_ask("one", rows)


def test_a_date_decides_its_weekday_and_whether_it_is_a_holiday(ask: Any) -> None:
    assert page.follow_date("2026-11-30", "4") == ("1", True, "Lo indica la fecha elegida.", False, "")
    assert page.follow_date("2026-12-25", "4")[3:] == (True, "Navidad")
    assert page.follow_date(None, "4") == ("4", False, "", False, "")


def test_empty_columns_are_left_out_and_the_others_have_their_type() -> None:
    assert forecast_days.further_values(COLUMNS, ["17", "", None]) == {"Tienda": 17.0}
    assert forecast_days.further_values(COLUMNS, [None, 0, "=1"]) == {"Precio": 0.0, "Ciudad": "=1"}
    assert forecast_days.further_values(COLUMNS, ["norte", None, None]) == {"Tienda": "norte"}


def test_only_the_days_as_entered_are_recorded(ask: Any) -> None:
    api = ask()
    kept = forecast_answers.of_days(christmas(0), forecast_answers.Wanted({}, []))
    batches = [body for path, body in api.asked if path == "/predict/batch"]
    assert [body["record"] for body in batches] == [True, False, False]
    assert [[row["Promociones"] for row in body["rows"]] for body in batches] == [
        [1, 0, 0],
        [1, 1, 1],
        [0, 0, 0],
    ]
    assert batches[0]["rows"][1] == {
        "Fecha": "2026-12-25",
        "DíaDeLaSemana": 5,
        "Promociones": 0,
        "Festivo": 1,
    }
    entered, every, none = (forecast_answers.days_of(kept, name) for name in SCENARIOS)
    assert [forecast_days.total(days) for days in (entered, every, none)] == [350.0, 450.0, 300.0]
    assert [day["promotion"] for day in every] == [True, True, True]


def test_the_change_of_the_total_in_units_and_percent() -> None:
    days = forecast_days.scenario_days(christmas(), answers(100, 100, 200), None)
    more = forecast_days.scenario_days(christmas(), answers(200, 100, 200), 1)
    assert forecast_days.change(more, days) == forecast_days.Change(100.0, 0.25)
    assert forecast_parts.changed(forecast_days.change(more, days)) == "El total cambia en +100,00 (+25,0 %)."
    less = forecast_parts.changed(forecast_days.change(days, more))
    assert less == "El total cambia en −100,00 (−20,0 %)."
    assert forecast_parts.changed(forecast_days.change(days, days)) == "El total no cambia."
    nothing = forecast_days.scenario_days(christmas(), answers(0, 0, 0), None)
    assert forecast_parts.changed(forecast_days.change(days, nothing)) == "El total cambia en +400,00."


def test_recent_sales_are_asked_of_the_store_that_was_chosen(ask: Any) -> None:
    days = [f"2026-12-{number:02}" for number in (25, 24, 20, 19)]
    api = ask(sold(*days))
    kept = forecast_answers.of_days(christmas(), forecast_answers.Wanted(STORES, ["17", None, None]))
    assert ("/actuals", {"until": "2026-12-26", "limit": "59", "series": "17"}) in api.asked
    assert [row["date"] for row in kept["sold"]] == days
    assert (kept["note"], kept["missing_series"]) == ("", "")


@pytest.mark.parametrize("mode", ["one", "several"])
def test_without_a_store_one_is_to_be_chosen_and_no_figure_is_shown(ask: Any, mode: str) -> None:
    api = ask(sold("2026-12-20"))
    day = ("1", False, False, None, christmas())
    answer, *told = page.predict(1, None, mode, *day, STORES, [None, None, None])
    assert (api.asked, told) == ([], ["entered", True, ""])
    result, *rest = page.show(answer, "entered")
    assert "Elija «Tienda»" in str([part.to_plotly_json() for part in result])
    assert rest == [True, "", True, True, []]


def test_a_page_that_is_older_than_a_champion_of_stores_asks_for_one_too(ask: Any) -> None:
    api = ask()
    answers_of = api._answer
    api._answer = lambda row: answers_of(row) | {"series": "", "known": {"Tienda": False, "open": False}}
    kept = forecast_answers.of_days(christmas(), forecast_answers.Wanted({}, []))
    assert kept["missing_series"] == "Tienda"
    assert "Elija «Tienda»" in str([part.to_plotly_json() for part in page.show(kept, "entered")[0]])


def test_days_that_are_taken_to_be_closed_are_told() -> None:
    closed = [one | {"closed_assumed": True, "known": {"open": False}} for one in answers(0, 0)]
    days = forecast_days.scenario_days(christmas(), [*closed, *answers(100)], None)
    several = str([part.to_plotly_json() for part in forecast_parts.several_days(days, 3, closed[0])])
    assert "Se dan por cerrados, como casi siempre en días así: 24/12/2026, 25/12/2026. Si abre" in several
    assert "no conoce" not in several
    (day,) = days[:1]
    one = str([part.to_plotly_json() for part in forecast_parts.one_day(day, {"model_version": 1})])
    assert "Se da por cerrado" in one


def test_flags_are_yes_or_no_and_whole_numbers_have_no_decimals(ask: Any) -> None:
    blank = {"type": "number", "values": [], "values_count": 0, "low": None, "high": None, "default": None}
    columns = [
        blank | {"name": "Tienda", "kind": "id", "values": ["1", "2"], "values_count": 2},
        blank | {"name": "Abierto", "kind": "flag", "low": 0.0, "high": 1.0, "whole": True},
        blank | {"name": "Escuela", "kind": "flag", "low": 0.0, "high": 1.0, "default": 0.0, "whole": True},
        blank
        | {"name": "Clientes", "kind": "number", "low": 0.0, "high": 1200.0, "default": 4.5, "whole": True},
        blank | {"name": "Precio", "kind": "number", "low": 1.5, "high": 9.0},
        blank | {"name": "Metros", "kind": "number", "of_series": True},
    ]
    champion = offered({"series": "Tienda", "open": "Abierto", "columns": columns})
    assert [one["name"] for one in champion["columns"]] == [
        "Tienda",
        "Abierto",
        "Escuela",
        "Clientes",
        "Precio",
    ]
    shown = str(column_inputs(champion)[0].to_plotly_json())
    assert "0,00" not in shown
    for told in ("Lo habitual de ese día", "Habitual: No", "Entre 0 y 1.200 en los datos", "Habitual: 4,50"):
        assert told in shown
    assert "Lo habitual en «Tienda»" in shown
    assert "El modelo ya los sabe por «Tienda»: «Metros»." in shown
    sent = forecast_days.further_values(champion["columns"], ["1", "1", "0", 30, None])
    assert [(type(value), value) for value in sent.values()] == [(int, 1), (int, 1), (int, 0), (int, 30)]


@pytest.mark.parametrize(
    ("status", "said"), [(404, "Todavía no hay ventas"), (503, "no se pueden mostrar ahora")]
)
def test_a_forecast_comes_without_recent_sales_too(ask: Any, status: int, said: str) -> None:
    ask(httpx.Response(status, json={"detail": "x"}))
    values = {"DíaDeLaSemana": 1, "Promociones": 1, "Festivo": 0}
    kept = forecast_answers.of_one_day(values, forecast_answers.Wanted({}, []))
    assert said in kept["note"]
    assert kept["rows"] == [{"date": "2026-12-28", "promotion": True, "holiday": False, "name": ""}]
    told = kept["answers"][ENTERED]["predictions"][0]
    assert "Fecha supuesta" in forecast_parts.remarks(told)[0]


def test_what_the_model_did_not_know_is_told() -> None:
    said = forecast_parts.remarks({"known": {"Fecha": True, "plan": False, "Tienda": False, "open": False}})
    assert said == ["El modelo no conoce ese valor de «Tienda»: responde como para uno nuevo."]
    assert "más tarde" in forecast_parts.remarks({"recorded": False})[0]
    assert forecast_parts.remarks({"known": {"Fecha": False}, "recorded": True}) == []


@pytest.mark.parametrize(
    ("coverage", "said"), [(0.8, (8, 10)), (0.9, (9, 10)), (0.95, (95, 100)), (0.5, (5, 10))]
)
def test_coverage_is_said_in_whole_numbers(coverage: float, said: tuple[int, int]) -> None:
    assert forecast_days.odds(coverage) == said


def test_no_interval_of_the_total_is_told() -> None:
    days = forecast_days.scenario_days(christmas(), answers(100, 200, 300), None)
    shown = str([part.to_plotly_json() for part in forecast_parts.several_days(days, 3, {})])
    assert "600,00" in shown
    assert "200,00" in shown  # the mean
    assert "570,00" not in shown
    assert "660,00" not in shown
    assert "No vale para el total" in shown


def test_a_model_without_intervals_says_so() -> None:
    (day,) = forecast_days.scenario_days(christmas()[:1], answers(100, coverage=None), None)
    assert "no dice entre qué valores" in str(
        [part.to_plotly_json() for part in forecast_parts.one_day(day, {"model_version": 1})]
    )
    assert len(forecast_chart.forecast([day], []).data) == 3  # the line and two kinds of marks


def test_the_chart_has_sales_forecast_band_and_marks() -> None:
    days = forecast_days.scenario_days(christmas(0), answers(100, 200, 300), None)
    past = sold("2026-12-23", "2026-12-22").json()
    figure = forecast_chart.forecast(days, past)
    drawn = {trace.name: trace for trace in figure.data if trace.name}
    assert list(drawn["Ventas reales"].x) == ["2026-12-22", "2026-12-23"]
    assert list(drawn["Pronóstico"].y) == [100, 200, 300]
    assert list(drawn["Entre qué valores, 8 de cada 10 veces"].y) == [120, 220, 320]
    assert list(drawn["Promoción"].x) == ["2026-12-22", "2026-12-23", "2026-12-24"]
    assert list(drawn["Festivo"].x) == ["2026-12-25"]
    assert drawn["Promoción"].marker.symbol != drawn["Festivo"].marker.symbol
    assert "Navidad" in drawn["Pronóstico"].customdata[1]


def test_sales_of_long_ago_are_not_shown_beside_a_forecast(ask: Any) -> None:
    ask(sold("2022-03-06", "2022-03-05"))
    kept = forecast_answers.of_days(christmas(), forecast_answers.Wanted({}, []))
    assert kept["sold"] == []
    assert "son del 06/03/2022" in kept["note"]


def read(data: bytes, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=delimiter))


def test_both_files_have_the_same_figures() -> None:
    asked = forecast_days.questions(christmas(0), {"Precio": 4.5, "Ciudad": "=1+1"})
    answer = {"model_version": 3, "predictions": answers(1234.5, 100, 200)}
    plain, excel = (forecast_csv(asked, answer, excel=excel) for excel in (False, True))
    assert excel.startswith(b"\xef\xbb\xbf")
    header = "Fecha DíaDeLaSemana Promociones Festivo Precio Ciudad Pronóstico Mínimo Máximo VersiónDelModelo"
    first = ["2026-12-24", "4", "1", "0", "4.5", "'=1+1", "1234.50", "1224.50", "1254.50", "3"]
    assert read(plain, ",")[:2] == [header.split(), first]
    assert read(excel, ";")[1] == [cell.replace(".", ",") for cell in first]
    assert len(read(plain, ",")) == len(read(excel, ";")) == 4


def test_a_file_of_a_model_without_intervals_has_empty_ends() -> None:
    answer = {"model_version": 1, "predictions": answers(5, coverage=None)}
    data = forecast_csv(forecast_days.questions(christmas()[:1], {}), answer, excel=True)
    assert read(data, ";")[1][4:] == ["5,00", "", "", "1"]
