"""The charts of the history, as Plotly draws them."""

from datetime import date, timedelta
from typing import Any

from dashboard.history_charts import forecasts

DAY_MILLISECONDS = 86_400_000


def _rows(days: int) -> list[dict[str, Any]]:
    first = date(2026, 11, 29)
    return [
        {
            "Fecha": str(first + timedelta(days=at)),
            "model_version": 1,
            "prediction": 1500.0 + at,
            "actual": None,
        }
        for at in range(days)
    ]


def test_the_axis_of_a_few_days_names_each_once() -> None:
    """By itself Plotly divides a day into hours, and writes its name beside each."""
    axis = forecasts(_rows(1)).layout.xaxis
    assert axis.dtick == DAY_MILLISECONDS
    assert [str(day) for day in axis.range] == ["2026-11-28", "2026-11-30"]


def test_the_axis_of_many_days_is_left_to_plotly() -> None:
    assert forecasts(_rows(60)).layout.xaxis.dtick is None
