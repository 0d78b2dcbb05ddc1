"""Which predictions of the history are wanted, as conditions on the table that answers soonest."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, exists, extract, false, func, select

from ventas.ledger.tables import Outcome, Prediction

Sort = Literal[
    "id",
    "-id",
    "timestamp",
    "-timestamp",
    "Fecha",
    "-Fecha",
    "prediction",
    "-prediction",
    "model_version",
    "-model_version",
    "error",
    "-error",
]
SORTS: tuple[str, ...] = get_args(Sort)
NEWEST: Sort = "-id"
_COLUMNS = {"id": "id", "timestamp": "created_at", "Fecha": "date"}


@dataclass(frozen=True)
class HistoryFilter:
    """What is None is not asked for; all bounds belong to their range.

    `since` and `until` are the days that were forecast, `asked_since` and `asked_until` the moments of asking,
    `first_id` and `last_id` ids; `weekday` is 1 (Monday) to 7. `has_actual` tells those that count among the live
    errors, for their day's sales are known, from all others.
    """

    model_version: int | None = None
    since: date | None = None
    until: date | None = None
    asked_since: datetime | None = None
    asked_until: datetime | None = None
    promotion: int | None = None
    holiday: int | None = None
    weekday: int | None = None
    series: str | None = None
    first_id: int | None = None
    last_id: int | None = None
    has_actual: bool | None = None

    @property
    def by_moment(self) -> bool:
        """Whether the moment of asking matters."""
        return self.asked_since is not None or self.asked_until is not None


def ids(wanted: HistoryFilter, *, moments: bool = False) -> Select[Any]:
    """The ids of the predictions that fit, in no order; with `moments`, `created_at` can be sorted by.

    Those with an actual come from the outcomes, which are few, all others from the index of the predictions.
    """
    if not wanted.has_actual:
        found = select(Prediction.id).where(*_conditions(Prediction, Prediction.id, wanted))
        return found if wanted.has_actual is None else found.where(~_judged())
    found = select(Outcome.prediction_id).where(
        Outcome.shadow == false(), *_conditions(Outcome, Outcome.prediction_id, wanted)
    )
    if moments or wanted.by_moment:
        found = found.join(Prediction, Prediction.id == Outcome.prediction_id)
    return found


def order(sort: Sort, wanted: HistoryFilter) -> list[Any]:
    """The columns that bring `ids` into an order that is the same each time; `error` goes by its size."""
    name = sort.removeprefix("-")
    table: Any = Outcome if wanted.has_actual else Prediction
    number = Outcome.prediction_id if wanted.has_actual else Prediction.id
    # Plus nothing: neither database walks all rows by their key then, where an index tells which fit.
    keys: list[Any] = [number + 0]
    if name == "error":
        keys.insert(0, func.abs(Outcome.prediction - Outcome.actual))
    elif name != "id":
        column = _COLUMNS.get(name, name)
        keys.insert(0, getattr(Prediction if column == "created_at" else table, column))
    return [key.desc() for key in keys] if sort.startswith("-") else keys


def _judged() -> ColumnElement[bool]:
    return exists().where(Outcome.prediction_id == Prediction.id, Outcome.shadow == false())


def _conditions(table: Any, number: Any, wanted: HistoryFilter) -> list[Any]:
    equal = {
        name: getattr(wanted, name)
        for name in ("model_version", "promotion", "holiday", "series")
        if getattr(wanted, name) is not None
    }
    conditions = [getattr(table, name) == value for name, value in equal.items()]
    if wanted.weekday is not None:
        conditions.append(extract("dow", table.date) == wanted.weekday % 7)
    bounds = (
        (table.date, wanted.since, wanted.until),
        (Prediction.created_at, wanted.asked_since, wanted.asked_until),
        (number, wanted.first_id, wanted.last_id),
    )
    for column, low, high in bounds:
        conditions += [column >= low] if low is not None else []
        conditions += [column <= high] if high is not None else []
    return conditions
