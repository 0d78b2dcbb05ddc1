"""What the page of a run shows of its verdict."""

import json
from typing import Any

from plotly.utils import PlotlyJSONEncoder

from dashboard.run_parts import run_card, verdict_card

SUNDAYS = {
    "segment": "weekday", "value": "7", "rows": 30, "challenger_rmse": 103.1, "champion_rmse": 100.0, "change": 0.031,
}  # fmt: skip


def _run(**verdict: Any) -> dict[str, Any]:
    told = {
        "promoted": False, "kind": "fair", "challenger_version": 3, "champion_version": 2, "challenger_rmse": 88.42,
        "champion_rmse": 97.01, "rows": 110, "dates": 110, "evidence": "win", "probability": 0.98,
        "baselines": {"means": 98.5}, "worst_segment": SUNDAYS, "segments": [SUNDAYS],
    }  # fmt: skip
    return {"id": "r1", "key": "ventas.csv", "status": "not_promoted", "verdict": told | verdict}


def _text(component: Any) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def test_the_verdict_shows_probability_baselines_and_parts() -> None:
    shown = _text(verdict_card(_run()))
    for part in (
        "98 %",
        "la tabla de promedios, 98,50",
        "los domingos",
        "Error por partes",
        '"Domingos"',
        "3,1 %",
    ):
        assert part in shown


def test_a_held_verdict_says_so_on_card_and_page() -> None:
    held = _run(held=True)
    assert "ventas approve 3" in _text(verdict_card(held))
    assert "Espera aprobación" in _text(run_card(held, "UTC"))


def test_a_verdict_of_before_has_no_table_of_parts() -> None:
    old = _run(segments=[], worst_segment=None, probability=None, baselines={})
    assert "Error por partes" not in _text(verdict_card(old))
    alone = _run(
        kind="first", champion_rmse=None, segments=[SUNDAYS | {"champion_rmse": None, "change": None}]
    )
    assert "Error por partes" not in _text(verdict_card(alone))
