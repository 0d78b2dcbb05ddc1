"""The shapes of lists of runs, for the checks and for the OpenAPI document."""

from typing import Any

from pydantic import Field, RootModel

from api.schemas import NO_NUL, Page, RunAnswer, StepAnswer, left_out
from ventas.states import RunStatus


class RunsPage(Page):
    """Which runs are wanted."""

    status: RunStatus | None = left_out("Only runs in this state.")
    key: str | None = left_out("Only this object key.", max_length=1024, pattern=NO_NUL)
    version_id: str | None = left_out("Only this object version.", max_length=128, pattern=NO_NUL)
    name: str | None = left_out(
        "Only keys that contain this text, in any case.", max_length=200, pattern=NO_NUL
    )
    steps: bool = Field(False, description="Whether to tell the steps of each run.")


class RunListed(RunAnswer):
    """A run in a list."""

    rejection: dict[str, Any] | None = Field(
        description="Code, sentence and details of why the file was rejected, else null."
    )
    steps: list[StepAnswer] | None = Field(
        description="What was started, oldest first; null unless asked for."
    )


class RunList(RootModel[list[RunListed]]):
    """Runs, newest first."""
