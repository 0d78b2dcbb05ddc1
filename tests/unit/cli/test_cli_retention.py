"""`ventas retention` as an operator meets it: counted first, then deleted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cli_stand_ins import from_json
from click.testing import Result

from ventas.ledger import Ledger, Run, UploadEvent
from ventas.ledger.migrate import upgrade
from ventas.settings import DATA_BUCKET, UPLOADS_BUCKET, load_settings
from ventas.store import Store

Ventas = Callable[..., Result]


@pytest.fixture
def old_run(uploads: Store, tmp_path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run that ended in January with a dataset of 7 bytes, and a newer one."""
    monkeypatch.setenv("VENTAS_HOME", str(tmp_path / "home"))
    uploads.ensure_bucket(DATA_BUCKET, versioned=False)
    upgrade(load_settings())
    ledger = Ledger(load_settings())
    events = [UploadEvent(UPLOADS_BUCKET, f"{n}/ventas.csv", f"v{n}", "e", 1) for n in (0, 1)]
    found = [str(one.run_id) for one in ledger.intake.record(events)]
    with ledger.database.write() as session:
        for days, run_id in zip((300, 1), found, strict=True):
            run = session.get_one(Run, run_id)
            run.status = "not_promoted"
            run.finished_at = run.uploaded_at = run.dataset_at = datetime.now(UTC) - timedelta(days=days)
    ledger.close()
    uploads.put_bytes(DATA_BUCKET, f"runs/{found[0]}/train.csv", b"Fecha\r\n")
    return found[0]


def test_old_datasets_are_counted_then_deleted(
    ventas: Ventas, old_run: str, uploads: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Everything is kept" in ventas("retention").stdout
    monkeypatch.setenv("KEEP_DATASETS_DAYS", "90")
    told = ventas("retention", "--dry-run").stdout
    assert told == "Datasets of 1 runs would be deleted: 7 bytes (KEEP_DATASETS_DAYS).\n"
    assert uploads.exists(DATA_BUCKET, f"runs/{old_run}/train.csv")
    (kind,) = from_json(ventas("retention", "--json"))["files"]
    assert (kind["setting"], kind["runs"], kind["bytes"]) == ("KEEP_DATASETS_DAYS", 1, 7)
    assert not uploads.exists(DATA_BUCKET, f"runs/{old_run}/train.csv")
    assert "Datasets of 0 runs were deleted: 0 bytes" in ventas("retention").stdout
