"""`ventas retry`: a run that ended badly starts again at its first step."""

import click

from ventas.api_client import ApiClient
from ventas.cli.output import SHORT_ID, print_json
from ventas.settings import load_settings


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
def retry(run_id: str, as_json: bool) -> None:
    """Start the run with this id (its beginning will do) again, if it failed, was rejected or superseded.

    How it had ended stays in the list of its steps.
    """
    with ApiClient(load_settings()) as api:
        run = api.retry(api.find_run(run_id)["id"])
    if as_json:
        print_json(run)
        return
    click.echo(f"Run {run['id']} starts again. {run['note']}")
    click.echo(f"Look at it with `ventas run {run['id'][:SHORT_ID]}`.")
