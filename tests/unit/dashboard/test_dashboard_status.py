"""What the page «Estado» says of parts, backlog, events and alerts."""

from typing import Any

import pytest
from test_dashboard_uploads import texts

from dashboard import status_parts

NOW = "2026-11-23T17:40:00Z"


def told(**changes: Any) -> dict[str, Any]:
    return {"checked_at": NOW, "parts": {}, "queues": {}, "backlog": None} | changes


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({"outcome": "recorded", "key": "ventas.csv"}, ""),
        ({"outcome": "duplicate", "key": "ventas.csv"}, "dos veces"),
        ({"outcome": "ignored", "key": "informes/1.md"}, "el propio sistema"),
        ({"outcome": "ignored", "key": "pronosticos/salida/x.csv"}, "el propio sistema"),
        ({"outcome": "ignored", "key": "pronosticos/entrada/x.txt"}, "no termina en .csv"),
        ({"outcome": "ignored", "key": "notas.txt"}, "no contiene «ventas»"),
    ],
)
def test_an_event_says_why_it_started_nothing(event: dict[str, Any], says: str) -> None:
    why = status_parts.why(event)
    assert says in why
    assert bool(why) == (event["outcome"] != "recorded")


def test_a_part_that_is_away_says_since_when_why_and_what_that_means() -> None:
    parts = {"mlflow": {"status": "away", "since": NOW, "reason": "It does not answer."}}
    parts["redis"] = {"status": "ok", "since": NOW, "reason": None}
    said = texts(status_parts.parts_card(told(parts=parts), "UTC"))
    assert "1 parte sin responder." in said
    assert "Se pronostica con el modelo actual" in said
    assert "Desde el 23/11/2026 17:40. It does not answer." in said
    assert "Todo funciona." in texts(status_parts.parts_card(told(parts={"redis": parts["redis"]}), "UTC"))


def test_the_backlog_counts_what_works_and_tells_its_age() -> None:
    oldest = {"created_at": "2026-11-23T17:38:00Z"}
    backlog = {"runs": {"received": 1, "etl": 2, "promoted": 9, "failed": 4}, "oldest": oldest, "sweep": None}
    said = texts(status_parts.backlog_card(told(backlog=backlog, queues={"control": {"waiting": 5}})))
    assert "Ejecuciones en marcha 3 la más antigua, hace 2 min 0 s" in said
    assert "Fallidas 4" in said
    assert "Lecturas en espera 5 no se sabe quién las toma" in said
    assert "todavía ninguno" in said
    assert "No se sabe qué está pendiente" in texts(status_parts.backlog_card(told()))


def test_an_alert_tells_what_is_to_be_done() -> None:
    alert = {"kind": "drift", "created_at": NOW, "model_version": 3, "run_id": "r", "message": "It moved."}
    alert |= {"value": 0.4, "limit": 0.25}
    due = texts(status_parts.alerts_list([alert | {"action": "retrain", "acted_at": None}], "UTC"))
    assert "Los datos cambiaron" in due
    assert "PSI de 0,40, por encima de 0,25. It moved." in due, "the message names the columns"
    assert "Se entrena de nuevo. (pendiente)" in due
    done = alert | {"action": "retrain", "acted_at": NOW, "note": "Version 4."}
    assert "Se entrena de nuevo. Version 4." in texts(status_parts.alerts_list([done], "UTC"))
    errs = done | {"kind": "overtaken", "rival_version": 5, "value": 80.5, "limit": 96.0}
    said = texts(status_parts.alerts_list([errs], "UTC"))
    assert "la versión 5, en la sombra, tiene un error de 80,50, menor que su 96,00." in said
    assert "It moved." not in said
    assert "No hay alertas." in texts(status_parts.alerts_list([], "UTC"))
