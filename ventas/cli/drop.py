"""`ventas drop FILE`: upload a file and follow it: sales to their verdict, days to forecast to their answer."""

import logging
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from ventas.api_client import ApiClient, Json
from ventas.cli.following import Follower, LineView, LiveView, SilentView, View
from ventas.cli.output import SHORT_ID, console, plain, print_json
from ventas.cli.report import print_outcome
from ventas.cli.stages import is_final
from ventas.contract import FORECASTS_IN, Kind, fitting_name, is_upload_key, kind_of
from ventas.errors import ApiUnavailable, InvalidRequest, NotFound
from ventas.settings import UPLOADS_BUCKET, Settings, load_settings
from ventas.store import Store, Uploaded

REJECTED, FAILED, TIMED_OUT, INTERRUPTED = 2, 3, 4, 130
EXIT_CODES = {"rejected": REJECTED, "ignored": REJECTED, "failed": FAILED}


@dataclass
class Dropped:
    """An upload that is stored, and its run as it was last seen (None where there is none)."""

    key: str
    uploaded: Uploaded
    run: Json | None = None
    interrupted: bool = False

    def as_json(self) -> Json:
        """For scripts: the upload, and its run as far as it is known."""
        return {"bucket": UPLOADS_BUCKET, "key": self.key, **vars(self.uploaded), "run": self.run}


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--key", help="Name in the bucket; the file's own unless given.")
@click.option("--forecast", is_flag=True, help="FILE holds days to forecast, not sales.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the answer to a forecast into this file.")
@click.option("--no-follow", is_flag=True, help="Upload only.")
@click.option(
    "--timeout", metavar="SECONDS", type=click.FloatRange(min=0), default=600, show_default=True,
    help="Follow no longer than this.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the upload and its run as JSON.")
def drop(
    file: Path,
    key: str | None,
    forecast: bool,
    out: Path | None,
    no_follow: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Upload FILE and follow it: sales to their verdict, days to forecast to their answer.

    A key under pronosticos/entrada/ is a forecast file, with or without --forecast.

    Exit code: 0 judged (promoted or not), completed or superseded, 2 rejected, 3 failed, 4 not finished in time,
    1 for anything else, such as a part that does not answer.
    """
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its retries are no news for people
    settings = load_settings()
    key = _key(file, key, forecast)
    _check(file, key, settings.MAX_UPLOAD_BYTES)
    _check_out(out, key, no_follow)
    store, screen = Store(settings), console()
    with _view(screen, as_json) as view:
        dropped = Dropped(key, _upload(store, file, key, view))
        if not no_follow:
            _follow(settings, dropped, view, timeout)
    if out is not None:
        _fetch(store, dropped, out)
    if as_json:
        print_json(dropped.as_json())
    elif no_follow:
        screen.print(plain(f"Stored {UPLOADS_BUCKET}/{key} as version {dropped.uploaded.version_id}."))
    elif dropped.run is not None and is_final(dropped.run):
        print_outcome(screen, dropped.run)
        if out is not None and dropped.run.get("answer"):
            screen.print(plain(f"It was written to {out}."))
    if not no_follow:
        _exit(dropped, settings, timeout)


def _key(file: Path, key: str | None, forecast: bool) -> str:
    key = key or file.name
    return FORECASTS_IN + key if forecast and kind_of(key) is not Kind.FORECAST else key


def _check_out(out: Path | None, key: str, no_follow: bool) -> None:
    """Refuse an --out that could not be written, before anything is sent."""
    if out is None:
        return
    if kind_of(key) is not Kind.FORECAST or no_follow:
        raise InvalidRequest(
            "--out is for the answer to a forecast that is followed: use it with --forecast and without --no-follow.",
            field="out",
        )
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise InvalidRequest(f"{out} cannot be written: name a file in a folder that is there.", field="out")


def _fetch(store: Store, dropped: Dropped, out: Path) -> None:
    """Write the answer of a completed forecast into `out`."""
    answer = (dropped.run or {}).get("answer")
    if answer is None:
        return  # how it ended is told anyway
    try:
        store.download(UPLOADS_BUCKET, answer, None, out, max_bytes=sys.maxsize)
    except OSError as error:
        raise InvalidRequest(f"Cannot write {out}: {error.strerror or error}.", field="out") from error


def _check(file: Path, key: str, max_bytes: int) -> None:
    """Refuse before anything is sent what can only be refused afterwards."""
    if file.exists() and not file.is_file():
        raise InvalidRequest(f"{file} is no file; name the CSV file itself.", field="file")
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
    except OSError as error:
        raise InvalidRequest(f"Cannot read {file}: {error.strerror or error}.", field="file") from error
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            f"The name {key!r} is no valid text; give it another name in the bucket: --key ventas.csv",
            field="key",
        ) from error
    fits, reason = is_upload_key(key)
    if not fits:
        raise InvalidRequest(f"{reason} It would be ignored; {_proposal(file, key)}", field="key")
    if size > max_bytes:
        raise InvalidRequest(
            f"{file} has {size:,} bytes and at most {max_bytes:,} are read; send less, or raise MAX_UPLOAD_BYTES."
        )


def _proposal(file: Path, key: str) -> str:
    name = key.rsplit("/", 1)[-1]
    if file.suffix.lower() in {".xlsx", ".xls", ".ods"}:
        return "save the spreadsheet as CSV first"
    is_csv = name.lower().endswith((".csv", ".csv.gz"))
    proposed = name if is_csv else f"{file.stem}.csv"
    proposed = shlex.quote(
        FORECASTS_IN + proposed if kind_of(key) is Kind.FORECAST else fitting_name(proposed)
    )
    return f"give it another name in the bucket{'' if is_csv else ', if it is a CSV file'}: --key {proposed}"


def _view(out: Console, as_json: bool) -> View:
    if as_json:
        return SilentView()
    return LiveView(out) if out.is_terminal else LineView(out)


def _upload(store: Store, file: Path, key: str, view: View) -> Uploaded:
    size = file.stat().st_size
    try:
        return store.upload_file(UPLOADS_BUCKET, key, file, lambda done: view.sent(done, size))
    except OSError as error:
        raise InvalidRequest(f"Cannot read {file}: {error.strerror or error}.", field="file") from error
    except NotFound as error:
        raise NotFound(
            f"MinIO has no bucket {UPLOADS_BUCKET} yet; start the system with `make up`, which makes it."
        ) from error


def _follow(settings: Settings, dropped: Dropped, view: View, timeout: float) -> None:
    seen_within = 2 * settings.SWEEP_INTERVAL_SECONDS + 30  # the sweep finds what no event announced
    try:
        with ApiClient(settings) as api:
            for run in Follower(api, dropped.key, dropped.uploaded).snapshots(timeout, seen_within):
                dropped.run = run
                view.show(run)
    except ApiUnavailable as error:
        raise ApiUnavailable(
            f"The file is stored as version {dropped.uploaded.version_id} and will be worked on, but its run cannot"
            f" be followed. {error}"
        ) from error
    except KeyboardInterrupt:
        dropped.interrupted = True  # told when the display has ended


def _exit(dropped: Dropped, settings: Settings, timeout: float) -> None:
    run = dropped.run
    if dropped.interrupted and not is_final(run):
        where = f"`ventas run {run['id'][:SHORT_ID]}` shows it" if run else "`ventas runs` will show it"
        click.echo(f"ventas: the file is stored and its run goes on; {where}.", err=True)
        sys.exit(INTERRUPTED)
    if run is None:
        click.echo(
            "ventas: the file is stored, but no run of it was seen. Check that webhooks runs and that MinIO's log"
            f" shows no failed delivery; the sweep (beat and worker), every {settings.SWEEP_INTERVAL_SECONDS:g} s,"
            " finds what no event announced.",
            err=True,
        )
        sys.exit(TIMED_OUT)
    if not is_final(run):
        click.echo(
            f"ventas: the run is still in {run['status']} after {timeout:g} s and goes on;"
            f" `ventas run {run['id'][:SHORT_ID]}` shows it, --timeout waits longer. If it does not move, look at"
            f" .ventas/logs/{'trainer' if run['status'] == 'retrain' else 'worker'}.log.",
            err=True,
        )
        sys.exit(TIMED_OUT)
    sys.exit(EXIT_CODES.get(run["status"], 0))
