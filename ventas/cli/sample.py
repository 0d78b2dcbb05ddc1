"""`ventas sample`: write a made-up sales file."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ventas.contract import TARGET, fitting_name
from ventas.errors import InvalidRequest

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 5_000_000  # what a default system reads of one file (MAX_ROWS)


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 36_500), default=365, show_default=True, help="Days, a row each."
)
@click.option(
    "--stores", type=click.IntRange(0, 20_000), default=0, show_default=True,
    help="Stores of a chain, a row for each on each day; 0 is one shop.",
)  # fmt: skip
@click.option("--customers", is_flag=True, help="Add Clientes, which nobody knows in advance, to a chain.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=42, show_default=True, help="Same seed, same file."
)
@click.option(
    "--out", metavar="PATH", type=click.Path(path_type=Path), default=Path("ventas.csv"), show_default=True,
    help="File to write.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def sample(days: int, stores: int, customers: bool, seed: int, out: Path, force: bool, as_json: bool) -> None:
    """Write a made-up sales file to try things with."""
    if customers and not stores:
        raise InvalidRequest(
            "Customers are those of a chain; say how many --stores it has.", field="customers"
        )
    if days * max(stores, 1) > MOST_ROWS:
        raise InvalidRequest(
            f"{days:,} days of {stores:,} stores are more than {MOST_ROWS:,} rows.", field="days"
        )
    if out.exists() and (out.is_dir() or not force):
        how = "name a file in it" if out.is_dir() else "give another --out, or --force to replace it"
        raise InvalidRequest(f"{out} is there already; {how}.", field="out")
    from ventas.cli.output import print_json
    from ventas.sample import write_sales

    frame, floor = _generated(days, stores, customers, seed)
    try:
        write_sales(frame, out)
        size = out.stat().st_size
    except OSError as error:
        raise InvalidRequest(f"Cannot write {out}: {error.strerror or error}.", field="out") from error
    if as_json:
        made = {"path": str(out), "days": days, "stores": stores, "seed": seed, "bytes": size}
        print_json(made | {"noise_floor": floor})
        return
    what = f"{days:,} days of {stores:,} stores" if stores else f"{days:,} days"
    click.echo(
        f"Wrote {what} to {out}; their noise alone is an RMSE of {floor:,.0f}. Next: .venv/bin/ventas {_drop(out)}"
    )


def _drop(out: Path) -> str:
    """The command that uploads the file, under a name that makes it an upload."""
    key = fitting_name(out.name)
    words = ["drop", str(out), *(["--key", key] if key != out.name else [])]
    return shlex.join(words)


def _generated(days: int, stores: int, customers: bool, seed: int) -> tuple["pd.DataFrame", float]:
    """The rows, and the RMSE of whoever knows their true means."""
    from ventas.sample import NOISE, generate
    from ventas.sample_chain import OPEN, generate_chain, noise_floor

    if not stores:
        return generate(days, seed), NOISE
    chain = generate_chain(stores, days, seed, customers=customers)
    return chain.frame, noise_floor(chain.frame[TARGET], chain.expected, chain.frame[OPEN])
