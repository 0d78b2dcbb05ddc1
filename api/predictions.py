"""Single predictions: from a question to the row of the history and the answer."""

from collections.abc import Sequence
from typing import Any

from api.holder import Champion
from api.inputs import Question
from api.schemas_predictions import Interval
from ventas.ledger.predictions import NewPrediction
from ventas.times import utc_now


def rows_of(champion: Champion, questions: Sequence[Question]) -> list[NewPrediction]:
    """What the champion answers, as the history keeps it; raises ModelUnusable where that is no number."""
    now = utc_now()
    return [
        NewPrediction(
            created_at=now,
            model_version=champion.version,
            date=question.date,
            input_data=question.sent,
            prediction=said.value,
            series=said.series,
            low=said.low,
            high=said.high,
            coverage=said.coverage,
            date_assumed=question.date_assumed,
        )
        for question, said in zip(questions, champion.answers(questions), strict=True)
    ]


def answer_of(
    champion: Champion, question: Question, row: NewPrediction, prediction_id: int | None
) -> dict[str, Any]:
    """The members of the answer, whose `row` is that of the history."""
    return {
        "id": prediction_id,
        "recorded": prediction_id is not None,
        "prediction": row.prediction,
        "interval": Interval.of(row),
        "model_version": row.model_version,
        "Fecha": row.date,
        "date_assumed": row.date_assumed,
        "closed_assumed": champion.closed_assumed(question),
        "series": row.series,
        "known": champion.known(question),
        "input_data": row.input_data,
        "timestamp": row.created_at,
    }
