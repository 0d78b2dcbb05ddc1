"""A prediction of the history as an answer shows it."""

from zoneinfo import ZoneInfo

from api.schemas_history import PastPrediction, Unknown
from api.schemas_predictions import Interval
from ventas.ledger.history import Past


def past_prediction(past: Past, zone: ZoneInfo) -> PastPrediction:
    """The prediction with its actual and error, or why it has none; `zone` is where the business is."""
    row, outcome = past
    counts = outcome is not None and outcome.prediction_id == row.id
    return PastPrediction(
        id=row.id,
        input_data=row.input_data,
        prediction=row.prediction,
        interval=Interval.of(row),
        timestamp=row.created_at,
        model_version=row.model_version,
        Fecha=row.date,
        date_assumed=row.date_assumed,
        series=row.series,
        actual=outcome.actual if counts and outcome else None,
        error=row.prediction - outcome.actual if counts and outcome else None,
        no_actual=None if counts else _why_unknown(past, zone),
    )


def _why_unknown(past: Past, zone: ZoneInfo) -> Unknown:
    row, outcome = past
    if row.date_assumed or row.date is None:
        return "date_assumed"
    if row.created_at.astimezone(zone).date() >= row.date:
        return "too_late"
    if outcome is None:
        return "no_sales_yet"
    same = (row.promotion, row.holiday) == (outcome.promotion, outcome.holiday)
    return "later_prediction" if same else "other_conditions"
