"""The tables of the ledger. A change here needs a migration in `ventas/migrations/versions`."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from ventas.contract import HOLIDAY, PROMOTION
from ventas.ledger.generated import given_flag


class UtcDateTime(TypeDecorator[datetime]):
    """A moment kept in UTC; comes back timezone-aware from SQLite too, which stores no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Text(TypeDecorator[str]):
    """Text from outside: PostgreSQL stores no NUL character, so U+FFFD stands for it, on SQLite too."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return value if value is None else value.replace("\0", "\ufffd")


# SQLite numbers a row by itself only where its key is declared INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute
        datetime: UtcDateTime(),
        str: Text(),
        dict[str, Any]: JSON(none_as_null=True),
        list[dict[str, Any]]: JSON(none_as_null=True),
    }


class Run(Base):
    """What the pipeline does for one upload (bucket, key, version id)."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("bucket", "key", "version_id", "etag_key", name="uq_runs_upload"),
        Index("ix_runs_status", "status"),
        Index("ix_runs_sha256", "sha256"),
        Index("ix_runs_uploaded_at", "uploaded_at"),
        # What retention has still to look at.
        Index("ix_runs_dataset_deleted", "dataset_deleted_at", "finished_at"),
    )

    id: Mapped[str] = mapped_column(Text(36), primary_key=True)
    bucket: Mapped[str] = mapped_column(Text(63))
    key: Mapped[str] = mapped_column(Text(1024))
    version_id: Mapped[str] = mapped_column(Text(128))
    etag: Mapped[str] = mapped_column(Text(128))
    # The ETag where the bucket is not versioned (version id "null"), else empty: it tells uploads apart.
    etag_key: Mapped[str] = mapped_column(Text(128))
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    uploaded_at: Mapped[datetime | None]  # LastModified as ListObjectVersions gives it: the upload order
    kind: Mapped[str] = mapped_column(Text(16), default="sales", server_default="sales")  # sales, forecast
    status: Mapped[str] = mapped_column(Text(16))
    reason: Mapped[str | None]  # one sentence: why rejected, ignored, failed, not promoted
    enqueued_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)  # starts of the current step
    lease_token: Mapped[str | None] = mapped_column(Text(36))
    lease_expires_at: Mapped[datetime | None]
    progress_done: Mapped[int | None]
    progress_total: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(Text(64))
    recipe_digest: Mapped[str | None] = mapped_column(Text(64))
    same_as_run: Mapped[str | None] = mapped_column(Text(36))
    superseded_by: Mapped[str | None] = mapped_column(Text(36))  # the newest run of the same key
    dataset_at: Mapped[datetime | None]  # since when its dataset is complete in bucket data
    quality: Mapped[dict[str, Any] | None]
    mlflow_run_id: Mapped[str | None] = mapped_column(Text(64))
    model_version: Mapped[int | None]
    test_rmse: Mapped[float | None]  # the challenger's on its own test rows; a first champion has no rival's
    verdict: Mapped[dict[str, Any] | None]
    dataset_deleted_at: Mapped[datetime | None]  # when retention was done with its files in bucket data
    upload_deleted_at: Mapped[datetime | None]  # and, for a rejected file, with the upload and its reports
    model_deleted_at: Mapped[datetime | None]  # and with the files of its model version

    @property
    def came_at(self) -> datetime:
        """When its upload came, as far as that is known."""
        return self.uploaded_at or self.created_at


class StepAttempt(Base):
    """One start of one step of a run: append-only but for its end."""

    __tablename__ = "steps"
    __table_args__ = (Index("ix_steps_run", "run_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    step: Mapped[str] = mapped_column(Text(16))
    attempt: Mapped[int]
    worker: Mapped[str] = mapped_column(Text(255))
    lease_token: Mapped[str] = mapped_column(Text(36))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text(16))  # ok, retry, failed, lost
    task_id: Mapped[str | None] = mapped_column(Text(64))  # as Celery and Flower know the start
    error: Mapped[str | None]


class Replay(Base):
    """The uploads since one run judged anew, as somebody asked for it, and what came of it."""

    __tablename__ = "replays"
    __table_args__ = (Index("ix_replays_run", "run_id"),)

    id: Mapped[str] = mapped_column(Text(36), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))  # the first one
    status: Mapped[str] = mapped_column(Text(16))  # waiting, running, done, failed
    actor: Mapped[str] = mapped_column(Text(255))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    enqueued_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(Text(36))
    lease_expires_at: Mapped[datetime | None]
    progress_done: Mapped[float | None]  # runs judged, with the part of the one at work
    progress_total: Mapped[int | None]
    reason: Mapped[str | None]  # one sentence: why it failed
    result: Mapped[list[dict[str, Any]] | None]


class Event(Base):
    """One delivery of a notification, or one find of the sweep: append-only."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_run", "run_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    received_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(Text(16))  # minio, sweep
    event_name: Mapped[str] = mapped_column(Text(64))
    bucket: Mapped[str] = mapped_column(Text(255))
    key: Mapped[str] = mapped_column(Text(1024))
    version_id: Mapped[str] = mapped_column(Text(128))
    sequencer: Mapped[str | None] = mapped_column(Text(64))
    outcome: Mapped[str] = mapped_column(Text(16))  # recorded, duplicate, ignored
    reason: Mapped[str | None]
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id"))


class Promotion(Base):
    """One change of champion: append-only; the newest row names the champion."""

    __tablename__ = "promotions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    created_at: Mapped[datetime]
    model_version: Mapped[int]
    previous_version: Mapped[int | None]
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id"))
    uploaded_at: Mapped[datetime | None]  # upload order of the champion's upload
    source: Mapped[str] = mapped_column(Text(16))  # verdict, manual, approved
    actor: Mapped[str] = mapped_column(Text(255))
    reason: Mapped[str]
    mirrored_at: Mapped[datetime | None]  # when MLflow's alias followed; none where it was overtaken


class AliasClaim(Base):
    """A process that may set MLflow's alias to a version, and nobody else until the claim expires."""

    __tablename__ = "alias_claims"

    token: Mapped[str] = mapped_column(Text(36), primary_key=True)
    model_version: Mapped[int]
    expires_at: Mapped[datetime]


class Prediction(Base):
    """One served prediction."""

    __tablename__ = "predictions"
    __table_args__ = (
        Index("ix_predictions_created_at", "created_at"),
        # Holds all that the history is filtered and sorted by, so that a million rows need not be read for it.
        Index(
            "ix_predictions_filters",
            *("date", "model_version", "promotion", "holiday", "series", "prediction", "created_at"),
        ),
        {"sqlite_autoincrement": True},  # ids must only ever grow
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    created_at: Mapped[datetime]
    model_version: Mapped[int]
    date: Mapped[date | None]  # the day that was forecast, given or assumed
    input_data: Mapped[dict[str, Any]]
    prediction: Mapped[float]
    series: Mapped[str] = mapped_column(
        default="", server_default=""
    )  # its key, "" where the model knows one
    low: Mapped[float | None]  # the interval's bounds; none for a model without intervals
    high: Mapped[float | None]
    coverage: Mapped[float | None]  # the share of actual sales that the interval is to hold
    date_assumed: Mapped[bool] = mapped_column(default=False, server_default=false())
    # What was asked, as the database itself reads it out of `input_data`.
    promotion: Mapped[int | None] = mapped_column(Computed(given_flag(PROMOTION)))
    holiday: Mapped[int | None] = mapped_column(Computed(given_flag(HOLIDAY)))


class ShadowPrediction(Base):
    """What the shadow would have answered to a request whose date was given."""

    __tablename__ = "shadow_predictions"
    __table_args__ = (Index("ix_shadow_predictions_date", "date"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    created_at: Mapped[datetime]
    model_version: Mapped[int]
    date: Mapped[date]
    series: Mapped[str]
    promotion: Mapped[int]
    holiday: Mapped[int]
    prediction: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]


class Outcome(Base):
    """A prediction that came true: what was forecast for a series' day, and what the newest upload says was sold."""

    __tablename__ = "outcomes"
    __table_args__ = (
        UniqueConstraint("model_version", "series", "date", "shadow", name="uq_outcomes_forecast"),
        Index("ix_outcomes_date", "date"),
        Index("ix_outcomes_prediction", "prediction_id", "shadow"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    prediction_id: Mapped[int] = mapped_column(BigInteger)  # of `shadow_predictions` where `shadow` is true
    model_version: Mapped[int]
    series: Mapped[str]
    date: Mapped[date]
    shadow: Mapped[bool]
    prediction: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]
    actual: Mapped[float]
    weekday: Mapped[int]
    promotion: Mapped[int]
    holiday: Mapped[int]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    uploaded_at: Mapped[datetime]  # with `version_id` the order of the upload that `actual` is from
    version_id: Mapped[str] = mapped_column(Text(128))
    judged_at: Mapped[datetime]


class Alert(Base):
    """Something that an operator should know, once for each cause."""

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("cause", name="uq_alerts_cause"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    created_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(Text(16))  # live_error, overtaken, drift
    cause: Mapped[str]
    model_version: Mapped[int]  # the champion that it is about
    rival_version: Mapped[int | None]  # the shadow that was better
    message: Mapped[str]
    value: Mapped[float]
    limit: Mapped[float]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    action: Mapped[str] = mapped_column(Text(16))  # record, retrain, rollback
    acted_at: Mapped[datetime | None]  # none while the action is due
    note: Mapped[str | None]  # what the action came to


class Sweep(Base):
    """The sweep's one row: who lists the bucket now, and how the last listing ended."""

    __tablename__ = "sweeps"

    name: Mapped[str] = mapped_column(Text(16), primary_key=True)
    token: Mapped[str | None] = mapped_column(Text(36))
    expires_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]  # of the last one that saw the whole bucket
    listed: Mapped[int] = mapped_column(default=0)  # object versions that one saw
    found: Mapped[int] = mapped_column(default=0)  # of them, uploads without a run
    problem: Mapped[str | None]  # why the last one did not come to its end
