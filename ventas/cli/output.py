"""What the commands share when they print: the console, JSON, times, and text that others wrote made harmless."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

STYLES = {
    "promoted": "bold green",
    "not_promoted": "yellow",
    "completed": "bold green",
    "rejected": "bold red",
    "failed": "bold red",
    "superseded": "dim",
    "ignored": "dim",
}
SHORT_ID = 13  # of a UUIDv7: its milliseconds, so two runs seldom share it


def console() -> Console:
    """A console on stdout; outside a terminal it breaks no line and cuts no cell."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=10_000)


def print_json(value: object) -> None:
    """`value` as JSON on stdout, for scripts."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def plain(text: object, style: str = "") -> Text:
    """Text from elsewhere (keys, reasons) without markup and without control characters."""
    return Text("".join(char if char.isprintable() else "·" for char in str(text)), style=style)


def status_text(status: str) -> Text:
    """A run's status in its colour."""
    return plain(status, STYLES.get(status, "cyan"))


def local_time(moment: str | None) -> str:
    """An ISO 8601 time of the API in this machine's zone, to the second; empty for None."""
    if not moment:
        return ""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Seconds from one ISO 8601 time to another; None where one is missing."""
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def figure(value: Any, digits: int = 2) -> str:
    """A number for people; empty for None."""
    return "" if value is None else f"{value:,.{digits}f}"


def clipped(text: object, style: str = "") -> Text:
    """Like `plain`, cut to the width that its column is left."""
    made = plain(text, style)
    made.no_wrap, made.overflow = True, "ellipsis"
    return made


def plain_table(*columns: str, elastic: Collection[str] = ()) -> Table:
    """A table without a frame, the way command line tools list things; `elastic` columns give way."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, no_wrap=name not in elastic)
    return table
