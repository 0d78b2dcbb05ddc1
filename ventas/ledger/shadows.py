"""The shadow: which challenger that lost is asked the same questions, and what it answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select

from ventas.ledger.database import Database
from ventas.ledger.tables import Promotion, Run, ShadowPrediction
from ventas.states import RunStatus

# Only a challenger that was compared, and lost: one that failed its checks must be asked nothing.
LOST = ("fair", "recipe")


@dataclass(frozen=True)
class NewShadowPrediction:
    """What the shadow would have answered; `created_at` is when the champion did, in UTC."""

    created_at: datetime
    model_version: int
    date: date
    series: str
    promotion: int
    holiday: int
    prediction: float
    low: float | None
    high: float | None


class Shadows:
    """Reads and writes what belongs to the shadow. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database

    def current_version(self) -> int | None:
        """The newest version that lost to the present champion by its verdict, or None."""
        with self._database.read() as session:
            head = session.scalars(select(Promotion).order_by(Promotion.id.desc()).limit(1)).first()
            if head is None:
                return None
            return session.scalars(
                select(Run.model_version)
                .where(
                    Run.status == RunStatus.NOT_PROMOTED,
                    Run.model_version.is_not(None),
                    Run.model_version != head.model_version,
                    Run.finished_at >= head.created_at,
                    Run.verdict["kind"].as_string().in_(LOST),
                )
                .order_by(Run.model_version.desc())
                .limit(1)
            ).first()

    def add(self, predictions: Sequence[NewShadowPrediction]) -> None:
        """Store answers in one transaction, committed when this returns."""
        with self._database.write() as session:
            session.execute(insert(ShadowPrediction), [vars(one) for one in predictions])
