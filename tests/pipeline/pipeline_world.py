"""What a test does to a running system, and sees of it."""

import io
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
import pandas as pd
from actions import wait_for
from minio import Minio

from ventas.launcher.system import System
from ventas.ledger import Ledger
from ventas.registry import Registry
from ventas.states import FINAL_STATES

PREDICT = {"DíaDeLaSemana": 1, "Promociones": 0, "Festivo": 0}


def sales(
    start: str, *, days: int = 120, seed: int = 0, level: float = 1000, noise: float = 20
) -> pd.DataFrame:
    """A sales table with a weekday profile, promotions and Sundays off."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range(start, periods=days)
    weekday = dates.day_of_week.to_numpy() + 1
    promotion, holiday = rng.integers(0, 2, days), (weekday == 7).astype(int)
    target = level + 100 * weekday + 300 * promotion + 500 * holiday + rng.normal(0, noise, days)
    return pd.DataFrame(
        {
            "Fecha": dates.strftime("%Y-%m-%d"),
            "DíaDeLaSemana": weekday,
            "Promociones": promotion,
            "Festivo": holiday,
            "Ventas": target.round(2),
        }
    )


class World:
    """A running system as its users see it: a bucket, an API, MLflow."""

    def __init__(self, system: System):
        self.system = system
        settings = system.settings
        self.api = httpx.Client(base_url=settings.API_URL, timeout=30)
        self.s3 = Minio(
            settings.MINIO_ENDPOINT,
            access_key=settings.MINIO_ACCESS_KEY,
            secret_key=settings.minio_secret_key,
            secure=False,
        )
        self.registry = Registry(settings)
        self.ledger = Ledger(settings)

    def close(self) -> None:
        """Close the connections."""
        self.api.close()
        self.ledger.close()

    @contextmanager
    def hanging(self, name: str) -> Iterator[None]:
        """A service that keeps its connections but answers nothing."""
        self.system.kill(name, signal.SIGSTOP)
        try:
            yield
        finally:
            self.system.kill(name, signal.SIGCONT)

    def put(self, key: str, data: pd.DataFrame | bytes) -> str:
        """Upload with the plain SDK, as any client would; the object's version id."""
        body = data if isinstance(data, bytes) else data.to_csv(index=False).encode()
        return self.s3.put_object("ventas", key, io.BytesIO(body), len(body)).version_id or "null"

    def runs(self, **query: str) -> list[dict[str, Any]]:
        """`GET /runs`."""
        answer = self.api.get("/runs", params=query)
        answer.raise_for_status()
        return list(answer.json())

    def final(self, key: str, version_id: str) -> dict[str, Any]:
        """The run of an upload, once it has come to its end, with all its details."""

        def look() -> dict[str, Any] | None:
            for run in self.runs(key=key, version_id=version_id):
                if run["status"] in FINAL_STATES:
                    return dict(self.api.get(f"/runs/{run['id']}").json())
            return None

        return wait_for(look, f"the end of the run of {key}")

    def drop(self, key: str, data: pd.DataFrame | bytes) -> dict[str, Any]:
        """Upload and wait for the run's end."""
        return self.final(key, self.put(key, data))

    def settled(self, run: dict[str, Any]) -> dict[str, Any]:
        """The run, once MLflow shows all that came of it: tags follow a moment after the verdict."""

        def look() -> bool:
            return "ventas.verdict" in self.registry.version(run["model_version"]).tags

        wait_for(look, f"the verdict on version {run['model_version']}")
        return run

    def champion(self) -> int | None:
        """The version that `/health` names, or None."""
        answer = self.api.get("/health")
        return answer.json()["model_version"] if answer.status_code == 200 else None

    def served_by(self, version: int, seconds: float = 60) -> None:
        """Wait until both of the API's processes answer with `version`, ten times in a row."""

        def look() -> bool:
            try:
                answers = [self.api.post("/predict", json=PREDICT).json() for _ in range(10)]
            except httpx.TransportError:  # the API is being restarted
                return False
            return all(answer.get("model_version") == version for answer in answers)

        wait_for(look, f"version {version} to be served", seconds)

    def recorded(self, version: int) -> None:
        """Wait until the ledger's champion is `version`: the API has looked at MLflow's alias."""

        def look() -> bool:
            head = self.ledger.promotions.head()
            return head is not None and head.model_version == version

        wait_for(look, f"version {version} to be recorded as champion")

    def ensure_champion(self) -> int:
        """The champion once nothing is under way that could change it, served; made if there is none yet."""
        wait_for(self._is_idle, "all runs to have ended")
        head = self.ledger.promotions.head()
        if head is None:
            version = int(self.drop("base/ventas.csv", sales("2019-01-01", seed=99))["model_version"])
        else:
            version = head.model_version
        self.served_by(version)
        return version

    def _is_idle(self) -> bool:
        return all(run["status"] in FINAL_STATES for run in self.runs(limit="1000"))
