"""`ventas doctor`: every part asked, and what to do about those that are not well."""

from dataclasses import asdict

import click

from ventas.cli.output import console, plain, plain_table, print_json
from ventas.cli.up import ROOT
from ventas.launcher.environment import start_command
from ventas.launcher.places import services_that_run
from ventas.launcher.services import SERVICES, wanted
from ventas.settings import Settings, load_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Check every part of the system and say what to do; exit code 1 if something is wrong."""
    from ventas.doctor import examine  # loads what all parts need

    settings = load_settings()
    findings = examine(settings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        if _is_down(settings):
            start = start_command(settings, ROOT)
            console().print(plain(f"The system is not running: start it with `{start}`.", "bold red"))
        table = plain_table("part", "", "what", "what to do", elastic={"what", "what to do"})
        for one in findings:
            state = plain("ok", "green") if one.ok else plain("wrong", "bold red")
            table.add_row(plain(one.part), state, plain(one.what), plain(one.remedy))
        console().print(table)
    if not all(finding.ok for finding in findings):
        click.get_current_context().exit(1)


def _is_down(settings: Settings) -> bool:
    """Whether no service of the state folder runs, of a system that this machine runs whole.

    Of one in containers or on several machines, what runs elsewhere cannot be seen.
    """
    return len(wanted(settings)) == len(SERVICES) and not services_that_run(settings.home)
