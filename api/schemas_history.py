"""The shapes of requests and answers about past predictions."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from api.schemas import (
    LARGEST_ID,
    LARGEST_VERSION,
    NO_NUL,
    Moment,
    Page,
    left_out,
)
from api.schemas_predictions import HistoryEntry
from api.schemas_reality import Day
from ventas.ledger.history_filter import NEWEST, HistoryFilter, Sort


class HistoryWanted(BaseModel):
    """Which predictions are wanted; all bounds belong to their range."""

    model_version: int | None = left_out("Only by this version.", ge=1, le=LARGEST_VERSION)
    since: Day | None = left_out("Only for this day or later ones.")
    until: Day | None = left_out("Only for this day or earlier ones.")
    asked_since: Moment | None = left_out("Only made at this moment or later.")
    asked_until: Moment | None = left_out("Only made at this moment or earlier.")
    promotion: bool | None = left_out("Only with a promotion, or only without.")
    holiday: bool | None = left_out("Only of holidays, or only of other days.")
    weekday: int | None = left_out("Only of this weekday, 1 Monday to 7 Sunday.", ge=1, le=7)
    series: str | None = left_out("Only of this series.", max_length=1000, pattern=NO_NUL)
    first_id: int | None = left_out("Only this id or higher ones.", ge=1, le=LARGEST_ID)
    last_id: int | None = left_out("Only this id or lower ones.", ge=1, le=LARGEST_ID)
    has_actual: bool | None = left_out("Only those that have an `actual`, or only those without.")

    def filter(self) -> HistoryFilter:
        """The same for the ledger."""
        given = {name: getattr(self, name) for name in HistoryWanted.model_fields}
        for flag in ("promotion", "holiday"):
            given[flag] = None if given[flag] is None else int(given[flag])
        return HistoryFilter(**given)


class HistoryQuery(Page, HistoryWanted):
    """Which predictions are wanted, in which order, and which part of them."""

    sort: Sort = Field(
        NEWEST,
        description="Ascending, or descending with a minus. `id` is the order in which they were recorded, `error` "
        "the size of the error; sorted by that, only predictions with an `actual` are listed.",
    )


class HistoryCsv(HistoryWanted):
    """Which predictions a file is wanted of."""

    excel: bool = Field(
        False, description="Semicolons and decimal commas, as spreadsheets in Spanish expect them."
    )


Unknown = Literal["date_assumed", "too_late", "later_prediction", "other_conditions", "no_sales_yet"]


class PastPrediction(HistoryEntry):
    """A prediction that was made before, and what was sold."""

    actual: float | None = Field(description="What was sold that day, where this prediction counts.")
    error: float | None = Field(description="`prediction` less `actual`.")
    no_actual: Unknown | None = Field(
        description="Why `actual` is null: the date was only assumed; it was made on its day or after it; a later "
        "one of its version counts instead; the day came with another promotion or holiday; or no upload has told "
        "the day's sales as they were asked for."
    )


class LineageUpload(BaseModel):
    """A file in the bucket, and the run that read it."""

    model_config = ConfigDict(from_attributes=True)

    run_id: str = Field(validation_alias="id", description="For `GET /runs/{id}`.")
    bucket: str
    key: str
    version_id: str
    uploaded_at: datetime | None
    rows: int | None = Field(description="Rows that were kept of it; null where that is not known.")
    dataset: list[str] = Field(description="Where its clean rows lie, as URIs.")


class Lineage(BaseModel):
    """What is behind a prediction."""

    id: int
    model_version: int
    mlflow_run_id: str | None
    model: LineageUpload | None = Field(
        description="What the version was learned from; null where no run of ours registered it."
    )
    actual: LineageUpload | None = Field(
        description="The upload that told the day's sales; null without one."
    )
    counts: int | None = Field(
        description="Id of the prediction of this version, series and day that counts, once one does."
    )
    date: date | None
    judged_at: datetime | None = Field(description="When the day's sales became known.")


class PastList(RootModel[list[PastPrediction]]):
    """Predictions, in the order that was asked for."""
