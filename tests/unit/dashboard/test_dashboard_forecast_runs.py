"""What the page of a run says of a forecast file."""

from typing import Any

from dashboard.run_parts import facts_card

ZONE = "America/Argentina/Buenos_Aires"
RUN = {
    "id": "019ab0f2",
    "bucket": "ventas",
    "key": "pronosticos/entrada/x.csv",
    "status": "completed",
    "answer": "pronosticos/salida/x.csv",
}


def shown(run: dict[str, Any]) -> str:
    return str(facts_card(run, ZONE).to_plotly_json())


def test_a_forecast_says_where_its_answer_and_its_bad_rows_are() -> None:
    page = shown(RUN | {"quality": {"rows_rejected": 2}})
    assert "ventas/pronosticos/salida/x.csv" in page
    assert "ventas/informes/019ab0f2.csv" in page


def test_without_bad_rows_or_answer_nothing_is_promised() -> None:
    assert "informes" not in shown(RUN | {"quality": {"rows_rejected": 0}})
    rejected = shown(RUN | {"status": "rejected", "answer": None, "quality": {"rows_rejected": 2}})
    assert "salida" not in rejected
    assert "informes" not in rejected
