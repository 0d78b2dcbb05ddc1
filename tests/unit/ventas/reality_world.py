"""What the tests of reality share: uploads, champions, predictions and the step's part that joins them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ventas.errors import NotFound
from ventas.ledger import Ledger, Promotion, Run, UploadEvent
from ventas.ledger.outcomes import LiveError, OutcomeFilter
from ventas.ledger.predictions import NewPrediction
from ventas.ledger.shadows import NewShadowPrediction
from ventas.pipeline.reality import face_reality
from ventas.roles import Roles
from ventas.settings import Settings
from ventas.states import RunStatus, Step

FIRST = date(2026, 11, 2)  # a Monday
NOON = timedelta(hours=15)  # noon in Buenos Aires
SERIES = Roles(series="Tienda", open="Abierto")


def sales(days: int, actual: float = 100.0, start: date = FIRST, **columns: Any) -> pd.DataFrame:
    """Clean rows of consecutive days, all with the same sales unless `columns` says otherwise."""
    dates = pd.date_range(start, periods=days).astype("datetime64[ns]")
    plain = {"Promociones": 0, "Festivo": 0, "Ventas": actual}
    return pd.DataFrame({"Fecha": dates, "DíaDeLaSemana": dates.day_of_week + 1, **(plain | columns)})


class Files:
    """Our own fake of the store's port, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get_bytes(self, bucket: str, key: str, **_: object) -> bytes:
        if key not in self.kept:
            raise NotFound(f"There is no {key}.")
        return self.kept[key]

    def put_json(self, key: str, value: object) -> None:
        self.kept[key] = json.dumps(value).encode()


@dataclass
class World:
    """A ledger with a line of champions, and uploads that tell what was sold."""

    settings: Settings
    ledger: Ledger
    store: Files = field(default_factory=Files)
    registry: Any = None
    uploads: int = 0

    def upload(self, minutes: int | None = None) -> Run:
        """The run of a new upload that is at work, in the order of uploads `minutes` after the first."""
        self.uploads += 1
        version = f"v{self.uploads:03}"
        event = UploadEvent("ventas", f"{self.uploads}/ventas.csv", version, "e", 1)
        (recorded,) = self.ledger.intake.record([event])
        lease = self.ledger.runs.acquire(recorded.run_id, Step.ETL, "w")
        moment = datetime(2026, 12, 24, tzinfo=UTC) + timedelta(minutes=minutes or self.uploads)
        self.ledger.runs.note(lease, uploaded_at=moment)
        return self.ledger.runs.get(recorded.run_id)

    def judged(self, version: int, rmse: float | None, kind: str = "fair", *, promoted: bool) -> Run:
        """A run whose challenger was judged; `rmse` is its error then."""
        run = self.upload()
        verdict = {"kind": kind, "promoted": promoted, "challenger_rmse": rmse}
        status = RunStatus.PROMOTED if promoted else RunStatus.NOT_PROMOTED
        with self.ledger.database.write() as session:
            kept = session.get_one(Run, run.id)
            kept.model_version, kept.verdict, kept.status = version, verdict, status
            kept.finished_at = datetime.now(UTC)
            if promoted:
                session.add(self._promotion(version, run.id))
        return run

    def _promotion(self, version: int, run_id: str) -> Promotion:
        head = self.ledger.promotions.head()
        return Promotion(
            created_at=datetime.now(UTC),
            model_version=version,
            previous_version=head.model_version if head else None,
            run_id=run_id,
            source="verdict",
            actor="pipeline",
            reason="better",
        )

    def predict(self, day: date, value: float = 90.0, **changes: Any) -> None:
        """A served prediction for `day`, made at noon the day before unless changed."""
        flags = {"Promociones": changes.pop("promotion", 0), "Festivo": changes.pop("holiday", 0)}
        made = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=1) + NOON
        given = {
            "created_at": made,
            "model_version": 1,
            "date": day,
            "input_data": flags,
            "prediction": value,
        }
        self.ledger.predictions.add([NewPrediction(**(given | changes))])

    def predict_days(self, days: int, value: float = 90.0, start: int = 0, **changes: Any) -> None:
        """The same for consecutive days, up to day number `days` from day number `start` on."""
        for day in range(start, days):
            self.predict(FIRST + timedelta(days=day), value, **changes)

    def shadow_days(self, days: int, value: float, version: int = 2, start: date = FIRST) -> None:
        """What the shadow would have answered for consecutive days."""
        rows = []
        for number in range(days):
            day = start + timedelta(days=number)
            made = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=1) + NOON
            rows.append(NewShadowPrediction(made, version, day, "", 0, 0, value, None, None))
        self.ledger.shadows.add(rows)

    def face(self, frame: pd.DataFrame, run: Run | None = None, roles: Roles | None = None) -> Run:
        """Let an upload (a new one unless given) with these rows tell what came true."""
        run = run or self.upload()
        face_reality(self, run, frame, roles or Roles())  # type: ignore[arg-type]
        return run

    def live(self, segment: str = "none", **wanted: Any) -> list[LiveError]:
        """The errors as `GET /accuracy` has them."""
        return self.ledger.outcomes.errors(OutcomeFilter(**wanted), segment)  # type: ignore[arg-type]

    def raised(self) -> list[tuple[str, str]]:
        """Kind and cause of all alerts, oldest first."""
        return [(one.kind, one.cause) for one in reversed(self.ledger.alerts.page(0, 100)[0])]


def rows_of(live: Sequence[LiveError]) -> dict[tuple[int, bool], int]:
    """How many predictions came true, by version and shadow."""
    return {(one.model_version, one.shadow): one.rows for one in live}


Make = Callable[..., World]


def noise(rows: int, seed: int = 0) -> Any:
    """Standard normal numbers."""
    return np.random.default_rng(seed).normal(size=rows)
