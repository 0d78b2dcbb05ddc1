"""What a service counts of itself, and what its processes tell each other."""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from ventas.front.metrics import requests_metric
from ventas.front.tally import Counts, SharedTally, Tally


def other_process(folder: Path, pid: int, start: str | None = None) -> SharedTally:
    tally = SharedTally(folder)
    tally._file = folder / f"{start or tally._start}-{pid}.json"
    return tally


def test_processes_of_one_service_are_added_up_and_those_of_an_earlier_start_removed(tmp_path: Path) -> None:
    one, other = SharedTally(tmp_path, ("lost",)), other_process(tmp_path, 0)
    before = other_process(tmp_path, 0, start=f"{os.getppid()}.7.00")
    for tally in (one, other, before):
        tally.observe("GET", "/health", 200, 0.1)
        tally.count("recorded", 2)
        tally.share()
    one.clear()
    assert not before._file.exists()
    one.observe("GET", "/runs", 200, 0.1)
    told = one.all_counts()
    assert told.events == {"recorded": 4, "lost": 0}
    assert sum(told.requests["GET", "/health", 200][:-1]) == 2
    assert ("GET", "/runs", 200) in told.requests, "its own counts are not those of a second ago"


def test_a_request_above_all_bounds_counts_in_the_last_bucket_alone() -> None:
    tally = Tally()
    tally.observe("BREW", "/health", 200, 60)

    class Collector:
        def collect(self) -> list:
            return [requests_metric("x_seconds", tally.counts())]

    registry = CollectorRegistry()
    registry.register(Collector())
    lines = generate_latest(registry).decode().splitlines()
    assert 'x_seconds_bucket{le="10.0",method="other",route="/health",status="200"} 0.0' in lines
    assert 'x_seconds_bucket{le="+Inf",method="other",route="/health",status="200"} 1.0' in lines


def test_a_folder_that_takes_no_files_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    tally = SharedTally(tmp_path / "file" / "counts")
    tally.count("recorded")
    tally.share()
    assert tally.all_counts().events == {"recorded": 1}


def test_what_another_release_wrote_is_left_out(tmp_path: Path) -> None:
    tally = SharedTally(tmp_path)
    for number, text in enumerate(
        ["", "[]", "{}", '{"events": {}, "requests": [[["GET", "/", 200], [1, 2]]]}']
    ):
        (tmp_path / f"{tally._start}-{number}.json").write_text(text)
    assert tally.all_counts() == Counts()
