"""The shapes of answers about the system as a whole."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Page, PartAnswer, left_out


class EventsPage(Page):
    """Which events are wanted."""

    outcome: Literal["recorded", "duplicate", "ignored"] | None = left_out("Only events with this outcome.")
    key: str | None = left_out("Only of this object key.", max_length=1024, pattern="^[^\\x00]*$")
    own: bool | None = left_out("Only of files that the system itself wrote, or only of others.")


class QueueAnswer(BaseModel):
    """One queue of tasks."""

    model_config = ConfigDict(from_attributes=True)

    waiting: int | None = Field(description="Tasks that nobody has taken yet; null while Redis is away.")
    workers: list[str] | None = Field(description="Who takes its tasks; null where nobody could be asked.")


class SweepAnswer(BaseModel):
    """How the sweep is."""

    model_config = ConfigDict(from_attributes=True)

    started_at: datetime | None = Field(description="When the last one began.")
    finished_at: datetime | None = Field(description="When the bucket was last seen whole.")
    listed: int = Field(description="Object versions that were seen then.")
    found: int = Field(description="Those of them that no event had told of.")
    problem: str | None = Field(description="Why the last one did not come to its end.")


class WaitingRun(BaseModel):
    """A run that has not ended."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    key: str
    status: str
    created_at: datetime


class BacklogAnswer(BaseModel):
    """What there is to do, as the ledger knows it."""

    model_config = ConfigDict(from_attributes=True)

    runs: dict[str, int] = Field(
        description="How many runs are in each state; states without runs are left out."
    )
    oldest: WaitingRun | None = Field(
        description="The run that waits or works since longest; null if none does."
    )
    sweep: SweepAnswer | None = Field(description="Null before the first one.")


class StatusAnswer(BaseModel):
    """How each part is since when, and what there is to do."""

    checked_at: datetime
    parts: dict[str, PartAnswer] = Field(
        description="`since` is when this process of the API first saw the part so; unknown: not asked yet."
    )
    queues: dict[str, QueueAnswer]
    backlog: BacklogAnswer | None = Field(description="Null while the ledger's database is away.")
