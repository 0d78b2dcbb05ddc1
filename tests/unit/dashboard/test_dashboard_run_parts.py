"""What the page of a run, and its line in the list, show of verdict, file and steps."""

import json
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from plotly.utils import PlotlyJSONEncoder

from dashboard import run_actions
from dashboard.run_parts import facts_card, rejected_link, steps_card
from dashboard.run_timeline import timeline
from dashboard.verdict_parts import verdict_card
from ventas.settings import Settings

SUNDAYS = {
    "segment": "weekday", "value": "7", "rows": 30, "challenger_rmse": 103.1, "champion_rmse": 100.0, "change": 0.031,
}  # fmt: skip
NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
SETTINGS = Settings(_env_file=None, MLFLOW_PUBLIC_URL="https://ml.example/", S3_STAND_IN=False)


def _run(**verdict: Any) -> dict[str, Any]:
    told = {
        "promoted": False, "kind": "fair", "challenger_version": 3, "champion_version": 2, "challenger_rmse": 88.42,
        "champion_rmse": 97.01, "rows": 110, "dates": 110, "evidence": "win", "probability": 0.98,
        "baselines": {"means": 98.5}, "worst_segment": SUNDAYS, "segments": [SUNDAYS],
        "difference_low": 120.5, "difference_high": 1810.25,
    }  # fmt: skip
    return {
        "id": "r1", "bucket": "ventas", "key": "sur norte/ventas.csv", "status": "not_promoted", "kind": "sales",
        "created_at": "2026-11-23T17:00:00Z", "verdict": told | verdict,
    }  # fmt: skip


def _text(component: Any) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def _start(**more: Any) -> dict[str, Any]:
    return {
        "step": "etl", "attempt": 1, "worker": "celery@host", "started_at": "2026-11-23T17:00:02Z",
        "ended_at": "2026-11-23T17:00:05Z", "outcome": "ok", "error": None, "task_id": "7c5e",
    } | more  # fmt: skip


def test_a_run_whose_error_grew_says_so_with_a_plus() -> None:
    """Beside it stands that what is negative favours the new one."""
    assert "+10,0 %" in _text(verdict_card(_run(challenger_rmse=110.0, champion_rmse=100.0, segments=[])))


def test_a_dataset_that_was_deleted_is_told_and_not_offered() -> None:
    run = _run() | {"quality": {"rows_rejected": 3}}
    assert "Datos limpios en MinIO" in _text(facts_card(run, SETTINGS))
    assert rejected_link(run) is not None
    gone = run | {"dataset_deleted_at": "2026-11-23T17:00:00Z"}
    assert "Datos limpios en MinIO" not in _text(facts_card(gone, SETTINGS))
    assert "Datos limpios borrados el" in _text(facts_card(gone, SETTINGS))
    assert rejected_link(gone) is None


def test_a_rejected_file_that_was_deleted_is_told_and_not_offered() -> None:
    run = _run() | {"quality": {"rows_rejected": 3}, "status": "rejected"}
    assert "Archivo en MinIO" in _text(facts_card(run, SETTINGS))
    assert "Reiniciar" in _text(run_actions.buttons(run))
    gone = run | {"upload_deleted_at": "2026-11-23T17:00:00Z"}
    assert "Archivo en MinIO" not in _text(facts_card(gone, SETTINGS))
    assert "Archivo borrado el" in _text(facts_card(gone, SETTINGS))
    assert "Reiniciar" not in _text(run_actions.buttons(gone))
    assert rejected_link(gone) is None


def test_the_verdict_shows_interval_probability_baselines_and_parts() -> None:
    shown = _text(verdict_card(_run()))
    for part in (
        "98 %",
        "1.592,8; con 95 % de confianza, entre 120,5 y 1.810,2",
        "la tabla de promedios, 98,50",
        "los domingos",
        "Error por partes",
        '"Domingos"',
        "+3,1 %",
        "−8,9 %",
    ):
        assert part in shown


def test_the_interval_says_on_which_side_of_zero_it_lies() -> None:
    def colour(low: float, high: float) -> str:
        shown = _text(verdict_card(_run(difference_low=low, difference_high=high)))
        (found,) = (name for name in ("better", "worse", "unsure") if f"interval {name}" in shown)
        return found

    assert colour(120.5, 1810.25) == "better"
    assert colour(-20.0, 1810.25) == "unsure"
    assert colour(-900.0, -10.0) == "worse"
    alone = _run(difference_low=None, difference_high=None)
    assert "confianza" not in _text(verdict_card(alone))


def test_a_held_verdict_says_so_on_line_and_page() -> None:
    held = _run(held=True)
    assert "ventas approve 3" in _text(verdict_card(held))
    assert "Espera aprobación" in _text(timeline([held], "UTC", NOW))
    assert "Aprobar el modelo" in _text(run_actions.buttons(held))


def test_a_verdict_of_before_has_no_table_of_parts() -> None:
    old = _run(segments=[], worst_segment=None, probability=None, baselines={})
    assert "Error por partes" not in _text(verdict_card(old))
    alone = _run(
        kind="first", champion_rmse=None, segments=[SUNDAYS | {"champion_rmse": None, "change": None}]
    )
    assert "Error por partes" not in _text(verdict_card(alone))


def test_a_line_says_in_words_what_its_bar_draws() -> None:
    run = _run() | {"steps": [_start(), _start(step="retrain", started_at="2026-11-23T17:00:05Z",
                                               ended_at="2026-11-23T17:01:05Z")]}  # fmt: skip
    shown = _text(timeline([run], "UTC", NOW))
    assert "Espera 2,0 s, Lectura 3,0 s, Entrenamiento 1 min 0 s" in shown
    assert "1 min 5 s" in shown


def test_a_step_leads_to_its_task_and_a_start_of_before_to_none() -> None:
    shown = _text(
        steps_card({"steps": [_start(error="Traceback <b>", outcome="failed", attempt=2)]}, None, SETTINGS)
    )
    assert "http://127.0.0.1:5555/task/7c5e" in shown
    assert "intento 2" in shown
    assert "Traceback <b>" in shown
    assert "Flower" not in _text(steps_card({"steps": [_start(task_id=None)]}, None, SETTINGS))


def test_who_asked_for_a_new_start_is_told_in_spanish() -> None:
    asked = _start(
        step="retry", worker="Ana", outcome="rejected", error="It had ended as rejected: x", task_id=None
    )
    shown = _text(steps_card({"steps": [asked]}, None, SETTINGS))
    assert "Lo pidió Ana · había terminado como «Rechazado»" in shown
    assert "It had ended" not in shown
    insisted = _text(steps_card({"steps": [asked | {"outcome": "ok"}]}, None, SETTINGS))
    assert "había terminado" not in insisted


def test_the_file_leads_to_the_other_tools() -> None:
    run = _run() | {"model_version": 3, "mlflow_run_id": "ab12"}
    shown = _text(facts_card(run, SETTINGS))
    for part in (
        "/modelos?version=3",
        "https://ml.example/#/runs/ab12",
        "http://127.0.0.1:9001/browser/ventas/sur%20norte%2Fventas.csv",
        "http://127.0.0.1:9001/browser/data/runs%2Fr1%2F",
    ):
        assert part in shown
    bare = SETTINGS.model_copy(
        update={"S3_STAND_IN": True, "MLFLOW_PUBLIC_URL": "", "MLFLOW_TRACKING_URI": "file:x"}
    )
    assert "browser" not in _text(facts_card(run, bare))
    assert "/#/runs/" not in _text(facts_card(run, bare))


def test_the_buttons_are_those_that_make_sense() -> None:
    def names(**run: Any) -> list[str]:
        return [button.id["action"] for button in run_actions.buttons(run).children]

    assert names(status="failed") == ["retry"]
    assert names(status="rejected") == ["retry", "replay"]
    assert names(status="promoted") == ["replay"]
    assert names(status="rejected", kind="forecast") == ["retry"]
    assert names(status="retrain") == names(status="ignored") == []
    assert names(status="not_promoted", verdict={"held": True}) == ["approve", "replay"]


def test_the_same_in_english() -> None:
    with Flask("test").test_request_context(headers={"Accept-Language": "en"}):
        shown = _text(verdict_card(_run()))
        assert "Version 3 does not replace version 2: its error is 88.42, 8.9% lower than the 97.01" in shown
        assert "with 95% confidence, between 120.5 and 1,810.2" in shown
        assert '"Sundays"' in shown
