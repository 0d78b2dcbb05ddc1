"""Past uploads judged anew: in their order, against champions of their own, changing nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ventas.errors import NotFound, StoreUnavailable
from ventas.ledger import Ledger, Run, UploadEvent
from ventas.pipeline.replay import replay
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
