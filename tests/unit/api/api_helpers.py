"""What the API's tests share: fakes of its two ports, waiting for a condition, and the shape of every error."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from flask import Flask

from api.app import services_of
from ventas.card_files import CARD_JSON
from ventas.errors import BrokerUnavailable, Conflict, NotFound, VentasError
from ventas.ledger import Promotion
from ventas.registry import PREDICTIONS_FILE, ModelVersion
from ventas.roles import Roles
from ventas.served import ModelInput, ServedModel
from ventas.states import Step
from ventas.times import utc_now

CONTRACT = (
    ModelInput("DíaDeLaSemana", "weekday", required=True, low=1, high=7),
    ModelInput("Promociones", "flag", required=True, low=0, high=1),
    ModelInput("Festivo", "flag", required=True, low=0, high=1),
)
FURTHER = (
    ModelInput("Temperatura (°C)", "number", required=False, low=-5, high=41),
    ModelInput("Ciudad", "text", required=False, categories=("Rosario", "Salta")),
)
MONDAY = {"DíaDeLaSemana": 1, "Promociones": 0, "Festivo": 0}


@dataclass(frozen=True)
class Rule:
    """1000 a version, 10 a weekday, 1 a promotion: the answer tells who gave it and what was asked."""

    version: int

    def predict(self, frame: pd.DataFrame) -> Any:
        return np.asarray(
            1000 * self.version + 10 * frame["DíaDeLaSemana"] + frame["Promociones"], dtype=np.float64
        )


@dataclass(frozen=True)
class Steps:
    """A fake with the shape of a pipeline: its last step is the fake itself, and nothing is done before."""

    last: Any

    def __getitem__(self, step: int | slice) -> Any:
        return self if isinstance(step, slice) else self.last

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame

    def predict(self, frame: pd.DataFrame) -> Any:
        return self.last.predict(frame)


@dataclass(frozen=True)
class Unsure(Rule):
    """A rule with an interval: 100 less to 50 more."""

    coverage: float = 0.8

    def predict_interval(self, frame: pd.DataFrame) -> tuple[Any, Any, Any]:
        values = self.predict(frame)
        return values, values - 100, values + 50


def model(
    version: int, further: tuple[ModelInput, ...] = (), estimator: Any = None, roles: Roles | None = None
) -> ServedModel:
    return ServedModel(version, CONTRACT + further, Steps(estimator or Rule(version)), roles or Roles())


@dataclass
class FakeSource:
    """The port that the champion comes from, in memory; an error set on it is raised."""

    champion: int | None = None
    models: dict[int, ServedModel | VentasError] = field(default_factory=dict)
    copy: ServedModel | None = None
    ledger_error: VentasError | None = None
    registry_error: VentasError | None = None
    fetched: list[int] = field(default_factory=list)
    reconciled: int = 0
    promoted: list[tuple[int, str, str]] = field(default_factory=list)
    held: set[int] = field(default_factory=set)

    def current_version(self) -> int | None:
        if self.ledger_error:
            raise self.ledger_error
        return self.champion

    def fetch(self, version: int) -> ServedModel:
        self.fetched.append(version)
        found = self.registry_error or self.models.get(version) or model(version)
        if isinstance(found, VentasError):
            raise found
        return found

    def last_good(self) -> ServedModel | None:
        return self.copy

    def reconcile(self) -> None:
        self.reconciled += 1
        if self.registry_error:
            raise self.registry_error

    def approve(self, version: int, actor: str, reason: str) -> Promotion:
        if version not in self.held:
            raise Conflict(f"Version {version} does not wait for approval.")
        promotion = self.promote(version, actor, reason)
        promotion.source = "approved"
        return promotion

    def promote(self, version: int, actor: str, reason: str) -> Promotion:
        if version == self.champion:
            raise Conflict(f"Version {version} is the champion already.")
        if version not in self.models:
            raise NotFound(f"There is no version {version}.")
        self.fetch(version)
        previous, self.champion = self.champion, version
        self.promoted.append((version, actor, reason))
        return Promotion(
            id=len(self.promoted),
            created_at=utc_now(),
            model_version=version,
            previous_version=previous,
            run_id=None,
            source="manual",
            actor=actor,
            reason=reason,
        )


@dataclass
class FakeCatalogue:
    """The port that lists what is registered, in memory."""

    known: list[ModelVersion] = field(default_factory=list)
    error: VentasError | None = None
    files: dict[tuple[int, str], str] = field(default_factory=dict)
    read: list[tuple[int, str]] = field(default_factory=list)

    def text(self, version: ModelVersion, artifact: str) -> str:
        self.read.append((version.version, artifact))
        if (version.version, artifact) not in self.files:
            raise NotFound(f"Version {version.version} has no file {artifact}.")
        return self.files[version.version, artifact]

    def versions(self) -> list[ModelVersion]:
        if self.error:
            raise self.error
        return self.known

    def version(self, number: int) -> ModelVersion:
        for version in self.versions():
            if version.version == number:
                return version
        raise NotFound(f"There is no version {number}.")


@dataclass
class FakeBroker:
    """What takes the tasks, in memory."""

    sent: list[tuple[Step, str]] = field(default_factory=list)
    away: bool = False

    def __call__(self, step: Step, run_id: str) -> None:
        if self.away:
            raise BrokerUnavailable("Redis does not take tasks.")
        self.sent.append((step, run_id))


def registered(version: int, **changes: Any) -> ModelVersion:
    known = {
        "version": version,
        "aliases": ("champion",),
        "stage": "Production",
        "metrics": {"test_rmse": 95.3},
        "params": {"max_depth": "10"},
        "run_id": f"mlflow{version}",
        "pipeline_run_id": None,
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
        "tags": {},
    }
    return ModelVersion(**(known | changes))


def take_ledger_away(app: Flask) -> None:
    """Put a folder where the app's ledger was.

    The app's own threads look into it all the while: where there is nothing for a moment they make a new file, and a
    connection that is open goes on with the old one, so all are closed last.
    """
    services = services_of(app)
    path = services.settings.home / "ledger.db"
    while not path.is_dir():
        path.unlink(missing_ok=True)
        with suppress(FileExistsError):
            path.mkdir()
    services.ledger.close()


def eventually(condition: Callable[[], Any], seconds: float = 5) -> Any:
    """The condition's first true value; fails after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.005)
    raise AssertionError("the condition did not come true in time")


def assert_problem(response: Any, status: int, *, field: str | None = None, says: str = "") -> dict[str, Any]:
    """That `response` is a problem details answer as every error must be; returns its members."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/problem+json"
    members: dict[str, Any] = response.get_json()
    assert {"type", "title", "status", "detail", "errors"} <= members.keys()
    assert members["status"] == status
    assert members["title"]
    assert members["detail"].endswith((".", "!")), "the detail is a sentence"
    for error in members["errors"]:
        assert {"field", "message"} <= error.keys() <= {"field", "message", "allowed"}
        assert error["message"].endswith(".")
    if field is not None:
        assert field in [error["field"] for error in members["errors"]]
    if status == 503:
        assert int(response.headers["Retry-After"]) > 0
    assert says in members["detail"]
    assert "Traceback" not in response.get_data(as_text=True)
    return members


CARD = {
    "data": {part: {"rows": 91, "first": "2024-01-01", "last": "2024-03-31"} for part in ("train", "test")},
    "columns": {"Ventas": "float64"},
    "digest": {"upload_sha256": "ab12", "recipe_sha256": "cd34"},
    "settings": {"seed": 42},
    "search": {"candidates": 2, "family": "grid", "chosen": {"max_depth": None}, "leaderboard": []},
    "errors": {"test_rmse": 95.3, "test_coverage": None, "baselines": {"means": 120.0}},
    "segments": [{"segment": "weekday", "value": "1", "rows": 13, "challenger_rmse": 90.0}],
    "importance": {"DíaDeLaSemana": 210.5, "Ruido": None},
    "verdict": {"promoted": True, "kind": "first"},
}


def version_files(version: int, **card: Any) -> dict[tuple[int, str], str]:
    """What MLflow holds of a version: its card, and what it says of two test rows."""
    points = {
        "date": ["2024-04-01", "2024-04-02"],
        "series": ["", ""],
        "promotion": [1.0, 0.0],
        "holiday": [0.0, 0.0],
        "actual": [100.0, 210.0],
        "prediction": [110.0, 200.0],
        "low": [90.0, None],
        "high": [130.0, None],
    }
    judged = {"rows": 2, "dates": 2, "series": 1, "summed": False, "step": 1, "points": points}
    return {
        (version, CARD_JSON): json.dumps(CARD | card),
        (version, PREDICTIONS_FILE): json.dumps(judged),
    }
