"""Runs that ended long ago, with their files in an S3 stand-in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ventas.backup.buckets import Buckets
from ventas.ledger import Ledger, Promotion, Run, UploadEvent
from ventas.settings import DATA_BUCKET, UPLOADS_BUCKET, Settings

NOW = datetime.now(UTC)
FILES = ("train.csv", "test.csv", "outliers.csv", "rejected.csv", "quality.json", "profile.json")


def made_buckets(settings: Settings) -> Buckets:
    """The buckets of the pipeline, which other tests use too, without the files of these."""
    buckets = Buckets(settings)
    buckets.ensure_bucket(DATA_BUCKET, versioned=False)
    buckets.ensure_bucket(UPLOADS_BUCKET, versioned=True)
    for bucket in (DATA_BUCKET, UPLOADS_BUCKET):
        buckets.empty(bucket)
    return buckets


def ended(ledger: Ledger, days_ago: float, status: str = "not_promoted", **columns: Any) -> str:
    """The id of a run that ended so long ago; its dataset is complete unless `columns` say otherwise."""
    moment = NOW - timedelta(days=days_ago)
    upload = UploadEvent(UPLOADS_BUCKET, f"{days_ago}/ventas.csv", f"v{days_ago}", "e", 1)
    (recorded,) = ledger.intake.record([upload])
    told = {"status": status, "finished_at": moment, "uploaded_at": moment, "dataset_at": moment} | columns
    with ledger.database.write() as session:
        run = session.get_one(Run, recorded.run_id)
        for name, value in told.items():
            setattr(run, name, value)
    return str(recorded.run_id)


def with_dataset(buckets: Buckets, run_id: str, size: int = 10) -> str:
    """Put the files of a run's dataset, of `size` bytes each; the run's id again."""
    for name in FILES:
        buckets.put_bytes(DATA_BUCKET, f"runs/{run_id}/{name}", b"x" * size)
    return run_id


def runs_in_data(buckets: Buckets) -> set[str]:
    """The ids under which bucket `data` holds something."""
    return {one.version.key.split("/")[1] for one in buckets.listed(DATA_BUCKET, "runs/")}


def promoted(ledger: Ledger, version: int, before: int | None, days_ago: float) -> None:
    """Record a promotion of `version`."""
    row = Promotion(
        created_at=NOW - timedelta(days=days_ago),
        model_version=version,
        previous_version=before,
        source="verdict",
        actor="pipeline",
        reason="Better.",
    )
    with ledger.database.write() as session:
        session.add(row)
