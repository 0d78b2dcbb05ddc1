"""`ventas rollback`: an earlier version becomes champion again, by hand, with a reason."""

import click

from ventas.api_client import ApiClient, Json
from ventas.cli.output import print_json
from ventas.errors import Conflict
from ventas.settings import load_settings


@click.command()
@click.argument("version", type=click.IntRange(1), required=False)
@click.option("--reason", required=True, help="Why, for those who look at it later.")
@click.option("--json", "as_json", is_flag=True, help="Print the promotion as JSON.")
def rollback(version: int | None, reason: str, as_json: bool) -> None:
    """Make VERSION the champion, or the one that was champion before the present one.

    The version is checked first; who did it, when and why is kept. Later uploads are judged against it.
    """
    with ApiClient(load_settings()) as api:
        target = version or _previous(api)
        lost = api.losses(target)
        promotion = api.promote(target, reason)
    print_promotion(promotion, lost, as_json)


def print_promotion(promotion: Json, lost: list[Json], as_json: bool) -> None:
    """Print which version became champion instead of which, and what that one knew and this one does not."""
    if as_json:
        print_json(promotion)
        return
    for loss in lost:
        click.secho(loss["sentence"], fg="yellow")
    before = promotion["previous_version"]
    instead = f" instead of version {before}" if before else ""
    click.echo(f"Version {promotion['model_version']} is the champion now{instead}.")
    click.echo("The API answers with it within seconds; `ventas models` shows it.")


def _previous(api: ApiClient) -> int:
    newest = api.promotions(limit=1)
    previous = newest[0]["previous_version"] if newest else None
    if previous is None:
        raise Conflict("There is no earlier champion to go back to; `ventas models` lists the versions.")
    return int(previous)
