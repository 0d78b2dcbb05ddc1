"""The command `ventas`: a group whose commands are loaded only when they are called, so that help is quick."""

import importlib

import click

from ventas.errors import VentasError

# Name -> module:attribute, in the order in which help lists them.
COMMANDS = {
    "up": "ventas.cli.up:up",
    "sample": "ventas.cli.sample:sample",
    "drop": "ventas.cli.drop:drop",
    "runs": "ventas.cli.runs:runs",
    "run": "ventas.cli.run:run",
    "predict": "ventas.cli.predict:predict",
    "models": "ventas.cli.models:models",
    "accuracy": "ventas.cli.accuracy:accuracy",
    "alerts": "ventas.cli.alerts:alerts",
    "retry": "ventas.cli.retry:retry",
    "replay": "ventas.cli.replay:replay",
    "approve": "ventas.cli.approve:approve",
    "rollback": "ventas.cli.rollback:rollback",
    "credentials": "ventas.cli.credentials:credentials",
    "doctor": "ventas.cli.doctor:doctor",
    "backup": "ventas.cli.backup:backup",
    "restore": "ventas.cli.backup:restore",
    "retention": "ventas.cli.retention:retention",
    "migrate": "ventas.cli.up:migrate",
    "clean-state": "ventas.cli.up:clean_state",
}

# What help says of each, so that it imports none of them.
SUMMARIES = {
    "up": "Start every service and say where it answers.",
    "sample": "Write a made-up sales file to try things with.",
    "drop": "Upload a file of sales, or of days to forecast, and follow it.",
    "runs": "List the runs of the pipeline, newest first.",
    "run": "Show the pipeline run ID, or keep the service NAME running.",
    "predict": "Ask the champion for the sales of one day.",
    "models": "List the versions of the model with their errors.",
    "accuracy": "Show how far predictions were from what was sold.",
    "alerts": "List what an operator should know.",
    "retry": "Start a run that failed, was rejected or superseded again.",
    "replay": "Judge past uploads anew and compare; changes nothing.",
    "approve": "Let a promotion that was held for approval happen.",
    "rollback": "Make an earlier version the champion again.",
    "credentials": "List where secrets come from, or print one.",
    "doctor": "Check every part and say what to do.",
    "backup": "Write all state into a folder or a tar file.",
    "restore": "Put a backup into an empty system.",
    "retention": "Delete what is older than settings keep.",
    "migrate": "Bring the ledger's schema up to date.",
    "clean-state": "Empty the state folder.",
}
WIDTH = 110


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports each on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Names of all commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command called `cmd_name`, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUMMARIES.get(name, "")) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command: an error meant for people is one line on stderr and exit code 1."""
        try:
            return super().invoke(ctx)
        except VentasError as error:
            click.echo(f"ventas: {error}", err=True)
            ctx.exit(1)
        except click.UsageError as error:
            error.show()
            ctx.exit(1)  # click's own 2 means "rejected" here


@click.group(cls=LazyGroup, context_settings={"max_content_width": WIDTH})
@click.version_option(package_name="ventas")
def cli() -> None:
    """Sales prediction from a dropped ventas.csv to a served champion."""


def main() -> None:
    """Entry point of the command `ventas`."""
    cli(prog_name="ventas")
