"""The shapes of requests and answers about what became of the predictions."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, WithJsonSchema

from api.schemas import LARGEST_VERSION, Page, left_out
from ventas.ledger.outcomes import Segment


def _day(text: Any) -> date:
    """An ISO date alone."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError("not a date")
    return date.fromisoformat(text)


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class AccuracyQuery(Page):
    """Which predictions that came true are looked at, and how they are told apart."""

    model_version: int | None = left_out("Only of this version.", ge=1, le=LARGEST_VERSION)
    segment: Segment = Field("none", description="An entry for each value of this.")
    since: Day | None = left_out("Only for this day or later ones.")
    until: Day | None = left_out("Only for this day or earlier ones.")


class AccuracyAnswer(BaseModel):
    """How far the predictions of one version were from what then was sold."""

    model_config = ConfigDict(from_attributes=True)

    model_version: int
    shadow: bool = Field(description="Whether these were not served: the version was in the shadow.")
    segment: str | None = Field(
        description="The value that the predictions share, a week by its Monday; null for all of them."
    )
    rows: int
    first: date
    last: date
    mae: float
    rmse: float
    wape: float | None = Field(description="Sum of errors over sum of sales; null where nothing was sold.")
    coverage: float | None = Field(description="Share of sales inside the interval; null without intervals.")
    intervals: int = Field(description="Rows that had an interval.")
    verdict_rmse: float | None = Field(description="The version's RMSE when it was judged, on other rows.")


class AlertAnswer(BaseModel):
    """What an operator should know, once for each cause."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    created_at: datetime
    kind: Literal["live_error", "overtaken", "drift"]
    cause: str
    model_version: int = Field(description="The champion that it is about.")
    rival_version: int | None = Field(description="The version in the shadow that was better.")
    message: str
    value: float
    limit: float
    run_id: str = Field(description="The run of the upload that told.")
    action: Literal["record", "retrain", "rollback"]
    acted_at: datetime | None = Field(description="Null while the action is due.")
    note: str | None = Field(description="What the action came to.")


class AccuracyList(RootModel[list[AccuracyAnswer]]):
    """Errors in reality, newest version first."""


class AlertList(RootModel[list[AlertAnswer]]):
    """Alerts, newest first."""
