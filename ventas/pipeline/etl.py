"""Step one: the bytes of an upload become a clean dataset with a quality report, or a rejection with reasons."""

import sys
from pathlib import Path

import pandas as pd

from ventas.cleaned import Cleaned
from ventas.dataset_keys import dataset_key
from ventas.drift import profile
from ventas.errors import RejectedUpload
from ventas.ingest import ingest
from ventas.ledger import Lease, Run
from ventas.lost_knowledge import SERIES_FILE, Knowledge, series_sales
from ventas.memory import give_back
from ventas.pipeline.coalescing import superseded
from ventas.pipeline.context import Context
from ventas.pipeline.reality import PROFILE, face_reality
from ventas.pipeline.runner import Outcome
from ventas.pipeline.same_bytes import judged_already
from ventas.pipeline.uploads import (
    CSV,
    JSON,
    as_json,
    downloaded,
    file_sha256,
    rejection_reported,
    with_upload_order,
)
from ventas.promotion_plan import PLAN_COLUMNS, with_plan
from ventas.quality import Report
from ventas.remarks import remarks_report
from ventas.roles import Roles
from ventas.sample import is_sample
from ventas.settings import DATA_BUCKET
from ventas.split import Split, csv_parts, split
from ventas.states import RunStatus
from ventas.times import utc_now


def etl(context: Context, lease: Lease) -> Outcome:
    """Clean and split one upload into bucket `data`. Raises RejectedUpload and StoreUnavailable."""
    run = with_upload_order(context, lease)
    if (outcome := superseded(context, run)) is not None:
        return outcome
    with rejection_reported(context, lease, run), downloaded(context, run) as path:
        return _read(context, lease, run, path)


def _read(context: Context, lease: Lease, run: Run, path: Path) -> Outcome:
    run.sha256, run.recipe_digest = file_sha256(path), context.settings.recipe_digest
    context.ledger.runs.note(lease, sha256=run.sha256, recipe_digest=run.recipe_digest)
    return judged_already(context, run) or _clean(context, lease, run, path)


def _clean(context: Context, lease: Lease, run: Run, path: Path) -> Outcome:
    ingested = ingest(path, context.settings)
    give_back()
    parts = _split(context, ingested)
    give_back()
    report = ingested.report | parts.report
    report["example"] = is_sample(path, report)
    frame = ingested.frame
    _note_losses(context, lease.run_id, frame, report)
    _put_dataset(context, lease.run_id, ingested, parts, report, path.with_name("part.csv"))
    del ingested, parts
    give_back()
    context.ledger.runs.note(lease, dataset_at=utc_now())
    _publish_latest(context, lease)
    face_reality(context, run, frame, Roles.of_report(report))
    del frame
    give_back()
    return Outcome(RunStatus.RETRAIN, {"quality": report, "reason": None})


def _note_losses(context: Context, run_id: str, frame: pd.DataFrame, report: Report) -> None:
    """Keep the sales of each series beside the dataset, and remark on what the champion knows and the file lacks."""
    series = series_sales(frame, Roles.of_report(report)) if report["series"] else None
    if series is not None:
        context.store.put_bytes(DATA_BUCKET, dataset_key(run_id, SERIES_FILE), as_json(series), JSON)
    lost = context.knowledge.losses(context.ledger.promotions.head(), Knowledge(report, series))
    for name, values in remarks_report(lost).items():
        report[name] = [*report[name], *values]


def _split(context: Context, ingested: Cleaned) -> Split:
    """Train and test; a refusal keeps what is known of the file."""
    try:
        return split(with_plan(ingested.frame, ingested.roles), context.settings, ingested.roles)
    except RejectedUpload as error:
        error.report = ingested.report | {"rejection": error.report["rejection"]}
        error.bad_rows = ingested.bad_rows()
        raise


def _put_dataset(
    context: Context, run_id: str, ingested: Cleaned, parts: Split, report: dict[str, object], scratch: Path
) -> None:
    """Put all files of the dataset; tables by way of the file `scratch`, lest their text be held."""
    left_out = (*context.settings.LEFT_OUT_COLUMNS, *PLAN_COLUMNS)
    put = context.store.put_bytes
    tables = {"train": parts.train, "test": parts.test, "outliers": parts.outliers}
    put(DATA_BUCKET, dataset_key(run_id, "quality.json"), as_json(report), JSON)
    files = {"rejected": ingested.rejected_parts()} | {
        name: csv_parts(table) for name, table in tables.items()
    }
    if report["rows_older"]:
        files["older"] = ingested.older_parts()
    for name, text in files.items():
        with scratch.open("wb") as file:
            file.writelines(text)
        key = dataset_key(run_id, f"{name}.csv")
        context.store.upload_file(DATA_BUCKET, key, scratch, content_type=CSV)
    put(DATA_BUCKET, dataset_key(run_id, PROFILE), as_json(profile(parts.train, left_out)), JSON)


def _publish_latest(context: Context, lease: Lease) -> None:
    """Put the dataset of the newest upload at the bucket's root, for whoever just wants the latest.

    Two runs may do so at once. Each has marked its dataset as complete before, and looks again after writing: so
    the last to write has seen the newest. One that was killed in between comes here again.
    """
    latest = context.ledger.runs.latest_dataset()
    if latest is None or (latest.id != lease.run_id and lease.attempt == 1):
        return  # the newer run writes its own
    while True:
        _copy_to_root(context, latest.id)
        now_latest = context.ledger.runs.latest_dataset()
        if now_latest is None or now_latest.id == latest.id:
            return
        latest = now_latest


def _copy_to_root(context: Context, run_id: str) -> None:
    for name in ("train.csv", "test.csv"):
        data = context.store.get_bytes(DATA_BUCKET, dataset_key(run_id, name), max_bytes=sys.maxsize)
        context.store.put_bytes(DATA_BUCKET, name, data, CSV)
