"""Predictions that came true, and what their errors come to.

An outcome belongs to one forecast: a model version's, for one day of one series, served or in the shadow. It is
written by an upsert that only a newer upload wins, in small transactions: so a step may do it twice, two uploads
may do it at once, and no prediction waits for the database meanwhile.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from math import sqrt
from typing import Any, Literal, TypeVar

from sqlalchemy import Row, and_, case, delete, false, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from ventas.contract import HOLIDAY, PROMOTION, Kind
from ventas.ledger.database import Database
from ventas.ledger.periods import period
from ventas.ledger.tables import Outcome, Prediction, Run, ShadowPrediction

READ_ROWS = 100_000
WRITE_ROWS = 2_000  # some 50 ms in SQLite, which lets one writer in at a time
FORECAST_COLUMNS = (
    *("prediction_id", "created_at", "model_version", "date", "series"),
    *("promotion", "holiday", "prediction", "low", "high"),
)
T = TypeVar("T")
Segment = Literal["none", "weekday", "promotion", "holiday", "series", "week", "month"]


@dataclass(frozen=True)
class Upload:
    """Whose rows are the truth: a run, and its upload's place in the order of uploads."""

    run_id: str
    uploaded_at: datetime
    version_id: str


@dataclass(frozen=True)
class OutcomeFilter:
    """Which outcomes are asked for; `since` and `until` are dates of sales, both included."""

    model_version: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class LiveError:
    """What a version's predictions came to, all or those of one segment.

    `wape` is None where nothing was sold, `coverage` (share of actual sales inside the interval) where no
    prediction had an interval. `verdict_rmse` is the version's own error when it was judged, if that is known.
    """

    model_version: int
    shadow: bool
    segment: str | None
    rows: int
    first: date
    last: date
    mae: float
    rmse: float
    wape: float | None
    coverage: float | None
    intervals: int
    verdict_rmse: float | None


@dataclass(frozen=True)
class Rivalry:
    """Champion and a shadow on the same outcomes."""

    shadow_version: int
    rows: int
    shadow_rmse: float
    champion_rmse: float


class Outcomes:
    """Reads and writes outcomes. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database

    def forecasts(self, first: date, last: date, *, shadow: bool) -> Iterator[Sequence[Row[Any]]]:
        """What was forecast for the days from `first` to `last`, in parts; rows have FORECAST_COLUMNS.

        Served predictions, or the shadow's. A prediction whose date was only assumed is none.
        """
        table: Any = ShadowPrediction if shadow else Prediction
        flags = (
            (table.promotion, table.holiday)
            if shadow
            else tuple(table.input_data[name].as_integer() for name in (PROMOTION, HOLIDAY))
        )
        wanted = select(
            *(table.id, table.created_at, table.model_version, table.date, table.series),
            *(*flags, table.prediction, table.low, table.high),
        ).where(table.date.between(first, last))
        if not shadow:
            wanted = wanted.where(Prediction.date_assumed == false())
        with self._database.read() as session:
            found = session.execute(wanted, execution_options={"yield_per": READ_ROWS})
            yield from found.partitions()

    def older(self, first: date, last: date, upload: Upload) -> Iterator[Sequence[Row[Any]]]:
        """Outcomes of days from `first` to `last` that older uploads decided: id, version, series, date, shadow."""
        before = or_(
            Outcome.uploaded_at < upload.uploaded_at,
            and_(Outcome.uploaded_at == upload.uploaded_at, Outcome.version_id < upload.version_id),
        )
        wanted: Any = select(Outcome.id, Outcome.model_version, Outcome.series, Outcome.date, Outcome.shadow)
        with self._database.read() as session:
            found = session.execute(
                wanted.where(Outcome.date.between(first, last), before),
                execution_options={"yield_per": READ_ROWS},
            )
            yield from found.partitions()

    def remove(self, ids: Iterable[int], upload: Upload) -> None:
        """Take away outcomes that `upload` contradicts, unless a newer one has decided them meanwhile."""
        for some in _batches(ids):
            with self._database.write() as session:
                session.execute(
                    delete(Outcome).where(Outcome.id.in_(some), Outcome.uploaded_at <= upload.uploaded_at)
                )

    def write(self, rows: Iterable[dict[str, Any]]) -> None:
        """Keep outcomes (the columns of the table but `id`); one that a newer upload has decided stays."""
        for some in _batches(rows):
            with self._database.write() as session:
                dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
                session.execute(_upsert(dialect), some)

    def errors(self, wanted: OutcomeFilter, segment: Segment = "none") -> list[LiveError]:
        """Errors of each version, newest first, what was served before the shadow, by segment in order."""
        with self._database.read() as session:
            by = _segment(segment, session.get_bind().dialect.name)
            keys = [Outcome.model_version, Outcome.shadow, *([] if segment == "none" else [by])]
            found = session.execute(
                select(Outcome.model_version, Outcome.shadow, by.label("segment"), *_SUMS)
                .where(*_conditions(wanted))
                .group_by(*keys)
                .order_by(Outcome.model_version.desc(), *keys[1:])
            ).all()
            verdicts = _verdict_errors(session, {row.model_version for row in found})
        return [_live_error(row, verdicts.get(row.model_version)) for row in found]

    def rivalries(self, champion: int, since: date) -> list[Rivalry]:
        """Each shadow that was asked what the champion was asked for days from `since` on, the lowest error first."""
        ours, theirs = aliased(Outcome), aliased(Outcome)
        same = and_(ours.date == theirs.date, ours.series == theirs.series)
        mse = [
            func.avg((one.prediction - one.actual) * (one.prediction - one.actual)) for one in (theirs, ours)
        ]
        with self._database.read() as session:
            found = session.execute(
                select(theirs.model_version, func.count(), *mse)
                .join(theirs, same)
                .where(
                    ours.model_version == champion,
                    ours.shadow.is_(False),
                    theirs.shadow.is_(True),
                    ours.date >= since,
                )
                .group_by(theirs.model_version)
                .order_by(mse[0])
            )
            return [Rivalry(version, rows, sqrt(shadow), sqrt(own)) for version, rows, shadow, own in found]


def _segment(segment: Segment, dialect: str) -> Any:
    if segment == "none":
        return literal(None)
    if segment in ("week", "month"):
        return period(segment, Outcome.date, dialect)
    return getattr(Outcome, segment)


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(rows)
    while batch := list(islice(rest, WRITE_ROWS)):
        yield batch


def _upsert(dialect: Any) -> Any:
    new = dialect.insert(Outcome.__table__)  # the mapped class would take twice as long
    newer = or_(
        new.excluded.uploaded_at > Outcome.uploaded_at,
        and_(new.excluded.uploaded_at == Outcome.uploaded_at, new.excluded.version_id > Outcome.version_id),
    )
    changed = {name: value for name, value in new.excluded.items() if name != "id"}
    return new.on_conflict_do_update(
        index_elements=["model_version", "series", "date", "shadow"], set_=changed, where=newer
    )


_GAP = Outcome.prediction - Outcome.actual
_SUMS = (
    func.count().label("rows"),
    func.min(Outcome.date).label("first"),
    func.max(Outcome.date).label("last"),
    func.avg(func.abs(_GAP)).label("mae"),
    func.avg(_GAP * _GAP).label("mse"),
    func.sum(func.abs(_GAP)).label("missed"),
    func.sum(Outcome.actual).label("sold"),
    func.count(Outcome.low).label("intervals"),
    func.sum(case((Outcome.actual.between(Outcome.low, Outcome.high), 1), else_=0)).label("inside"),
)


def _conditions(wanted: OutcomeFilter) -> list[Any]:
    conditions = []
    if wanted.model_version is not None:
        conditions.append(Outcome.model_version == wanted.model_version)
    if wanted.since is not None:
        conditions.append(Outcome.date >= wanted.since)
    if wanted.until is not None:
        conditions.append(Outcome.date <= wanted.until)
    return conditions


def _live_error(row: Any, verdict_rmse: float | None) -> LiveError:
    return LiveError(
        model_version=row.model_version,
        shadow=row.shadow,
        segment=None if row.segment is None else str(row.segment),
        rows=row.rows,
        first=row.first,
        last=row.last,
        mae=row.mae,
        rmse=sqrt(row.mse),
        wape=row.missed / row.sold if row.sold else None,
        coverage=row.inside / row.intervals if row.intervals else None,
        intervals=row.intervals,
        verdict_rmse=verdict_rmse,
    )


def _verdict_errors(session: Any, versions: set[int]) -> dict[int, float]:
    """The error of each version when it was judged; a first champion's is that on its own test rows."""
    runs = session.execute(
        select(Run.model_version, Run.verdict, Run.test_rmse).where(
            Run.kind == Kind.SALES, Run.model_version.in_(versions)
        )
    )
    known = {row.model_version: (row.verdict or {}).get("challenger_rmse") or row.test_rmse for row in runs}
    return {version: float(rmse) for version, rmse in known.items() if rmse is not None}
