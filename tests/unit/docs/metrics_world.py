"""An API whose `/metrics` tells of everything that it can tell of."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from ventas.ledger import Ledger, Promotion, Run, UploadEvent
from ventas.ledger.migrate import upgrade
from ventas.ledger.tables import Sweep
from ventas.settings import Settings

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
NOBODY = "127.0.0.1:1"


class NoModel:
    """The ports of the API to models, with nothing behind them."""

    def current_version(self) -> None:
        return None

    def last_good(self) -> None:
        return None

    def reconcile(self) -> None:
        return None


def full_api(home: Path) -> str:
    """What it tells."""
    from api.app import create_app, services_of

    places = {
        "REDIS_URL": f"redis://{NOBODY}/0",
        "MINIO_ENDPOINT": NOBODY,
        "WEBHOOKS_URL": f"http://{NOBODY}",
    }
    known: dict[str, Any] = {
        "VENTAS_HOME": home,
        "DATABASE_URL": "",
        "MLFLOW_TRACKING_URI": f"http://{NOBODY}",
    }
    settings = Settings(_env_file=None, **known, **places, FLOWER_URL=f"http://{NOBODY}", SHADOW="off")
    upgrade(settings)
    nothing = cast(Any, NoModel())
    app = create_app(settings, nothing, nothing)
    services = services_of(app)
    try:
        _fill(services.ledger)
        services.tally.observe("GET", "/health", 200, 0.1)
        services.holder._champion = cast(Any, SimpleNamespace(version=1))
        return str(app.test_client().get("/metrics").get_data(as_text=True))
    finally:
        services.close()


def _fill(ledger: Ledger) -> None:
    """A champion whose forecast came true, a run that waits, and a sweep."""
    events = [UploadEvent("ventas", f"{name}/ventas.csv", "v1", "e", 1) for name in ("judged", "waiting")]
    run_id = str(ledger.intake.record(events)[0].run_id)
    with ledger.database.write() as session:
        run = session.get_one(Run, run_id)
        run.status, run.model_version, run.test_rmse = "promoted", 1, 8.0
        told = {"run_id": run_id, "source": "verdict", "actor": "w", "reason": "First."}
        session.add(Promotion(created_at=NOON, model_version=1, **told))
        session.add(Sweep(name="bucket", started_at=NOON, finished_at=NOON, listed=1, found=0))
    day = {"date": date(2026, 12, 1), "weekday": 2, "promotion": 0, "holiday": 0, "series": ""}
    sold = {"prediction": 90.0, "low": None, "high": None, "actual": 100.0}
    judged = {"run_id": run_id, "uploaded_at": NOON, "version_id": "v1", "judged_at": NOON}
    ledger.outcomes.write([{"prediction_id": 1, "model_version": 1, "shadow": False} | day | sold | judged])
