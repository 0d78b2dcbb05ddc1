"""The shapes of answers about one model version."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from api.schemas import ModelAnswer


class UploadAnswer(BaseModel):
    """The object that a version learnt from."""

    bucket: str
    key: str
    version_id: str
    sha256: str


class ChampionPeriod(BaseModel):
    """A time in which a version was the champion."""

    since: datetime
    until: datetime | None = Field(description="Null while it is.")


class ModelDetail(ModelAnswer):
    """A registered version with what it learnt from and when it was champion."""

    upload: UploadAnswer | None = Field(description="Null for a version that no pipeline run registered.")
    champion: list[ChampionPeriod] | None = Field(description="Oldest first; null while that cannot be told.")


class LossAnswer(BaseModel):
    """Something that the champion knows and a version, or a file, does not."""

    model_config = ConfigDict(from_attributes=True)

    code: Literal["columns_gone", "series_fewer", "series_lost", "days_lost"]
    facts: dict[str, str | int] = Field(description="What fills the sentence, by name.")
    sentence: str = Field(description="The loss in English.")


class LossList(RootModel[list[LossAnswer]]):
    """All losses; empty where there are none, or nothing is known of either file."""


class CardAnswer(BaseModel):
    """All that is known of a version: the file `card/model_card.json` of its MLflow run."""

    version: int
    data: dict[str, Any] = Field(
        description="Of `train` and `test`: rows, first, last, dates, series, rows_closed."
    )
    columns: dict[str, str] = Field(description="Type of each column of the training rows.")
    digest: dict[str, str] = Field(description="SHA-256 of upload and recipe.")
    settings: dict[str, Any] = Field(description="The settings that make the recipe.")
    search: dict[str, Any] = Field(
        description="What was tried: candidates, family, chosen parameters, leaderboard."
    )
    errors: dict[str, Any] = Field(
        description="RMSE in cross-validation and on the test rows, coverage, and the errors of the baselines."
    )
    segments: list[dict[str, Any]] = Field(
        description="RMSE on the test rows by weekday, promotion and holiday."
    )
    importance: dict[str, float | None] = Field(
        description="By how much RMSE grows when a column's values are shuffled."
    )
    verdict: dict[str, Any] | None = Field(description="Null until the version is judged.")


class JudgedPoint(BaseModel):
    """Sales and prediction of one test row, or their sums over one date."""

    date: date
    series: str = Field(description='"" where there is one series, and of sums.')
    promotion: float = Field(description="1 on a day with a promotion; of sums the share of rows with one.")
    holiday: float = Field(description="1 on a holiday; of sums the share of rows with one.")
    actual: float
    prediction: float
    low: float | None = Field(description="Lower end of the interval; null where there is none, and of sums.")
    high: float | None = Field(description="Its upper end.")


class JudgedRowsAnswer(BaseModel):
    """What a version, as it was judged, says of the test rows of its own upload: 2,000 points at most."""

    version: int
    rows: int = Field(description="Test rows of days on which their series was open.")
    dates: int = Field(description="Dates of these rows.")
    series: int
    summed: bool = Field(description="Whether each point is the sum of all rows of its date.")
    step: int = Field(
        ge=1, description="1 where every date is here; 3 where every third is, the first among them."
    )
    points: list[JudgedPoint] = Field(description="By date.")
