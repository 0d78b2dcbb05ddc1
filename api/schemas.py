"""The shapes of requests and answers, for the checks and for the OpenAPI document."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, WithJsonSchema

from ventas.contract import Kind
from ventas.states import RunStatus

LARGEST_ID = 2**63 - 1
LARGEST_VERSION = 2**31 - 1
NO_NUL = "^[^\\x00]*$"


def _moment(text: Any) -> datetime:
    """RFC 3339 alone: a bare number, a date or a time without its zone would be a guess."""
    if not isinstance(text, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text, re.ASCII
    ):
        raise ValueError("not a moment")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:  # the first hours of year 1, east of Greenwich
        raise ValueError("out of range") from error


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]


def left_out(description: str, **limits: Any) -> Any:
    """A query parameter that need not be given."""
    return Field(None, description=description, json_schema_extra=_without_null, **limits)


def _without_null(schema: dict[str, Any]) -> None:
    """A parameter may be left out, but the text "null" is no value of it: the document must not say so."""
    schema.pop("default", None)
    schema.update(next(kind for kind in schema.pop("anyOf") if kind.get("type") != "null"))


class Page(BaseModel):
    """Which part of a list is wanted."""

    skip: int = Field(0, ge=0, le=LARGEST_ID, description="How many of the newest entries to leave out.")
    limit: int | None = left_out("How many entries to give at most; 100 unless given.", ge=1)


class PredictionId(BaseModel):
    """The id of one prediction."""

    id: int = Field(ge=1, le=LARGEST_ID, description="As `POST /predict` gave it.")


class RunId(BaseModel):
    """The id of one run."""

    id: str = Field(description="A UUID, or its first 8 characters or more where no other run begins so.")


class VersionPath(BaseModel):
    """A registered version."""

    version: int = Field(ge=1, le=LARGEST_VERSION, description="As `GET /models` lists it.")


class ChampionQuery(BaseModel):
    """Of which moment the champion is wanted."""

    at: Moment | None = left_out("Who was champion then; now unless given.")


class PromoteRequest(BaseModel):
    """Why a version is made the champion, by hand or by approval."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": {"reason": "Why."}})

    reason: str = Field(
        min_length=1,
        max_length=1000,
        pattern=r"^[^\x00]*[^\x00\s][^\x00]*$",
        description="Kept with the promotion.",
    )


class Alive(BaseModel):
    """The process lives."""

    status: Literal["alive"] = "alive"


class PartAnswer(BaseModel):
    """How one part behind the API is, and since when."""

    model_config = ConfigDict(from_attributes=True)

    status: Literal["ok", "away", "unknown"]
    since: datetime = Field(
        description="When it came into this status; for `away`, when it was first missed."
    )
    reason: str | None


class Health(BaseModel):
    """A model is served; `parts` tells how each part behind it is."""

    status: Literal["ok"] = "ok"
    model_version: int
    loaded_at: datetime
    compiled: bool = Field(
        description="Whether it answers single questions the fast way; if not, the log says why."
    )
    example: bool = Field(description="Whether its model learnt from the bundled sample data.")
    parts: dict[str, PartAnswer]


class ModelAnswer(BaseModel):
    """A registered version of the model."""

    version: int
    aliases: list[str]
    stage: str
    metrics: dict[str, float | None]
    params: dict[str, str]
    run_id: str = Field(description="MLflow's run.")
    pipeline_run_id: str | None = Field(description="Our run, for `GET /runs/{id}`.")
    created_at: datetime
    files_deleted: bool = Field(
        description="Whether KEEP_VERSIONS had its files deleted: it cannot be promoted any more."
    )
    missing: Literal["run", "version"] | None = Field(
        description="What is gone from MLflow: its `run`, with figures and files, or the whole `version`, which the "
        "API serves from its copy; null where nothing is. It cannot be promoted any more."
    )
    served: bool = Field(description="Whether this process answers with it now.")
    awaits_approval: bool | None = Field(
        description="Whether `POST /models/{version}/approve` would promote it; null while that cannot be told."
    )
    example: bool | None = Field(
        description="Whether it learnt from the bundled sample data; null while that cannot be told."
    )
    verdict: dict[str, Any] | None = Field(
        description="As in the list of runs; null where it was not judged, or while that cannot be told."
    )


class PromotionAnswer(BaseModel):
    """One change of champion."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    created_at: datetime
    model_version: int
    previous_version: int | None
    run_id: str | None
    source: str
    actor: str
    reason: str


class ChampionAnswer(ModelAnswer):
    """The champion of now, or of the moment that was asked for."""

    promotion: PromotionAnswer | None = Field(description="What made it champion; null unless `at` is given.")


class Progress(BaseModel):
    """How far the search is, in candidates."""

    done: int
    total: int


class RunAnswer(BaseModel):
    """What the pipeline does for one upload."""

    id: str
    kind: Kind = Field(
        description="What the upload asks for: to learn from sales, or a forecast of its days."
    )
    status: RunStatus
    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    uploaded_at: datetime | None
    reason: str | None
    progress: Progress | None
    model_version: int | None
    mlflow_run_id: str | None
    same_as_run: str | None
    superseded_by: str | None = Field(description="The run of the newest version of the same key.")
    verdict: dict[str, Any] | None = Field(
        description="Errors, evidence, baselines and reason; in lists without `segments` and `origins`."
    )
    dataset_deleted_at: datetime | None = Field(
        description="When KEEP_DATASETS_DAYS had its cleaned dataset deleted."
    )
    upload_deleted_at: datetime | None = Field(
        description="When KEEP_REJECTED_DAYS had the rejected upload and its reports deleted."
    )
    answer: str | None = Field(description="Where a completed forecast lies in the same bucket, else null.")


class RetryAnswer(RunAnswer):
    """A run that starts again."""

    enqueued: bool = Field(description="Whether its first step was sent; if not, the sweep sends it.")
    note: str


class StepAnswer(BaseModel):
    """One start of one step of a run."""

    model_config = ConfigDict(from_attributes=True)

    step: str
    attempt: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None = Field(
        description="ok, retry, failed or lost; of a retry asked for by a person, how the run had ended."
    )
    error: str | None
    task_id: str | None = Field(description="The Celery task, as Flower lists it; null before that was kept.")


class RunDetail(RunAnswer):
    """A run with its quality report and its steps."""

    quality: dict[str, Any] | None
    steps: list[StepAnswer]


class EventAnswer(BaseModel):
    """One delivery of a notification, or one find of the sweep."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    received_at: datetime
    source: str
    event_name: str
    bucket: str
    key: str
    version_id: str
    outcome: str
    reason: str | None
    run_id: str | None


class ProblemField(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str
    allowed: str | None = None


class Problem(BaseModel):
    """Problem details as in RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemField]


class ModelList(RootModel[list[ModelAnswer]]):
    """Versions of the model, newest first."""


class PromotionList(RootModel[list[PromotionAnswer]]):
    """Changes of champion, newest first."""


class EventList(RootModel[list[EventAnswer]]):
    """Events, newest first."""
