"""`ventas approve`: a promotion that was held for approval happens."""

import click

from ventas.api_client import ApiClient
from ventas.cli.rollback import print_promotion
from ventas.settings import load_settings


@click.command()
@click.argument("version", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why, for those who look at it later.")
@click.option("--json", "as_json", is_flag=True, help="Print the promotion as JSON.")
def approve(version: int, reason: str, as_json: bool) -> None:
    """Promote VERSION, whose verdict was held: because APPROVAL=human, or for what would be lost (ON_LOSS).

    It must still be judged against the present champion, and passes its checks once more. Who approved it, when and
    why is kept with its run.
    """
    with ApiClient(load_settings()) as api:
        lost = api.losses(version)
        promotion = api.approve(version, reason)
    print_promotion(promotion, lost, as_json)
