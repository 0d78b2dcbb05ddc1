"""Which runs have files that are too old to be kept, and the note that they are gone.

The note comes after the deletion: whoever is killed in between leaves a run whose files are looked for once more.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, select, update

from ventas.contract import Kind
from ventas.ledger.database import Database
from ventas.ledger.replay_work import OPEN
from ventas.ledger.tables import Alert, Replay, Run, ShadowPrediction
from ventas.states import FINAL_STATES, RunStatus
from ventas.times import utc_now

# The ignored never had a file of their own, and what is left of the rejected has a setting of its own.
_ENDED = tuple(status for status in FINAL_STATES if status not in (RunStatus.IGNORED, RunStatus.REJECTED))

# Not those that may be started again: MLflow knows their version by its run.
_JUDGED = (RunStatus.PROMOTED, RunStatus.NOT_PROMOTED)
_Wanted = Select[str, str, str, str, str, str]


@dataclass(frozen=True)
class OldRun:
    """A run as far as its files are concerned."""

    id: str
    bucket: str
    key: str
    version_id: str
    etag: str
    status: str


@dataclass(frozen=True)
class OldModel:
    """A model version, and the run that registered it."""

    run_id: str
    version: int


class OldFiles:
    """Finds runs with old files. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database

    def datasets_before(
        self, moment: datetime, kept_versions: Collection[int], limit: int | None = None
    ) -> list[OldRun]:
        """Runs of sales that ended before `moment` and whose dataset may go, the oldest first.

        Kept are those of `kept_versions`, and that of the newest upload, which is `latest`. None are told while a
        replay waits or works: it reads datasets where uploads are gone.
        """
        wanted = _old(moment, limit).where(
            Run.dataset_deleted_at.is_(None),
            Run.kind == Kind.SALES,
            Run.status.in_(_ENDED),
            (Run.model_version.is_(None) | Run.model_version.not_in(kept_versions)),
        )
        return self._found(wanted)

    def note_dataset_deleted(self, run_id: str) -> None:
        """Note that a run's dataset is gone, unless the run was started again meanwhile."""
        self._note(run_id, _ENDED, dataset_deleted_at=utc_now())

    def rejected_before(self, moment: datetime, limit: int | None = None) -> list[OldRun]:
        """Runs that ended as rejected before `moment`, of either kind, the oldest first.

        The newest dataset stays, even of an upload that was rejected later on; and replays read rejected uploads too.
        """
        return self._found(
            _old(moment, limit).where(Run.status == RunStatus.REJECTED, Run.upload_deleted_at.is_(None))
        )

    def note_upload_deleted(self, run_id: str) -> None:
        """Note that a rejected upload is gone, unless its run was started again meanwhile."""
        self._note(run_id, [RunStatus.REJECTED], upload_deleted_at=utc_now())

    def models_beyond(self, newest: int, kept_versions: Collection[int]) -> list[OldModel]:
        """Judged versions whose files are there, but for `kept_versions` and the `newest` others; oldest first."""
        wanted = (
            select(Run.id, Run.model_version)
            .where(
                Run.kind == Kind.SALES,
                Run.status.in_(_JUDGED),
                Run.model_version.is_not(None),
                Run.model_version.not_in(kept_versions),
                Run.model_deleted_at.is_(None),
            )
            .order_by(Run.model_version.desc())
            .offset(newest)
        )
        with self._database.read() as session:
            found = session.execute(wanted).all()
        return [OldModel(run_id, version) for run_id, version in reversed(found) if version is not None]

    def needed_by_alerts(self, since: datetime) -> set[int]:
        """Versions that an alert about them may still put in the champion's place; see also `Alerts.fallbacks`.

        Those whose forecasts as a shadow for days since `since` may come true, and rivals of an alert whose action
        is due.
        """
        with self._database.read() as session:
            shadows = session.scalars(
                select(ShadowPrediction.model_version).where(ShadowPrediction.date >= since.date()).distinct()
            )
            rivals = session.scalars(
                select(Alert.rival_version).where(Alert.acted_at.is_(None), Alert.rival_version.is_not(None))
            )
            return {version for found in (shadows, rivals) for version in found if version is not None}

    def note_model_deleted(self, run_id: str) -> None:
        """Note that the files of a run's model version are gone."""
        self._note(run_id, _JUDGED, model_deleted_at=utc_now())

    def _found(self, wanted: _Wanted) -> list[OldRun]:
        with self._database.read() as session:
            return [OldRun(*row) for row in session.execute(wanted)]

    def _note(self, run_id: str, states: Collection[str], **columns: datetime) -> None:
        with self._database.write() as session:
            session.execute(update(Run).where(Run.id == run_id, Run.status.in_(states)).values(**columns))


def _old(moment: datetime, limit: int | None) -> _Wanted:
    newest = (
        select(Run.id)
        .where(Run.dataset_at.is_not(None), Run.uploaded_at.is_not(None))
        .order_by(Run.uploaded_at.desc(), Run.version_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(Run.id, Run.bucket, Run.key, Run.version_id, Run.etag, Run.status)
        .where(
            Run.finished_at < moment,
            Run.id.is_distinct_from(newest),
            ~exists().where(Replay.status.in_(OPEN)),
        )
        .order_by(Run.finished_at, Run.id)
        .limit(limit)
    )
