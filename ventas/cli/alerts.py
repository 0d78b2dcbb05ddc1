"""`ventas alerts`: what an operator should know, and what was done about it."""

import click

from ventas.api_client import ApiClient
from ventas.cli.output import clipped, console, local_time, plain_table, print_json
from ventas.settings import load_settings


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many to list.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def alerts(limit: int, as_json: bool) -> None:
    """List alerts, newest first: a champion that errs more than it did, a shadow that beats it, inputs that drift."""
    with ApiClient(load_settings()) as api:
        found = api.alerts(limit)
    if as_json:
        print_json(found)
        return
    out = console()
    if not found:
        out.print("No alert.")
        return
    table = plain_table("raised", "kind", "version", "action", "what", "outcome", elastic={"what", "outcome"})
    for one in found:
        table.add_row(
            local_time(one["created_at"]),
            one["kind"],
            str(one["model_version"]),
            one["action"],
            clipped(one["message"]),
            clipped(one["note"] or ""),
        )
    out.print(table)
