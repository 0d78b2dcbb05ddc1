"""`ventas predict`: the champion's prediction for one day."""

from datetime import date, datetime

import click

from ventas.api_client import ApiClient, Json
from ventas.cli.output import figure, print_json
from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY
from ventas.errors import InvalidRequest
from ventas.settings import load_settings

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@click.command()
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="The day itself."
)
@click.option("--weekday", type=click.IntRange(1, 7), help="1 Monday to 7 Sunday; follows from --date.")
@click.option("--promotion/--no-promotion", default=False, help="Whether a promotion runs.  [default: no]")
@click.option("--holiday/--no-holiday", default=False, help="Whether it is a holiday.  [default: no]")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def predict(day: datetime | None, weekday: int | None, promotion: bool, holiday: bool, as_json: bool) -> None:
    """Ask the champion for the sales of one day, given by --date or --weekday."""
    inputs = _inputs(day.date() if day else None, weekday, promotion, holiday)
    with ApiClient(load_settings()) as api:
        answer = api.predict(inputs)
    if as_json:
        print_json(answer)
        return
    expected = (
        f"{figure(answer['prediction'])} on {_spoken(answer)}, by model version {answer['model_version']}."
    )
    click.echo(expected + _between(answer))
    if not answer["recorded"]:
        click.echo("ventas: the prediction could not be written to the history yet.", err=True)


def _inputs(day: date | None, weekday: int | None, promotion: bool, holiday: bool) -> Json:
    if day is None and weekday is None:
        raise InvalidRequest("Say which day: --date 2026-11-30, or --weekday 1 for the next Monday.")
    if day is not None and weekday not in (None, day.isoweekday()):
        raise InvalidRequest(
            f"{day} is a {WEEKDAYS[day.weekday()]}, weekday {day.isoweekday()}, not {weekday}."
        )
    inputs: Json = {
        WEEKDAY: weekday or (day.isoweekday() if day else None),
        PROMOTION: int(promotion),
        HOLIDAY: int(holiday),
    }
    return inputs | ({DATE: day.isoformat()} if day else {})


def _between(answer: Json) -> str:
    interval = answer.get("interval")
    if interval is None:
        return ""
    low, high = figure(interval["low"]), figure(interval["high"])
    return f" Between {low} and {high} with {interval['coverage']:.0%}."


def _spoken(answer: Json) -> str:
    day = date.fromisoformat(answer[DATE])
    assumed = " (the next one)" if answer.get("date_assumed") else ""
    return f"{WEEKDAYS[day.weekday()]} {day}{assumed}"
