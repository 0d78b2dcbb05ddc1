"""The history of predictions: ids grow, rows never change."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, insert

from ventas.ledger.database import Database
from ventas.ledger.quick import Busy, QuickInsert, QuickWriter, checkpoint
from ventas.ledger.tables import Prediction


@dataclass(frozen=True)
class NewPrediction:
    """A prediction as it was served; `date` is the day that was forecast, `created_at` is in UTC.

    `series` is its key as `Roles.series_of` writes it. `low` and `high` bound the interval that is to hold
    `coverage` of actual sales; all three are None for a model without intervals.
    """

    created_at: datetime
    model_version: int
    date: date | None
    input_data: dict[str, Any]
    prediction: float
    series: str = ""
    low: float | None = None
    high: float | None = None
    coverage: float | None = None
    date_assumed: bool = False


class Predictions:
    """Writes the history, which `History` reads. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database
        self._writer = QuickWriter(database) if database.is_sqlite else None
        names = [field.name for field in fields(NewPrediction)]
        self._insert = QuickInsert(database, cast(Table, Prediction.__table__), names)

    def add(self, predictions: Sequence[NewPrediction]) -> list[int]:
        """Store predictions in one transaction, committed when this returns their ids, in order."""
        rows = [vars(prediction) for prediction in predictions]
        with self._database.write() as session:
            statement = insert(Prediction).returning(Prediction.id, sort_by_parameter_order=True)
            return list(session.scalars(statement, rows))

    def add_at_once(self, predictions: Sequence[NewPrediction]) -> list[int]:
        """The same without waiting, for one thread at a time. Raises Busy where another writes, or it must be waited
        for the database anyway."""
        if self._writer is None:
            raise Busy
        values = [self._insert.values(vars(prediction)) for prediction in predictions]
        with self._writer.transaction() as connection:
            connection.executemany(self._insert.statement, values)
            (last,) = connection.execute("SELECT last_insert_rowid()").fetchone()
        # Nobody else writes meanwhile, so they have one number after the other.
        return list(range(last - len(values) + 1, last + 1))

    def checkpoint(self) -> None:
        """What `add_at_once` leaves to be done once in a while."""
        if self._writer is not None:
            checkpoint(self._database)

    def close(self) -> None:
        """Close the connection of `add_at_once`."""
        if self._writer is not None:
            self._writer.close()
