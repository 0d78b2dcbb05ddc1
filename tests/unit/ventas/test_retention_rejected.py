"""Old rejected uploads go where KEEP_REJECTED_DAYS says so; what they were rejected for stays known."""

from datetime import timedelta

import pytest
from old_runs import NOW, made_buckets

from ventas.backup.buckets import Buckets
from ventas.errors import Conflict
from ventas.ledger import Ledger, Run, UploadEvent
from ventas.pipeline.replay import GONE, replay
from ventas.pipeline.sweep import sweep
from ventas.retention import delete_part, deleted_sentence, kinds
from ventas.retention.old import Amount
from ventas.settings import DATA_BUCKET, UPLOADS_BUCKET, Settings
from ventas.store import Store

KEY = "sur/ventas.csv"


@pytest.fixture
def kept(s3_settings: Settings) -> Settings:
    return s3_settings.model_copy(update={"KEEP_REJECTED_DAYS": 30})


@pytest.fixture
def buckets(kept: Settings) -> Buckets:
    return made_buckets(kept)


class Parts:
    """What the sweep and a replay use of a context."""

    def __init__(self, settings: Settings, ledger: Ledger):
        self.settings, self.ledger, self.store = settings, ledger, Store(settings)


def _uploaded(ledger: Ledger, buckets: Buckets, days_ago: float, status: str, key: str = KEY) -> Run:
    """A run of an upload in the bucket that ended so long ago; a rejected one has a report and bad rows."""
    put = buckets.put_bytes(UPLOADS_BUCKET, key, b"12345")
    event = UploadEvent(UPLOADS_BUCKET, key, put.version_id, put.etag, put.size)
    (recorded,) = ledger.intake.record([event])
    moment = NOW - timedelta(days=days_ago)
    with ledger.database.write() as session:
        run = session.get_one(Run, recorded.run_id)
        run.status, run.reason, run.finished_at, run.uploaded_at = status, "No dates.", moment, moment
    if status == "rejected":
        for name in (f"informes/{run.id}.md", f"informes/{run.id}.csv"):
            buckets.put_bytes(UPLOADS_BUCKET, name, b"12")
        buckets.put_bytes(DATA_BUCKET, f"runs/{run.id}/quality.json", b"1")
    return run


def _left(buckets: Buckets) -> set[tuple[str, str]]:
    """Key and version id of all that is there, delete markers too."""
    every = (*buckets.listed(UPLOADS_BUCKET), *buckets.listed(DATA_BUCKET))
    return {(one.version.key, one.version.version_id) for one in every}


def test_old_rejected_uploads_go_with_all_that_belongs_to_them(
    kept: Settings, ledger: Ledger, buckets: Buckets
) -> None:
    good = _uploaded(ledger, buckets, 50, "not_promoted")
    young = _uploaded(ledger, buckets, 29, "rejected", "norte/ventas.csv")
    stays = _left(buckets)
    old = _uploaded(ledger, buckets, 31, "rejected")
    days = _uploaded(ledger, buckets, 32, "rejected", "pronosticos/entrada/días.csv")
    buckets.put_bytes(UPLOADS_BUCKET, f"informes/{old.id}.md", b"12")  # an older version of the report
    delete_part(ledger, kept.model_copy(update={"KEEP_REJECTED_DAYS": 0}))
    (kind,) = kinds(ledger, kept)
    assert kind.count() == Amount(runs=2, bytes=2 * (5 + 2 + 2 + 1) + 2)
    delete_part(ledger, kept)
    assert _left(buckets) == stays
    assert buckets.stat(UPLOADS_BUCKET, KEY).version_id == good.version_id
    for run in (old, days):
        gone = ledger.runs.get(run.id)
        assert (gone.status, gone.reason) == ("rejected", "No dates.")
        assert "KEEP_REJECTED_DAYS" in str(deleted_sentence(gone))
    assert deleted_sentence(ledger.runs.get(young.id)) is None
    assert kind.delete() == Amount(0, 0), "asked twice"


def test_neither_sweep_nor_late_notification_takes_a_deleted_upload_for_new(
    kept: Settings, ledger: Ledger, buckets: Buckets
) -> None:
    _uploaded(ledger, buckets, 60, "not_promoted")
    old = _uploaded(ledger, buckets, 31, "rejected")
    buckets.delete_current(UPLOADS_BUCKET, KEY)  # its owner had deleted it: the marker stays
    delete_part(ledger, kept)
    sent: list[str] = []
    swept = sweep(Parts(kept, ledger), lambda _, run_id: sent.append(run_id))
    assert (swept.found, sent) == (0, [])
    late = UploadEvent(UPLOADS_BUCKET, KEY, old.version_id, old.etag, 5)
    assert ledger.intake.record([late])[0].outcome == "duplicate"
    buckets.put_bytes(UPLOADS_BUCKET, KEY, b"12345")
    assert sweep(Parts(kept, ledger), lambda _, run_id: sent.append(run_id)).found == 1
    assert len(sent) == 1, "the same bytes sent again are an upload"


@pytest.mark.parametrize("newer", [b"12345", b"a newer file"])
def test_without_versions_only_its_own_bytes_go(
    kept: Settings, ledger: Ledger, buckets: Buckets, bucket_name: str, newer: bytes
) -> None:
    buckets.ensure_bucket(bucket_name, versioned=False)
    put = buckets.put_bytes(bucket_name, KEY, b"12345")
    event = UploadEvent(bucket_name, KEY, "null", put.etag, put.size)
    (recorded,) = ledger.intake.record([event])
    with ledger.database.write() as session:
        run = session.get_one(Run, recorded.run_id)
        run.status, run.finished_at = "rejected", NOW - timedelta(days=31)
    buckets.put_bytes(bucket_name, KEY, newer)
    delete_part(ledger, kept)
    assert buckets.exists(bucket_name, KEY) is (newer != b"12345")


def test_whoever_is_killed_between_files_and_note_does_it_again(
    kept: Settings, ledger: Ledger, buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = _uploaded(ledger, buckets, 31, "rejected")

    def killed(run_id: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(ledger.old_files, "note_upload_deleted", killed)
        with pytest.raises(KeyboardInterrupt):
            delete_part(ledger, kept)
    assert _left(buckets) == set()
    assert ledger.runs.get(old.id).upload_deleted_at is None
    delete_part(ledger, kept)
    assert ledger.runs.get(old.id).upload_deleted_at is not None


def test_what_is_gone_is_neither_started_again_nor_replayed(
    kept: Settings, ledger: Ledger, buckets: Buckets
) -> None:
    old = _uploaded(ledger, buckets, 31, "rejected")
    delete_part(ledger, kept)
    with pytest.raises(Conflict, match="KEEP_REJECTED_DAYS"):
        ledger.replays.retry(old.id, "Ana")
    (found,) = replay(Parts(kept, ledger), ledger.replays.judged(old.uploaded_at), lambda *_: None)
    assert found.status == GONE
    assert "KEEP_REJECTED_DAYS" in found.reason
