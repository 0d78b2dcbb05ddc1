"""Log lines: events with fields, for people or for machines, and no secrets by way of tracebacks."""

import json
import logging

import pytest
import structlog

from ventas.logs import configure_logging
from ventas.settings import Settings


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_json_lines_have_the_event_its_fields_and_the_service(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(settings.model_copy(update={"LOG_FORMAT": "json"}), "api")
    structlog.get_logger("area").info("champion_swapped", version=2, column="DíaDeLaSemana")
    (line,) = lines(capsys)
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "champion_swapped",
        "version": 2,
        "column": "DíaDeLaSemana",
        "level": "info",
        "logger": "area",
        "service": "api",
    }
    assert "DíaDeLaSemana" in line


def test_lines_of_libraries_have_the_same_shape(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(settings.model_copy(update={"LOG_FORMAT": "json"}), "worker")
    logging.getLogger("library").warning("slow: %s s", 3)
    event = json.loads(lines(capsys)[0])
    assert (event["event"], event["service"], event["level"]) == ("slow: 3 s", "worker", "warning")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_is_logged_without_local_variables(
    settings: Settings, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    configure_logging(settings.model_copy(update={"LOG_FORMAT": form}), "api")
    password = "hunter" + "2"
    try:
        raise ValueError(len(password))
    except ValueError:
        structlog.get_logger().exception("failed", run_id="r1")
    written = capsys.readouterr().err
    assert "Traceback (most recent call last)" in written
    assert "run_id" in written
    assert "hunter2" not in written


def test_the_level_counts_and_a_second_call_replaces_the_first(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(settings, "one")
    configure_logging(settings.model_copy(update={"LOG_LEVEL": "WARNING"}), "two")
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    (line,) = lines(capsys)
    assert "loud" in line
    assert "service=two" in line
