"""The history in pages: filtered, sorted, and each prediction with what became of it.

Two steps keep a million rows quick: ids are found in an index alone, and only the page's own rows are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, cast

from sqlalchemy import and_, false, func, select
from sqlalchemy.orm import Session

from ventas.ledger.database import Database
from ventas.ledger.history_counts import Counts
from ventas.ledger.history_filter import NEWEST, HistoryFilter, Sort, ids, order
from ventas.ledger.tables import Outcome, Prediction

RECENT_IDS = 20_000
EXPORT_ROWS = 5_000
EVERYTHING = HistoryFilter()


class Past(NamedTuple):
    """A prediction, and the outcome of its version, series and day, if that is known.

    The prediction counts only where the outcome has its id: of several the latest counts.
    """

    prediction: Prediction
    outcome: Outcome | None


class _Ends(NamedTuple):
    oldest: int
    newest: int


class History:
    """Reads the history. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database
        self._counts = Counts()

    def get(self, prediction_id: int) -> Past | None:
        """One prediction, or None."""
        with self._database.read() as session:
            found = _read(session, [prediction_id])
        return found[0] if found else None

    def page(
        self, skip: int, limit: int, wanted: HistoryFilter = EVERYTHING, sort: Sort = NEWEST
    ) -> tuple[list[Past], int]:
        """`limit` predictions that fit after the first `skip` of them, and how many fit in all.

        Sorted by error are only those that have one.
        """
        if sort.endswith("error"):
            wanted = replace(wanted, has_actual=True)
        with self._database.read() as session:
            ends = _ends(session)
            total = self._counts.count(session, wanted, ends.newest, ends.oldest)
            if skip >= total:
                return [], total
            return _read(session, _page_ids(session, wanted, sort, skip, limit, total, ends)), total

    def all(self, wanted: HistoryFilter) -> Iterator[Sequence[Past]]:
        """All predictions that fit, newest first, in parts, each read by itself: a slow reader holds no lock."""
        last = wanted.last_id
        while True:
            part = replace(wanted, last_id=last)
            with self._database.read() as session:
                found = _newest(session, part, EXPORT_ROWS, _ends(session))
                rows = _read(session, found)
            if not rows:
                return
            yield rows
            last = found[-1] - 1


def _page_ids(
    session: Session, wanted: HistoryFilter, sort: Sort, skip: int, limit: int, total: int, ends: _Ends
) -> list[int]:
    if sort == NEWEST:
        if wanted == EVERYTHING and total == ends.newest - ends.oldest + 1:  # no id is missing
            first = ends.newest - skip
            return list(range(first, max(first - limit, ends.oldest - 1), -1))
        if skip + limit <= RECENT_IDS:
            return _newest(session, wanted, skip + limit, ends)[skip:]
    return _window(session, wanted, sort, skip, limit, total)


def _newest(session: Session, wanted: HistoryFilter, limit: int, ends: _Ends) -> list[int]:
    """The `limit` newest ids that fit; most often the last few ids have enough of them."""
    low = min(ends.newest, wanted.last_id or ends.newest) - RECENT_IDS
    recent = replace(wanted, first_id=max(low, wanted.first_id or 0))
    found = list(session.scalars(ids(recent).order_by(*order(NEWEST, recent)).limit(limit)))
    if len(found) == limit or (wanted.first_id or 0) >= low:
        return found
    return list(session.scalars(ids(wanted).order_by(*order(NEWEST, wanted)).limit(limit)))


def _window(
    session: Session, wanted: HistoryFilter, sort: Sort, skip: int, limit: int, total: int
) -> list[int]:
    """A part of the sorted ids, taken from the end that is nearer."""
    limit = min(limit, total - skip)
    found = ids(wanted, moments=sort.endswith("timestamp"))
    if 2 * skip <= total:
        return list(session.scalars(found.order_by(*order(sort, wanted)).offset(skip).limit(limit)))
    turned = found.order_by(*order(_turned(sort), wanted)).offset(total - skip - limit).limit(limit)
    return list(session.scalars(turned))[::-1]


def _turned(sort: Sort) -> Sort:
    return cast(Sort, sort[1:] if sort.startswith("-") else f"-{sort}")


def _ends(session: Session) -> _Ends:
    oldest = session.scalar(select(func.min(Prediction.id)))
    return _Ends(oldest or 1, session.scalar(select(func.max(Prediction.id))) or 0)


def _read(session: Session, numbers: Sequence[int]) -> list[Past]:
    """The predictions of these ids, in their order, each with its outcome."""
    same = and_(
        Outcome.model_version == Prediction.model_version,
        Outcome.series == Prediction.series,
        Outcome.date == Prediction.date,
        Outcome.shadow == false(),
    )
    found = session.execute(
        select(Prediction, Outcome).outerjoin(Outcome, same).where(Prediction.id.in_(numbers))
    )
    by_id = {prediction.id: Past(prediction, outcome) for prediction, outcome in found}
    return [by_id[number] for number in numbers if number in by_id]
