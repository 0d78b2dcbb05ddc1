"""What `make chaos` counts, on a ledger without any other part."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from chaos.__main__ import shares
from chaos.audit import Champions, Row, wait_of
from chaos.faults import faults, notification
from chaos.huge import Meal
from chaos.report import Report
from chaos.swaps import Swaps
from chaos.uploads import ROWS, Upload, sales_file
from ventas.ingest import ingest
from ventas.ledger import StepAttempt
from ventas.settings import Settings
from ventas.split import split
from ventas.times import utc_now
from webhooks.events import upload_events

NOW = utc_now()
GOOD = Row("a fault", 2, {"promoted": 1, "superseded": 1}, 0, 0, 12.3, 40.0, True)


def step(name: str, began: float, outcome: str | None) -> StepAttempt:
    return StepAttempt(step=name, started_at=NOW + timedelta(seconds=began), outcome=outcome)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([step("etl", -9, "ok"), step("retrain", -5, "lost"), step("retrain", 41, "ok")], 41),
        ([step("retrain", -5, "lost")], float("inf")),
        ([step("etl", -9, "ok"), step("retrain", -5, "ok")], None),
        ([step("retrain", 3, "lost"), step("retrain", 50, "ok")], None),
    ],
    ids=["taken up", "never", "not lost", "lost later"],
)
def test_the_time_until_a_killed_step_is_started_again(
    steps: list[StepAttempt], expected: float | None
) -> None:
    assert wait_of(steps, NOW) == expected


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"lost": 1}, "lost"),
        ({"doubled": 1}, "doubled"),
        ({"states": {"failed": 1}}, "failed"),
        ({"taken_up_seconds": 60.1}, "taken up"),
        ({"killed_in_fit": False}, "inside its fit"),
    ],
)
def test_whatever_is_not_as_promised_is_a_problem(change: dict[str, object], word: str) -> None:
    bad = Row(**(vars(GOOD) | change))
    assert GOOD.problems == []
    assert len(bad.problems) == 1
    assert word in bad.problems[0]


def test_the_report_tells_every_problem_and_reads_as_json(tmp_path: Path) -> None:
    report = Report(
        rows=[GOOD, Row(**(vars(GOOD) | {"lost": 3}))],
        accidents=["one fault: waited in vain"],
        champions=Champions(served=2, ledger=2, alias=1),
        meals=[Meal("bomb", 10, "failed", "no memory", 5)],
        swaps=Swaps(wanted=20, done=19, predictions=100, failed=1, examples=["503"]),
    )
    console = Console(record=True, width=200, quiet=False)
    report.show(console)
    report.write(tmp_path / "report.json")
    found = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert len(found["problems"]) == 6
    assert found["rows"][1]["lost"] == 3
    text = console.export_text()
    assert all(problem in text for problem in found["problems"])
    assert "1 promoted, 1 superseded" in text


def test_an_all_good_report_has_no_problem() -> None:
    fine = Report(
        [GOOD], [], Champions(2, 2, 2), [Meal("line", 500, "rejected", "", 9)], Swaps(2, 2, 9, 0, [])
    )
    assert fine.problems == []


def test_the_files_can_be_trained_on_and_no_two_are_alike(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "ventas.csv"
    path.write_bytes(sales_file(1))
    ingested = ingest(path, settings)
    assert len(split(ingested.frame, settings).train) + len(ingested.rejected) > ROWS / 2
    assert len({sales_file(seed) for seed in range(20)}) == 20


def test_a_notification_is_read_by_the_receiver_as_what_it_tells(settings: Settings) -> None:
    uploads = [Upload("a/ñ +/ventas.csv", "v1"), Upload("ventas.csv", "v2")]
    events = upload_events(json.dumps(notification(*uploads)).encode(), settings)
    assert [Upload(event.key, event.version_id) for event in events] == uploads
    assert [event.ignored_because for event in events] == [None, None]


def test_uploads_are_shared_out_evenly() -> None:
    assert shares(100, 10) == [10] * 10
    assert sum(shares(23, 10)) == 23
    assert shares(4, 10) == [2] * 10


def test_every_fault_has_a_name_of_its_own() -> None:
    assert (
        len({fault.name for fault in faults()}) == len({fault.title for fault in faults()}) == len(faults())
    )
