"""`ventas rollback`: an earlier version becomes champion again, by hand, with a reason."""

from collections.abc import Sequence

import click

from ventas.api_client import ApiClient, Json
from ventas.cli.output import print_json
from ventas.errors import Conflict, ModelUnusable, NotFound
from ventas.settings import load_settings


@click.command()
@click.argument("version", type=click.IntRange(1), required=False)
@click.option("--reason", required=True, help="Why, for those who look at it later.")
@click.option("--json", "as_json", is_flag=True, help="Print the promotion as JSON.")
def rollback(version: int | None, reason: str, as_json: bool) -> None:
    """Make VERSION the champion, or the newest one before the present champion that can still be served.

    The version is checked first; who did it, when and why is kept. Later uploads are judged against it.
    """
    with ApiClient(load_settings()) as api:
        promotion, lost = _promote(api, version, reason) if version else _go_back(api, reason)
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


def _promote(api: ApiClient, version: int, reason: str) -> tuple[Json, list[Json]]:
    """The promotion of a version, and what the champion before it knew and this one does not."""
    lost = api.losses(version)
    return api.promote(version, reason), lost


def _go_back(api: ApiClient, reason: str) -> tuple[Json, list[Json]]:
    """Promote the newest earlier champion that MLflow still has and that passes its checks; tell of the others."""
    versions = earlier_champions(api.promotions())
    for version in versions:
        try:
            return _promote(api, version, reason)
        except (NotFound, ModelUnusable) as error:
            click.echo(f"Version {version} is passed over: {error}", err=True)
    lack = (
        "none of the earlier champions can be served"
        if versions
        else "there is no earlier champion to go back to"
    )
    raise Conflict(f"Nothing was changed: {lack}; `ventas models` lists the versions.")


def earlier_champions(promotions: Sequence[Json]) -> list[int]:
    """The versions before the present champion, the one that it replaced first, of `promotions`, newest first."""
    replaced = [one["previous_version"] for one in promotions[:1]]
    versions = [*replaced, *(one["model_version"] for one in promotions)]
    current = promotions[0]["model_version"] if promotions else None
    return [int(one) for one in dict.fromkeys(versions) if one not in (None, current)]
