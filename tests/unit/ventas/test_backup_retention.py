"""A backup taken after retention has deleted files: it is whole, and the restored system misses none of them."""

from datetime import timedelta
from pathlib import Path

import pytest
from old_runs import FILES, NOW, ended, made_buckets, runs_in_data, with_dataset
from sqlalchemy import create_engine, text

from ventas import doctor
from ventas.backup.buckets import Buckets
from ventas.backup.create import take_backup
from ventas.backup.restore import Restore
from ventas.errors import Conflict
from ventas.launcher.places import make_home
from ventas.ledger import Ledger, Run, UploadEvent
from ventas.ledger.migrate import upgrade
from ventas.pipeline.sweep import sweep
from ventas.retention import delete_part, deleted_sentence
from ventas.settings import DATA_BUCKET, MLFLOW_BUCKET, UPLOADS_BUCKET, Settings
from ventas.store import Store

BAD, GOOD = b"bad", b"good one"
KEY = "norte/ventas.csv"
ASKED_OF_THE_DOCTOR = ("state folder", "minio", "ledger", "runs", "backup")


class Parts:
    """What the sweep uses of a context."""

    def __init__(self, settings: Settings, ledger: Ledger):
        self.settings, self.ledger, self.store = settings, ledger, Store(settings)


@pytest.fixture
def lost(s3_settings: Settings) -> Settings:
    """A used system whose sweep deletes datasets and rejected uploads of a month ago."""
    limits = {"KEEP_DATASETS_DAYS": 30, "KEEP_REJECTED_DAYS": 30}
    settings = s3_settings.model_copy(update={"S3_STAND_IN": True} | limits)
    make_home(settings.home)
    upgrade(settings)
    engine = create_engine(settings.mlflow_backend_store_uri)
    with engine.begin() as connection:  # as MLflow calls its own
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("CREATE TABLE model_versions (version INTEGER)"))
    engine.dispose()
    return settings


@pytest.fixture
def buckets(lost: Settings) -> Buckets:
    found = made_buckets(lost)
    found.ensure_bucket(MLFLOW_BUCKET, versioned=False)
    found.empty(MLFLOW_BUCKET)
    return found


def _uploaded(ledger: Ledger, buckets: Buckets, body: bytes, days_ago: float, status: str) -> str:
    """The run of an upload that is in its bucket, or was until retention came."""
    put = buckets.put_bytes(UPLOADS_BUCKET, KEY, body)
    event = UploadEvent(UPLOADS_BUCKET, KEY, put.version_id, put.etag, put.size)
    (recorded,) = ledger.intake.record([event])
    with ledger.database.write() as session:
        run = session.get_one(Run, recorded.run_id)
        run.status, run.reason = status, "No dates."
        run.finished_at = run.uploaded_at = NOW - timedelta(days=days_ago)
    return str(recorded.run_id)


def test_what_retention_deleted_stays_deleted_told_and_missed_by_nobody(
    lost: Settings, buckets: Buckets, tmp_path: Path
) -> None:
    ledger = Ledger(lost)
    newest = with_dataset(buckets, ended(ledger, 1))
    old = with_dataset(buckets, ended(ledger, 60, model_version=7, model_deleted_at=NOW))
    good = _uploaded(ledger, buckets, GOOD, 20, "not_promoted")
    rejected = _uploaded(ledger, buckets, BAD, 40, "rejected")
    delete_part(ledger, lost)
    told = {run_id: deleted_sentence(ledger.runs.get(run_id)) for run_id in (newest, old, good, rejected)}
    assert [run_id for run_id, sentence in told.items() if sentence] == [old, rejected]
    ledger.close()

    manifest = take_backup(lost, tmp_path / "backup.tar", lambda *_: None)
    assert len(manifest.objects) == 1 + len(FILES), "the good upload, and the newest dataset"
    for name in (UPLOADS_BUCKET, DATA_BUCKET, MLFLOW_BUCKET):
        buckets.empty(name)
    empty = lost.model_copy(update={"VENTAS_HOME": tmp_path / "empty"})
    make_home(empty.home)
    work = Restore(empty, tmp_path / "backup.tar", lambda *_: None)
    assert work.begin(work.verify(), replace=False).objects == 1 + len(FILES)

    ledger = Ledger(empty)
    try:
        assert {run_id: deleted_sentence(ledger.runs.get(run_id)) for run_id in told} == told
        assert ledger.runs.get(old).model_deleted_at is not None
        with pytest.raises(Conflict, match="KEEP_REJECTED_DAYS"):
            ledger.replays.retry(rejected, "Ana")
        found = ledger.runs.get(good)
        assert buckets.get_bytes(UPLOADS_BUCKET, KEY, found.version_id) == GOOD
        assert buckets.get_bytes(UPLOADS_BUCKET, KEY) == GOOD, "the rejected one is the newest no more"
        sent: list[str] = []
        assert sweep(Parts(empty, ledger), lambda _, run_id: sent.append(run_id)).found == 0
        assert sent == [], "nothing is taken for new"
        delete_part(ledger, empty)
        assert runs_in_data(buckets) == {newest}, "and nothing more goes"
    finally:
        ledger.close()
    for part in ASKED_OF_THE_DOCTOR:
        doctor.CHECKS[part](empty)  # raises Trouble where it has something to say
