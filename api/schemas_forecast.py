"""The shapes of what a form of forecasts needs: recent sales, and the further columns of the champion."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from api.schemas import Page, left_out
from api.schemas_reality import Day

MOST_VALUES = 1000
ColumnKind = Literal["number", "category", "id", "flag"]


class ActualsQuery(Page):
    """Which days are wanted, and of which series."""

    since: Day | None = left_out("Only this day or later ones.")
    until: Day | None = left_out("Only this day or earlier ones.")
    series: str | None = left_out(
        "Only this series, as its column writes it; summed over all series unless given.",
        max_length=1000,
        pattern="^[^\\x00]*$",
    )


class ActualAnswer(BaseModel):
    """What was sold on one day, as the newest upload says."""

    model_config = ConfigDict(from_attributes=True)

    date: date
    sales: float = Field(description="Of the series that was asked for, else summed over all.")
    promotion: float = Field(description="Share of the day's rows with a promotion, 0 or 1 for one series.")
    holiday: float = Field(description="Share of the day's rows that were a holiday, 0 or 1 for one series.")
    series: int = Field(description="How many rows were summed: one for each series that has the day.")


class ColumnAnswer(BaseModel):
    """One column that the champion reads beside the date, weekday, promotion and holiday."""

    name: str = Field(description="The key under which `POST /predict` takes it.")
    kind: ColumnKind = Field(description="`id` tells the series apart, such as a store; `flag` is 0 or 1.")
    type: Literal["number", "text"] = Field(description="Which JSON type it is sent as.")
    values: list[str] = Field(
        description=f"What the model knows of a `category` or `id`, as text; the first {MOST_VALUES}."
    )
    values_count: int = Field(description="How many it knows in all.")
    low: float | None = Field(description="The least number seen in training.")
    high: float | None = Field(description="The largest number seen in training.")
    default: float | None = Field(
        description="What the model takes for a number that is left out: its median, or null where it is the usual "
        "one of the series that is named."
    )
    whole: bool = Field(description="Whether training saw only whole numbers of it.")
    of_series: bool = Field(
        description="Whether each series has one value of it, such as a store's region: it follows from the series, "
        "and need not be sent."
    )


class ChampionColumns(BaseModel):
    """The further columns of the champion, each of which may be left out."""

    model_version: int
    series: str | None = Field(description="The column that tells series apart, or null.")
    open: str | None = Field(
        description="The column that is 0 on closed days, else 1, or null. Left out, it is what is usual of the "
        "series on such a day."
    )
    columns: list[ColumnAnswer]


class ActualList(RootModel[list[ActualAnswer]]):
    """Days, newest first."""
