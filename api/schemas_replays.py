"""The shapes of replays, past uploads judged anew, for the checks and for the OpenAPI document."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from ventas.states import ReplayStatus

Ended = Literal["promoted", "not_promoted", "rejected", "gone"]


class ReplayEnding(BaseModel):
    """How an upload ended, then or now."""

    status: Ended = Field(description="`gone` where neither the upload nor its dataset is there any more.")
    reason: str | None
    verdict: dict[str, Any] | None = Field(
        description="As in the list of runs; null where no model was judged. Versions of `now` count the uploads of "
        "the replay, from 1."
    )
    rejection: dict[str, Any] | None = Field(
        description="Code, sentence and details of why the file was rejected, else null."
    )


class ReplayedRun(BaseModel):
    """One upload's two endings."""

    run_id: str
    key: str
    version_id: str
    uploaded_at: datetime
    then: ReplayEnding
    now: ReplayEnding
    same: bool = Field(description="Whether it ended in the same state.")


class ReplayProgress(BaseModel):
    """How far a replay is, in uploads."""

    done: int
    total: int
    share: float = Field(ge=0, le=1, description="Of all the work, that on the present upload included.")


class ReplayAnswer(BaseModel):
    """The uploads since a run judged anew; nothing else is changed by it."""

    id: str
    run_id: str = Field(description="The first run.")
    status: ReplayStatus
    actor: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int = Field(description="How often it was started; again where its worker was killed.")
    progress: ReplayProgress | None = Field(description="Null until it has begun.")
    reason: str | None = Field(description="Why it failed, in a sentence, else null.")
    differing: int | None = Field(description="How many uploads would end otherwise; null until it is done.")
    result: list[ReplayedRun] | None = Field(description="In upload order; null until it is done.")


class ReplayStarted(ReplayAnswer):
    """The same, as the request that asked for it is answered."""

    enqueued: bool = Field(description="Whether its task was sent; if not, the sweep sends it.")
    note: str
