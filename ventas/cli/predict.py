"""`ventas predict`: the champion's prediction for one day."""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime

import click

from ventas.api_client import ApiClient, Json
from ventas.cli.output import figure, print_json
from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY
from ventas.errors import InvalidRequest
from ventas.settings import load_settings

_OWN_KEYS = (DATE, "open", "plan")  # of `known`; the other one is the column that tells series apart
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@click.command()
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="The day itself."
)
@click.option("--weekday", type=click.IntRange(1, 7), help="1 Monday to 7 Sunday; follows from --date.")
@click.option("--promotion/--no-promotion", default=False, help="Whether a promotion runs.  [default: no]")
@click.option("--holiday/--no-holiday", default=False, help="Whether it is a holiday.  [default: no]")
@click.option(
    "--set", "further", multiple=True, metavar="COLUMN=VALUE",
    help="A further column that the champion reads, such as its store; may come again.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def predict(
    day: datetime | None,
    weekday: int | None,
    promotion: bool,
    holiday: bool,
    further: tuple[str, ...],
    as_json: bool,
) -> None:
    """Ask the champion for the sales of one day, given by --date or --weekday."""
    inputs = _inputs(day.date() if day else None, weekday, promotion, holiday)
    with ApiClient(load_settings()) as api:
        columns = api.champion_columns() if further else []
        answer = api.predict(inputs | dict(_pair(text, columns) for text in further))
    if as_json:
        print_json(answer)
        return
    expected = (
        f"{figure(answer['prediction'])} on {_spoken(answer)}, by model version {answer['model_version']}."
    )
    click.echo(" ".join([expected + _between(answer), *_assumptions(answer)]))
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


def _pair(text: str, columns: Sequence[Json]) -> tuple[str, str | float]:
    """Name and value of `COLUMN=VALUE`, the value of the type that the API takes it as."""
    name, sign, value = text.partition("=")
    name = unicodedata.normalize("NFC", name)
    types = {column["name"]: column["type"] for column in columns}
    if not sign or name not in types:
        known = ", ".join(types) or "none"
        raise InvalidRequest(f"--set {text}: write COLUMN=VALUE with a column of the champion: {known}.")
    if types[name] == "text":
        return name, value
    try:
        return name, float(value)
    except ValueError as error:
        raise InvalidRequest(f"--set {text}: {name} is a number, such as 1.5.") from error


def _assumptions(answer: Json) -> list[str]:
    """What the champion was not told and took for granted, as sentences."""
    sentences = []
    for name, known in answer.get("known", {}).items():
        if known or name in _OWN_KEYS:
            continue
        if series := answer.get("series"):
            sentences.append(f"The champion does not know {name} {series}, and answers as for a new one.")
        else:
            sentences.append(
                f"Without {name} this is of any one, not the sum of all; name one by --set {name}=."
            )
    if answer.get("closed_assumed"):
        sentences.append(
            "It is taken to be closed, as it nearly always was on such days; --set says otherwise."
        )
    return sentences


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
