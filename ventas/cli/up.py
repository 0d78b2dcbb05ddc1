"""`ventas up`: everything started by one command and stopped by Ctrl-C; and its helpers `migrate`, `clean-state`."""

import os
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]


@click.command()
@click.option("--logs", is_flag=True, help="Show what the services write, prefixed with their names.")
@click.option("--timeout", default=180, show_default=True, help="Seconds within which all must answer.")
def up(logs: bool, timeout: int) -> None:
    """Start all services, and stop them with Ctrl-C."""
    from ventas.launcher.session import Session

    os.chdir(ROOT)  # where Procfile and .env are; relative settings mean the same from everywhere
    Session(ROOT, show_logs=logs, seconds=timeout).run()


@click.command()
def migrate() -> None:
    """Bring the tables of ledger and history up to date (`up` does it by itself)."""
    from ventas.launcher.places import make_home
    from ventas.ledger.migrate import upgrade
    from ventas.settings import load_settings

    settings = load_settings()
    make_home(settings.home)
    upgrade(settings)


@click.command("clean-state")
@click.option("--yes", is_flag=True, help="Do not ask; it is asked on a terminal only.")
def clean_state(yes: bool) -> None:
    """Empty the state folder: uploads, models, history, logs."""
    from ventas.launcher.places import empty_home
    from ventas.settings import load_settings

    home = load_settings().home
    if not home.exists():
        click.echo(f"{home} is not there: nothing to clean.")
        return
    if not yes and os.isatty(0):
        click.confirm(f"Empty {home}, with all uploads, models and history?", abort=True)
    empty_home(home)
    click.echo(f"{home} is empty.")
