"""What of the history is too old to be kept. Deleted in small parts, so that nobody waits for a lock."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from ventas.ledger.database import Database
from ventas.ledger.tables import Outcome, Prediction, ShadowPrediction

BATCH_ROWS = 500


class Retention:
    """Counts and deletes old predictions. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database

    def predictions_before(self, moment: datetime) -> int:
        """How many predictions were served before `moment`, the shadow's not counted."""
        with self._database.read() as session:
            wanted = select(func.count()).where(Prediction.created_at < moment)
            return session.scalar(wanted) or 0

    def delete_before(self, moment: datetime, limit: int = BATCH_ROWS) -> int:
        """Delete the oldest `limit` predictions before `moment`, and as many of the shadow's.

        What came true of them goes too, in the same transaction. Tells how many rows of both went.
        """
        with self._database.write() as session:
            return sum(_delete(session, table, moment, limit) for table in (Prediction, ShadowPrediction))


def _delete(
    session: Session, table: type[Prediction] | type[ShadowPrediction], moment: datetime, limit: int
) -> int:
    # The oldest by id: the shadow's have no index of times. A row that was spooled waits for those before it.
    oldest = session.execute(select(table.id, table.created_at).order_by(table.id).limit(limit)).all()
    numbers = [number for number, created_at in oldest if created_at < moment]
    if numbers:
        session.execute(delete(Outcome).where(_outcomes_of(table, numbers)))
        session.execute(delete(table).where(table.id.in_(numbers)))
    return len(numbers)


def _outcomes_of(
    table: type[Prediction] | type[ShadowPrediction], numbers: Sequence[int]
) -> ColumnElement[bool]:
    return Outcome.prediction_id.in_(numbers) & Outcome.shadow.is_(table is ShadowPrediction)
