"""`ventas credentials`: which users and secrets open what, and one of the secrets on request."""

import click

from ventas.cli.output import console, plain, plain_table
from ventas.secret_list import SECRETS
from ventas.settings import Settings, load_settings


@click.command()
@click.argument("name", metavar="[NAME]", required=False, type=click.Choice(list(SECRETS)))
def credentials(name: str | None) -> None:
    """List users and where their secrets come from, or print the secret called NAME and nothing else.

    The list tells no secret, so that it can be shown around; a NAME is for `$(ventas credentials minio)`.
    """
    settings = load_settings()
    if name:
        click.echo(SECRETS[name].value(settings))
    else:
        _print_list(settings)


def _print_list(settings: Settings) -> None:
    table = plain_table("name", "user", "opens", "comes from", elastic={"comes from"})
    for secret in SECRETS.values():
        source = secret.source(settings) + ("" if secret.is_there(settings) else " (not made yet)")
        table.add_row(secret.name, plain(secret.user(settings) or "-"), secret.opens, plain(source))
    console().print(table)
