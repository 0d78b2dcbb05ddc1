"""`ventas run`: supervise a service by its name, or show a pipeline run by its id."""

import os
from typing import NoReturn

import click


@click.command()
@click.argument("what", metavar="NAME|ID")
@click.option("--json", "as_json", is_flag=True, help="Show the run as JSON (with an id).")
def run(what: str, as_json: bool) -> None:
    """Keep the service NAME running (minio, redis, mlflow, ...), or show the pipeline run ID."""
    from ventas.launcher.services import SERVICES

    if what in SERVICES:
        supervise(what)
        return
    from ventas.cli.show import show_run

    show_run(what, as_json)


def supervise(name: str) -> NoReturn:
    """Run the service until a signal, or until the process that started this one ends."""
    from ventas.launcher.checks import ledger_apart
    from ventas.launcher.services import service
    from ventas.launcher.supervise import become_supervisor
    from ventas.settings import load_settings

    settings = load_settings()
    found = service(name)
    if name in ("worker", "trainer") and (trouble := ledger_apart(settings)):
        click.echo(f"Warning: {trouble}", err=True)
    launch = found.launch(settings)  # what is missing on this machine is told now, not restarted for ever
    echo = os.environ.get("VENTAS_RUN_ECHO", "on") != "off"
    become_supervisor(name, launch, settings.home, echo=echo)
