"""What the page of a run says of a forecast file."""

from typing import Any

from dashboard.quality_parts import quality_card
from dashboard.run_parts import facts_card
from ventas.settings import Settings

SETTINGS = Settings(_env_file=None)
RUN = {
    "id": "019ab0f2",
    "bucket": "ventas",
    "key": "pronosticos/entrada/x.csv",
    "status": "completed",
    "answer": "pronosticos/salida/x.csv",
}


def shown(run: dict[str, Any]) -> str:
    return str(facts_card(run, SETTINGS).to_plotly_json())


def test_a_forecast_says_where_its_answer_is_and_offers_it() -> None:
    page = shown(RUN)
    assert "ventas/pronosticos/salida/x.csv" in page
    assert "/ejecuciones/019ab0f2/answer.csv" in page
    assert "/ejecuciones/019ab0f2/rejected.csv" in str(quality_card(RUN | {"quality": {"rows_rejected": 2}}))


def test_without_bad_rows_or_answer_nothing_is_promised() -> None:
    assert "rejected.csv" not in str(quality_card(RUN | {"quality": {"rows_rejected": 0}}))
    rejected = shown(RUN | {"status": "rejected", "answer": None})
    assert "salida" not in rejected
    assert "answer.csv" not in rejected
