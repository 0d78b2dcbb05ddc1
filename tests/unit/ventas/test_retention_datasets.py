"""Old datasets go where KEEP_DATASETS_DAYS says so, and nothing that is needed does."""

import pytest
from ledger_databases import ON_BOTH
from old_runs import FILES, ended, made_buckets, promoted, runs_in_data, with_dataset

from ventas.backup.buckets import Buckets
from ventas.errors import StoreUnavailable
from ventas.ledger import Ledger
from ventas.pipeline.replay import GONE, replay
from ventas.retention import delete_part, deleted_sentence, kinds
from ventas.retention.old import Amount
from ventas.settings import DATA_BUCKET, Settings
from ventas.store import Store

pytestmark = ON_BOTH


@pytest.fixture
def kept(settings: Settings, s3_endpoint: str) -> Settings:
    return settings.model_copy(update={"MINIO_ENDPOINT": s3_endpoint, "KEEP_DATASETS_DAYS": 90})


@pytest.fixture
def buckets(kept: Settings) -> Buckets:
    return made_buckets(kept)


def test_all_are_kept_unless_the_setting_says_otherwise(
    kept: Settings, ledger: Ledger, buckets: Buckets
) -> None:
    run_id = with_dataset(buckets, ended(ledger, 5000))
    with_dataset(buckets, ended(ledger, 1))
    delete_part(ledger, kept.model_copy(update={"KEEP_DATASETS_DAYS": 0}))
    assert run_id in runs_in_data(buckets)


def test_old_ones_go_and_young_ones_stay(kept: Settings, ledger: Ledger, buckets: Buckets) -> None:
    old = [
        with_dataset(buckets, ended(ledger, days, status))
        for days, status in ((91, "failed"), (92, "superseded"), (93, "promoted"))
    ]
    young = with_dataset(buckets, ended(ledger, 89))
    buckets.put_bytes(DATA_BUCKET, "train.csv", b"latest")
    (kind,) = kinds(ledger, kept)
    assert kind.count() == Amount(runs=3, bytes=3 * len(FILES) * 10)
    assert runs_in_data(buckets) == {*old, young}, "counting deletes nothing"
    delete_part(ledger, kept)
    assert runs_in_data(buckets) == {young}
    assert buckets.get_bytes(DATA_BUCKET, "train.csv") == b"latest"
    assert "KEEP_DATASETS_DAYS" in str(deleted_sentence(ledger.runs.get(old[0])))
    assert deleted_sentence(ledger.runs.get(young)) is None
    assert kind.count() == kind.delete() == Amount(0, 0), "asked twice"


def test_what_is_in_use_stays(kept: Settings, ledger: Ledger, buckets: Buckets) -> None:
    promoted(ledger, 1, None, 300)
    promoted(ledger, 2, 1, 200)
    promoted(ledger, 3, 2, 190)
    lost, held = {"kind": "fair"}, {"kind": "fair", "held": True, "champion_version": 3}
    stay = {
        with_dataset(buckets, run_id)
        for run_id in (
            ended(ledger, 201, "promoted", model_version=2),  # rollback takes it
            ended(ledger, 191, "promoted", model_version=3),  # champion
            ended(ledger, 170, model_version=7, verdict=held),  # awaits approval
            ended(ledger, 160, model_version=8, verdict=lost),  # shadow
            ended(ledger, 150, "retrain", finished_at=None),  # at work
            ended(ledger, 140, "rejected"),  # has a setting of its own
            ended(ledger, 100, model_version=None),  # the newest upload's
        )
    }
    go = {
        with_dataset(buckets, ended(ledger, 301, "promoted", model_version=1)),
        with_dataset(buckets, ended(ledger, 180, model_version=6, verdict=lost)),
    }
    assert runs_in_data(buckets) == stay | go
    delete_part(ledger, kept)
    assert runs_in_data(buckets) == stay


def test_a_forecast_keeps_its_answer_and_the_model_version_of_it_keeps_nothing(
    kept: Settings, ledger: Ledger, buckets: Buckets
) -> None:
    promoted(ledger, 1, None, 300)
    answer = with_dataset(buckets, ended(ledger, 200, "completed", kind="forecast", model_version=1))
    with_dataset(buckets, ended(ledger, 199, model_version=9))
    newest = with_dataset(buckets, ended(ledger, 2))
    delete_part(ledger, kept)
    assert runs_in_data(buckets) == {answer, newest}


def test_a_replay_that_is_under_way_finds_all(kept: Settings, ledger: Ledger, buckets: Buckets) -> None:
    old = with_dataset(buckets, ended(ledger, 200))
    newest = with_dataset(buckets, ended(ledger, 2))
    asked, _ = ledger.replay_work.ask(old, "Ana")
    delete_part(ledger, kept)
    assert runs_in_data(buckets) == {old, newest}
    lease = ledger.replay_work.acquire(asked.id)
    assert lease is not None
    ledger.replay_work.finish(lease, [])
    delete_part(ledger, kept)
    assert runs_in_data(buckets) == {newest}


def test_a_sweep_deletes_only_so_many_the_oldest_first(
    kept: Settings, ledger: Ledger, buckets: Buckets
) -> None:
    runs = [with_dataset(buckets, ended(ledger, days)) for days in (300, 200, 100, 1)]
    (kind,) = kinds(ledger, kept)
    assert kind.delete(runs=2).runs == 2
    assert runs_in_data(buckets) == set(runs[2:])
    assert kind.delete(runs=None).runs == 1
    assert runs_in_data(buckets) == {runs[3]}


def test_whoever_is_killed_between_files_and_note_does_it_again(
    kept: Settings, ledger: Ledger, buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = with_dataset(buckets, ended(ledger, 200))
    with_dataset(buckets, ended(ledger, 2))

    def killed(run_id: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(ledger.old_files, "note_dataset_deleted", killed)
        with pytest.raises(KeyboardInterrupt):
            delete_part(ledger, kept)
    assert old not in runs_in_data(buckets)
    assert ledger.runs.get(old).dataset_deleted_at is None
    delete_part(ledger, kept)
    assert ledger.runs.get(old).dataset_deleted_at is not None


def test_a_store_that_is_away_leaves_no_note(kept: Settings, ledger: Ledger, buckets: Buckets) -> None:
    old = with_dataset(buckets, ended(ledger, 200))
    ended(ledger, 2)
    with pytest.raises(StoreUnavailable):
        delete_part(ledger, kept.model_copy(update={"MINIO_ENDPOINT": "127.0.0.1:9"}))
    assert ledger.runs.get(old).dataset_deleted_at is None
    assert old in runs_in_data(buckets)


def test_a_run_that_starts_again_has_a_dataset_again(
    kept: Settings, ledger: Ledger, buckets: Buckets
) -> None:
    old = with_dataset(buckets, ended(ledger, 200, "failed"))
    ended(ledger, 2)
    delete_part(ledger, kept)
    assert ledger.replays.retry(old, "Ana").dataset_deleted_at is None


def test_a_replay_of_what_is_gone_names_the_setting(kept: Settings, ledger: Ledger, buckets: Buckets) -> None:
    ended(ledger, 200)
    ended(ledger, 2)
    delete_part(ledger, kept)

    class Parts:
        settings, store = kept, Store(kept)

    Parts.ledger = ledger
    found = replay(
        Parts, ledger.replays.judged(ledger.queries.runs_begun_with("", 1)[0].came_at), lambda *_: None
    )
    assert [one.status for one in found] == [GONE, GONE]
    assert "KEEP_DATASETS_DAYS" in found[0].reason
    assert "KEEP_DATASETS_DAYS" not in found[1].reason
