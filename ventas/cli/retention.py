"""`ventas retention`: what is too old to be kept, and its deletion now rather than sweep by sweep."""

import click

from ventas.cli.output import print_json
from ventas.ledger import Ledger
from ventas.retention import delete_old, history_limit
from ventas.settings import load_settings
from ventas.times import iso_z


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def retention(dry_run: bool, as_json: bool) -> None:
    """Delete predictions that are older than KEEP_HISTORY_DAYS; the sweep does so by itself, a part at each turn."""
    settings = load_settings()
    limit = history_limit(settings)
    ledger = Ledger(settings)
    try:
        old = ledger.retention.predictions_before(limit) if limit else 0
        if not dry_run:
            delete_old(ledger, settings, batches=None)
    finally:
        ledger.close()
    if as_json:
        print_json({"before": iso_z(limit), "predictions": old, "deleted": not dry_run})
    elif limit is None:
        click.echo("Everything is kept: KEEP_HISTORY_DAYS is not set.")
    else:
        told = "would be deleted" if dry_run else "were deleted"
        click.echo(
            f"{old:,} predictions from before {limit:%Y-%m-%d %H:%M} UTC {told}, with what came true of them."
        )
