"""`ventas backup` and `ventas restore`: all state into one place, and out of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from ventas.cli.output import console, local_time, plain, plain_table, print_json
from ventas.cli.up import ROOT
from ventas.errors import PermanentError
from ventas.launcher.environment import start_command
from ventas.settings import Settings, load_settings

if TYPE_CHECKING:
    from ventas.backup.manifest import Manifest
    from ventas.backup.restore import Restored

PLACE = click.Path(path_type=Path)


@click.command()
@click.argument("path", metavar="FOLDER_OR_FILE", type=PLACE)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def backup(path: Path, as_json: bool) -> None:
    """Write ledger, MLflow's database and buckets to a new folder, or to one file if its name ends in .tar.

    The system may run meanwhile. Tokens, keys and .env are no part of it.
    """
    from ventas.backup.create import take_backup

    with _progress() as tell:
        manifest = take_backup(load_settings(), path, tell)
    if as_json:
        print_json({"path": str(path), **_summary(manifest)})
        return
    _print_content(manifest)
    console().print(plain(f"{path}: a whole backup. `ventas restore {path} --dry-run` reads all of it."))


@click.command()
@click.argument("path", metavar="FOLDER_OR_FILE", type=PLACE)
@click.option("--replace", is_flag=True, help="Delete what this system holds, if it is not empty.")
@click.option("--dry-run", is_flag=True, help="Only read the whole backup and see whether it fits.")
@click.option("--json", "as_json", is_flag=True, help="Print what was restored as JSON.")
def restore(path: Path, replace: bool, dry_run: bool, as_json: bool) -> None:
    """Put a backup into this system, which must be stopped and empty; start it afterwards with `make up`.

    The backup is verified before anything is touched. The store is started for a while where it does not run.
    """
    from ventas.backup.restore import Restore
    from ventas.backup.target import refuse_users

    settings = load_settings()
    restored = None
    if not dry_run:
        refuse_users(settings)  # before the whole backup is read; what came meanwhile is refused below
    with _progress() as tell:
        work = Restore(settings, path, tell)
        manifest = work.verify()
        if not dry_run:
            refuse_users(settings)
            with _store(settings):
                restored = work.begin(manifest, replace=replace)
    if as_json:
        print_json({"path": str(path), "restored": restored is not None, **_summary(manifest)})
        return
    _print_content(manifest)
    _print_end(settings, manifest, restored)


@contextmanager
def _store(settings: Settings) -> Iterator[None]:
    """MinIO, started for the block where this machine runs it and it is down."""
    from ventas.launcher.places import make_home
    from ventas.launcher.readiness import Health
    from ventas.launcher.services import service
    from ventas.launcher.system import System

    make_home(settings.home)
    if Health(settings).answers("minio") or not service("minio").is_wanted(settings):
        yield
        return
    system = System({})
    if system.choose_store().is_stand_in:
        raise PermanentError(
            "Only the stand-in for MinIO is here, whose objects end with it. Nothing was restored; get MinIO "
            "(README, Troubleshooting)."
        )
    try:
        system.start(["minio"])
        system.wait_ready()
        yield
    finally:
        system.stop()
        system.owner.close()


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield tell


def _summary(manifest: "Manifest") -> dict[str, object]:
    databases = {"ledger": manifest.ledger_database, "mlflow": manifest.mlflow_database}
    return {
        "created_at": manifest.created_at,
        "ventas": manifest.ventas,
        "ledger_revision": manifest.ledger_database.revision,
        "bytes": manifest.size,
        "databases": {name: one.stored.size for name, one in databases.items()},
        "objects": {name: count for name, (count, _) in _buckets(manifest).items()},
    }


def _buckets(manifest: "Manifest") -> dict[str, tuple[int, int]]:
    """Objects and bytes by bucket."""
    found: dict[str, tuple[int, int]] = {}
    for one in manifest.objects:
        if one.stored is not None:
            count, size = found.get(one.bucket, (0, 0))
            found[one.bucket] = count + 1, size + one.stored.size
    return found


def _print_content(manifest: "Manifest") -> None:
    table = plain_table("what", "objects", "size")
    for name, saved in (("ledger", manifest.ledger_database), ("MLflow", manifest.mlflow_database)):
        table.add_row(f"database of {name} ({saved.kind})", "", decimal(saved.stored.size))
    for bucket, (count, size) in sorted(_buckets(manifest).items()):
        table.add_row(f"bucket {bucket}", f"{count:,}", decimal(size))
    out = console()
    out.print(table)
    out.print(
        f"Taken {local_time(manifest.created_at)} by ventas {manifest.ventas}, every file with its SHA-256."
    )


def _print_end(settings: Settings, manifest: "Manifest", restored: "Restored | None") -> None:
    out = console()
    if restored is None:
        out.print("The backup is whole and fits this program. Nothing was changed.")
        return
    if restored.replaced:
        out.print(plain(f"Deleted before: {'; '.join(restored.replaced)}."))
    before = manifest.ledger_database.revision
    schema = (
        f"brought from schema {before} to {restored.revision}"
        if before != restored.revision
        else f"at schema {before}"
    )
    out.print(f"Restored {restored.objects:,} objects, MLflow's database and the ledger, {schema}.")
    start = start_command(settings, ROOT)
    out.print(plain(f"Tokens are no part of a backup: this system has its own. Start it with `{start}`."))
