"""`ventas sample`: write a made-up sales file."""

from pathlib import Path

import click

from ventas.errors import InvalidRequest


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 36_500), default=365, show_default=True, help="Rows, one a day."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=42, show_default=True, help="Same seed, same file."
)
@click.option(
    "--out", metavar="PATH", type=click.Path(path_type=Path), default=Path("ventas.csv"), show_default=True,
    help="File to write.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def sample(days: int, seed: int, out: Path, force: bool, as_json: bool) -> None:
    """Write a made-up sales file to try things with."""
    if out.exists() and (out.is_dir() or not force):
        how = "name a file in it" if out.is_dir() else "give another --out, or --force to replace it"
        raise InvalidRequest(f"{out} is there already; {how}.", field="out")
    from ventas.cli.output import print_json
    from ventas.sample import write_sample

    try:
        write_sample(out, days=days, seed=seed)
        size = out.stat().st_size
    except OSError as error:
        raise InvalidRequest(f"Cannot write {out}: {error.strerror or error}.", field="out") from error
    if as_json:
        print_json({"path": str(out), "days": days, "seed": seed, "bytes": size})
    else:
        click.echo(f"Wrote {days:,} days to {out}. Next: .venv/bin/ventas drop {out}")
