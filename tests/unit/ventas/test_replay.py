"""Past uploads judged anew: in their order, against champions of their own, changing nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ventas.errors import LedgerUnavailable, NotFound, StoreUnavailable
from ventas.ledger import Ledger, Replay, Run, UploadEvent
from ventas.ledger.replay_work import ReplayWork
from ventas.pipeline.replay import replay
from ventas.pipeline.replaying import run_replay
from ventas.sample_chain import generate_chain
from ventas.settings import Settings
from ventas.split import to_csv_bytes

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


class FakeStore:
    """Our own fake of the store's port: uploads by key, datasets by run; it takes nothing."""

    def __init__(self) -> None:
        self.uploads: dict[str, bytes] = {}
        self.datasets: dict[str, bytes] = {}
        self.away = False

    def download(self, bucket: str, key: str, version_id: str, path: Path, *, max_bytes: int) -> None:
        if self.away:
            raise StoreUnavailable("MinIO does not answer.")
        if key not in self.uploads:
            raise NotFound(f"There is no {key}.")
        path.write_bytes(self.uploads[key])

    def get_bytes(self, bucket: str, key: str, **_: object) -> bytes:
        if key not in self.datasets:
            raise NotFound(f"There is no {key}.")
        return self.datasets[key]


@dataclass
class Parts:
    settings: Settings
    ledger: Ledger
    store: FakeStore = field(default_factory=FakeStore)


@pytest.fixture
def parts(settings: Settings, ledger: Ledger) -> Parts:
    quick = {
        "SEARCH": "grid",
        "GRID_N_ESTIMATORS": [5],
        "GRID_MAX_DEPTH": [None, 3],
        "GRID_MIN_SAMPLES_SPLIT": [2],
    }
    return Parts(settings.model_copy(update=quick), ledger)


def sales(start: str, level: float, days: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(int(level))
    dates = pd.date_range(start, periods=days)
    return pd.DataFrame(
        {
            "Fecha": dates,
            "DíaDeLaSemana": dates.day_of_week + 1,
            "Promociones": rng.integers(0, 2, days),
            "Festivo": (dates.day_of_week == 6).astype(int),
            "Ventas": level + 100.0 * dates.day_of_week + rng.normal(0, 5, days),
        }
    )


def past(parts: Parts, key: str, table: pd.DataFrame | bytes, status: str, hours: int = 0) -> str:
    """An upload that ended so, some hours after Monday."""
    parts.store.uploads[key] = table if isinstance(table, bytes) else to_csv_bytes(table)
    (recorded,) = parts.ledger.intake.record([UploadEvent("ventas", key, "v1", "e", 1)])
    with parts.ledger.database.write() as session:
        run = session.get_one(Run, recorded.run_id)
        run.status, run.uploaded_at, run.verdict = status, MONDAY + timedelta(hours=hours), {"promoted": True}
    return str(recorded.run_id)


def ledger_as_it_is(parts: Parts) -> list[dict[str, object]]:
    with parts.ledger.database.read() as session:
        return [{name: value for name, value in vars(run).items() if name != "_sa_instance_state"}
                for run in session.query(Run).order_by(Run.id)]  # fmt: skip


def test_uploads_are_judged_in_upload_order_against_the_replays_own_champions(parts: Parts) -> None:
    past(parts, "better.csv", sales("2025-01-01", 9000), "not_promoted", hours=2)
    past(parts, "first.csv", sales("2024-01-01", 1000), "promoted", hours=1)
    past(parts, "worse.csv", sales("2025-06-01", 9000).assign(Ventas=lambda t: t["Ventas"][::-1].to_numpy()
         * np.linspace(1, 2, 120)), "not_promoted", hours=3)  # fmt: skip
    before, told = ledger_as_it_is(parts), []
    runs = parts.ledger.replays.judged(MONDAY)
    found = replay(parts, runs, lambda done, run: told.append((done, run.key)))
    assert [one.run.key for one in found] == ["first.csv", "better.csv", "worse.csv"]
    assert [one.status for one in found][:2] == ["promoted", "promoted"]
    assert [one.verdict.kind for one in found] == ["first", "fair", "fair"]
    assert [one.same for one in found][:2] == [True, False]
    assert (found[1].verdict.challenger_version, found[1].verdict.champion_version) == (2, 1)
    assert found[1].verdict.challenger_rmse < 50 < 5000 < found[1].verdict.champion_rmse
    assert ledger_as_it_is(parts) == before
    assert parts.ledger.promotions.all() == []
    assert told[0] == (0, "first.csv")
    assert (0.5, "first.csv") in told, "half of the candidates"
    assert told[-1] == (3, "worse.csv")


def test_a_chain_of_stores_is_replayed(parts: Parts) -> None:
    past(parts, "chain.csv", generate_chain(3, 120, seed=1).frame, "promoted")
    (found,) = replay(parts, parts.ledger.replays.judged(MONDAY), lambda *_: None)
    assert (found.status, found.same, found.verdict.kind) == ("promoted", True, "first")


def test_a_file_that_is_rejected_now_or_was_then(parts: Parts) -> None:
    past(parts, "bad.csv", b"Fecha,Ventas\n2024-01-01,5\n", "promoted")
    past(parts, "good.csv", sales("2024-01-01", 1000), "rejected", hours=1)
    bad, good = replay(parts, parts.ledger.replays.judged(MONDAY), lambda *_: None)
    assert (bad.status, bad.same, bad.verdict) == ("rejected", False, None)
    assert "Promociones" in bad.reason
    assert (good.status, good.same, good.verdict.kind) == ("promoted", False, "first")
    assert good.as_dict()["now"]["verdict"]["kind"] == "first"


def test_the_same_bytes_again_are_not_judged_again(parts: Parts) -> None:
    for hours in range(2):
        past(parts, f"{hours}.csv", sales("2024-01-01", 1000), "promoted", hours=hours)
    _, again = replay(parts, parts.ledger.replays.judged(MONDAY), lambda *_: None)
    assert (again.status, again.verdict.kind) == ("not_promoted", "same_bytes")
    assert "number 1 of this replay" in again.reason


def test_an_upload_that_was_deleted_is_judged_by_its_dataset_or_said_to_be_gone(parts: Parts) -> None:
    table = sales("2024-01-01", 1000)
    kept = past(parts, "deleted.csv", table, "promoted")
    past(parts, "gone.csv", table, "promoted", hours=1)
    parts.store.uploads.clear()
    parts.store.datasets = {
        f"runs/{kept}/train.csv": to_csv_bytes(table[:84]),
        f"runs/{kept}/test.csv": to_csv_bytes(table[84:]),
    }
    deleted, gone = replay(parts, parts.ledger.replays.judged(MONDAY), lambda *_: None)
    assert (deleted.status, deleted.verdict.kind) == ("promoted", "first")
    assert (gone.status, gone.same) == ("gone", False)


def test_a_store_that_is_away_ends_the_replay(parts: Parts) -> None:
    past(parts, "a.csv", b"", "promoted")
    parts.store.away = True
    with pytest.raises(StoreUnavailable):
        replay(parts, parts.ledger.replays.judged(MONDAY), lambda *_: None)


def test_only_judged_uploads_of_the_time_are_taken(parts: Parts) -> None:
    for hours, status in enumerate(("promoted", "rejected", "failed", "etl", "ignored", "not_promoted")):
        past(parts, f"{hours}-{status}.csv", b"", status, hours=hours)
    past(parts, "pronosticos/entrada/x.csv", b"", "rejected")
    judged = parts.ledger.replays.judged
    assert [run.key for run in judged(MONDAY)] == ["0-promoted.csv", "1-rejected.csv", "5-not_promoted.csv"]
    assert [run.key for run in judged(MONDAY + timedelta(hours=1))] == [
        "1-rejected.csv",
        "5-not_promoted.csv",
    ]
    assert [run.key for run in judged(MONDAY, MONDAY + timedelta(hours=1))] == [
        "0-promoted.csv",
        "1-rejected.csv",
    ]


def asked_for(parts: Parts, run_id: str) -> str:
    return parts.ledger.replay_work.ask(run_id, "Ana")[0].id


def kept(parts: Parts, run_id: str) -> Replay:
    found = parts.ledger.replay_work.latest(run_id)
    assert found is not None
    return found


def test_a_replay_that_was_asked_for_keeps_its_result_and_changes_nothing_else(parts: Parts) -> None:
    past(parts, "before.csv", sales("2023-01-01", 500), "promoted")
    first = past(parts, "first.csv", sales("2024-01-01", 1000), "promoted", hours=1)
    past(parts, "bad.csv", b"Fecha,Ventas\n2024-01-01,5\n", "promoted", hours=2)
    before = ledger_as_it_is(parts)
    run_replay(parts, asked_for(parts, first))
    replayed = kept(parts, first)
    assert (replayed.status, replayed.reason, replayed.attempts) == ("done", None, 1)
    assert (replayed.progress_done, replayed.progress_total) == (2, 2)
    good, bad = replayed.result or []
    assert [good["key"], bad["key"]] == ["first.csv", "bad.csv"], "those before the run are left out"
    assert (good["now"]["status"], good["same"], good["now"]["rejection"]) == ("promoted", True, None)
    assert good["now"]["verdict"]["challenger_rmse"] > 0
    assert not {"segments", "origins"} & good["now"]["verdict"].keys(), "they can have hundreds of rows"
    assert (bad["now"]["status"], bad["now"]["verdict"], bad["same"]) == ("rejected", None, False)
    assert bad["now"]["rejection"]["code"] == "missing_column"
    assert ledger_as_it_is(parts) == before
    assert parts.ledger.promotions.all() == []


def test_a_replay_that_ended_is_not_begun_again(parts: Parts) -> None:
    run_id = past(parts, "gone.csv", b"", "promoted")
    parts.store.uploads.clear()
    replay_id = asked_for(parts, run_id)
    run_replay(parts, replay_id)
    ended = kept(parts, run_id).finished_at
    run_replay(parts, replay_id)  # a second delivery of its task
    assert (kept(parts, run_id).finished_at, kept(parts, run_id).attempts) == (ended, 1)


def test_a_replay_whose_store_is_away_fails_with_a_sentence(parts: Parts) -> None:
    run_id = past(parts, "a.csv", b"", "promoted")
    parts.store.away = True
    run_replay(parts, asked_for(parts, run_id))
    assert (kept(parts, run_id).status, kept(parts, run_id).reason) == ("failed", "MinIO does not answer.")
    parts.store.away = False
    run_replay(parts, asked_for(parts, run_id))
    assert kept(parts, run_id).status == "done"


def test_a_bug_in_a_replay_ends_in_the_ledger_too(parts: Parts) -> None:
    run_id = past(parts, "a.csv", b"", "promoted")
    parts.store.uploads["a.csv"] = None  # type: ignore[assignment]
    run_replay(parts, asked_for(parts, run_id))
    assert kept(parts, run_id).status == "failed"
    assert "TypeError" in (kept(parts, run_id).reason or "")


def test_a_replay_whose_workers_die_again_and_again_is_failed(parts: Parts) -> None:
    run_id = past(parts, "a.csv", sales("2024-01-01", 1000), "promoted")
    replay_id = asked_for(parts, run_id)
    dying = ReplayWork(parts.ledger.database, lease_seconds=-1)
    for _ in range(parts.settings.MAX_ATTEMPTS):
        assert dying.acquire(replay_id) is not None
        assert kept(parts, run_id).status == "running"
        assert parts.ledger.replay_work.take_due(timedelta(hours=1)) == [replay_id]
    run_replay(parts, replay_id)
    assert kept(parts, run_id).status == "failed"
    assert "each time its worker ended" in (kept(parts, run_id).reason or "")


def test_a_replay_that_lost_its_lease_leaves_the_other_one_alone(parts: Parts) -> None:
    run_id = past(parts, "a.csv", sales("2024-01-01", 1000), "promoted")
    replay_id, download = asked_for(parts, run_id), parts.store.download

    def taken_over_meanwhile(*args: str, **more: int) -> None:
        with parts.ledger.database.write() as session:
            session.get_one(Replay, replay_id).lease_token = "another worker's"
        download(*args, **more)

    parts.store.download = taken_over_meanwhile  # type: ignore[method-assign]
    run_replay(parts, replay_id)
    assert (kept(parts, run_id).status, kept(parts, run_id).lease_token) == ("running", "another worker's")


def test_while_the_ledger_is_away_nothing_is_decided(parts: Parts) -> None:
    run_id = past(parts, "a.csv", b"", "promoted")
    replay_id = asked_for(parts, run_id)

    def away(*_: str, **__: int) -> None:
        raise LedgerUnavailable("The ledger's database does not answer.")

    parts.store.download = away  # type: ignore[method-assign]
    with pytest.raises(LedgerUnavailable):
        run_replay(parts, replay_id)
    assert kept(parts, run_id).status == "running", "the sweep takes it up when its lease has run out"
