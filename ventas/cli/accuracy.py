"""`ventas accuracy`: how far predictions were from what then was sold."""

from datetime import datetime

import click
from rich.console import RenderableType

from ventas.api_client import ApiClient, Json
from ventas.cli.output import clipped, console, figure, plain_table, print_json
from ventas.settings import load_settings

SEGMENTS = ("weekday", "promotion", "holiday", "series")


@click.command()
@click.option("--by", "segment", type=click.Choice(SEGMENTS), help="A line for each value of this.")
@click.option("--version", "model_version", type=click.IntRange(1), help="Only this version.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="From this day of sales."
)
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Up to this day of sales."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def accuracy(
    segment: str | None,
    model_version: int | None,
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """Show the errors of predictions that came true, by version; «shadow» was not served.

    «judged» is the version's RMSE when it was judged.
    """
    days = {name: day.date().isoformat() for name, day in (("since", since), ("until", until)) if day}
    wanted: Json = {"segment": segment, "model_version": model_version} | days
    with ApiClient(load_settings()) as api:
        found = api.accuracy({name: value for name, value in wanted.items() if value is not None})
    if as_json:
        print_json(found)
        return
    out = console()
    if not found:
        out.print("No prediction has come true yet: the next upload with days that were forecast tells.")
        return
    table = plain_table(
        "version", segment or "", "rows", "MAE", "RMSE", "judged", "WAPE", "coverage", "from", "to"
    )
    for one in found:
        table.add_row(*_cells(one))
    out.print(table)


def _cells(one: Json) -> list[RenderableType]:
    return [
        f"{one['model_version']}{' shadow' if one['shadow'] else ''}",
        clipped("" if one["segment"] is None else one["segment"]),
        str(one["rows"]),
        figure(one["mae"]),
        figure(one["rmse"]),
        figure(one["verdict_rmse"]),
        _share(one["wape"]),
        _share(one["coverage"]),
        one["first"],
        one["last"],
    ]


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
