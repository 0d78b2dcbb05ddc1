"""The shapes of predictions, for the checks and for the OpenAPI document."""

from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from ventas.ledger import Prediction
from ventas.ledger.predictions import NewPrediction

_EXAMPLE: dict[str, Any] = {"DíaDeLaSemana": 1, "Promociones": 0, "Festivo": 1}


class PredictRequest(BaseModel):
    """What a prediction is asked for; further columns of the model are further keys."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"example": _EXAMPLE})

    weekday: int = Field(alias="DíaDeLaSemana", ge=1, le=7, description="1 Monday to 7 Sunday.")
    promotion: int = Field(alias="Promociones", ge=0, le=1, description="1 on a day with a promotion.")
    holiday: int = Field(alias="Festivo", ge=0, le=1, description="1 on a holiday.")
    day: date | None = Field(
        None, alias="Fecha", description="The day; the next one with that weekday unless given."
    )


class Interval(BaseModel):
    """Between which sales the day's is expected to lie."""

    low: float
    high: float
    coverage: float = Field(description="The share of actual sales that the interval is to hold.")

    @classmethod
    def of(cls, row: NewPrediction | Prediction) -> Self | None:
        """A prediction's interval; None where its model has none."""
        if row.low is None or row.high is None or row.coverage is None:
            return None
        return cls(low=row.low, high=row.high, coverage=row.coverage)


_INTERVAL = "Null for a model that was made before models had intervals."
_CLOSED_ASSUMED = (
    "Whether the request does not say if the series is open that day and it is taken to be closed, as it nearly "
    "always was on such a weekday or holiday; then 0 is predicted."
)
_SERIES = 'The series that was asked for, as its column says; "" where the model knows only one, or it was left out.'


class PredictAnswer(BaseModel):
    """A prediction as it was made."""

    id: int | None = Field(
        description="For `GET /history/{id}`; null where it could not be recorded in time."
    )
    recorded: bool = Field(description="Whether it is in the history already; if not, it will be soon.")
    prediction: float = Field(description="Expected sales of that day.")
    interval: Interval | None = Field(description=_INTERVAL)
    model_version: int
    Fecha: date
    date_assumed: bool = Field(description="Whether `Fecha` was not given but assumed.")
    closed_assumed: bool = Field(description=_CLOSED_ASSUMED)
    series: str = Field(description=_SERIES)
    known: dict[str, bool] = Field(
        description="What the model was told: `Fecha`; by its name the column that tells series apart, where it "
        "knows that series; `open` whether the series is open; `plan` of the promotions around the day. The last "
        "three are there only where the model reads such.",
        json_schema_extra={"example": {"Fecha": True, "Tienda": True, "open": False}},
    )
    input_data: dict[str, Any]
    timestamp: datetime


class BatchRequest(BaseModel):
    """Days to predict in one go."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"example": {"rows": [_EXAMPLE, {**_EXAMPLE, "Promociones": 1}]}},
    )

    rows: list[PredictRequest] = Field(min_length=1, description="Each as `POST /predict` takes one.")
    record: bool = Field(
        False, description="Whether the predictions are written to the history; 10,000 rows at most then."
    )


class BatchPrediction(BaseModel):
    """One of several predictions."""

    id: int | None = Field(description="For `GET /history/{id}`; null where it was not recorded.")
    prediction: float = Field(description="Expected sales of that day.")
    interval: Interval | None = Field(description=_INTERVAL)
    Fecha: date
    date_assumed: bool = Field(description="Whether `Fecha` was not given but assumed.")
    closed_assumed: bool = Field(description=_CLOSED_ASSUMED)
    series: str = Field(description=_SERIES)
    known: dict[str, bool] = Field(description="As in the answer of `POST /predict`.")


class BatchAnswer(BaseModel):
    """Predictions by one version, in the order of the rows."""

    model_version: int
    recorded: bool = Field(
        description="Whether they are in the history; where that was asked for and is false, they soon will be."
    )
    predictions: list[BatchPrediction]


class HistoryEntry(BaseModel):
    """A prediction that was made before."""

    id: int
    input_data: dict[str, Any]
    prediction: float
    interval: Interval | None = Field(description=_INTERVAL)
    timestamp: datetime
    model_version: int
    Fecha: date | None
    date_assumed: bool = Field(description="Whether `Fecha` was not given but assumed.")
    series: str = Field(description=_SERIES)
