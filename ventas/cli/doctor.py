"""`ventas doctor`: every part asked, and what to do about those that are not well."""

from dataclasses import asdict

import click

from ventas.cli.output import console, plain, plain_table, print_json
from ventas.settings import load_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Check every part of the system and say what to do; exit code 1 if something is wrong."""
    from ventas.doctor import examine  # loads what all parts need

    findings = examine(load_settings())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table = plain_table("part", "", "what", "what to do", elastic={"what", "what to do"})
        for one in findings:
            state = plain("ok", "green") if one.ok else plain("wrong", "bold red")
            table.add_row(plain(one.part), state, plain(one.what), plain(one.remedy))
        console().print(table)
    if not all(finding.ok for finding in findings):
        click.get_current_context().exit(1)
