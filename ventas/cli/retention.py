"""`ventas retention`: what is too old to be kept, and its deletion now rather than sweep by sweep."""

from datetime import datetime
from typing import Any

import click

from ventas.cli.output import print_json
from ventas.launcher.strangers import refuse_strangers
from ventas.ledger import Ledger
from ventas.retention import delete_old, history_limit, kinds
from ventas.retention.parts import Kind
from ventas.settings import Settings, load_settings
from ventas.times import iso_z


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def retention(dry_run: bool, as_json: bool) -> None:
    """Delete what settings (KEEP_...) no longer keep; the sweep does so by itself, a part at each turn."""
    settings = load_settings()
    limit = history_limit(settings)
    ledger = Ledger(settings)
    try:
        wanted = list(kinds(ledger, settings))
        if wanted:  # in another system it would be files of other models with the same numbers
            refuse_strangers(settings, "minio", "mlflow")
        rows = _history(ledger, settings, limit, dry_run=dry_run)
        files = [_files(kind, dry_run=dry_run) for kind in wanted]
    finally:
        ledger.close()
    if as_json:
        told = {"before": iso_z(limit), "predictions": rows, "files": files, "deleted": not dry_run}
        print_json(told)
        return
    done = "would be deleted" if dry_run else "were deleted"
    if limit is not None:
        click.echo(
            f"{rows:,} predictions from before {limit:%Y-%m-%d %H:%M} UTC {done}, with what came true of them."
        )
    for one in files:
        click.echo(
            f"{one['what']} of {one['runs']:,} runs {done}: {one['bytes']:,} bytes ({one['setting']})."
        )
    if limit is None and not files:
        click.echo(
            "Everything is kept: none of KEEP_HISTORY_DAYS, KEEP_DATASETS_DAYS, KEEP_REJECTED_DAYS and KEEP_VERSIONS "
            "is set."
        )


def _history(ledger: Ledger, settings: Settings, limit: datetime | None, *, dry_run: bool) -> int:
    rows = ledger.retention.predictions_before(limit) if limit else 0
    if not dry_run:
        delete_old(ledger, settings, batches=None)
    return rows


def _files(kind: Kind, *, dry_run: bool) -> dict[str, Any]:
    amount = kind.count() if dry_run else kind.delete(runs=None)
    return {"setting": kind.setting, "what": kind.what, "before": iso_z(kind.limit), **vars(amount)}
