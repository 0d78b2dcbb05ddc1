"""The history: before the answer, in pages, and spooled where the database is too slow."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from api_helpers import MONDAY, assert_problem, eventually, take_ledger_away
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.http import parse_options_header

from api.app import services_of
from api.parts import Parts
from api.spool import Spool
from ventas.front.tally import Tally
from ventas.ledger import Ledger
from ventas.ledger.predictions import NewPrediction
from ventas.settings import Settings

OF_LATE = ("series", "low", "high", "coverage", "date_assumed")
NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def row(number: int) -> NewPrediction:
    return NewPrediction(NOON + timedelta(seconds=number), 1, date(2026, 11, 30), dict(MONDAY), 0.1 + number)


@pytest.fixture
def filled(app: Flask, client: FlaskClient) -> FlaskClient:
    """A history of 25 predictions, with the ids 1 to 25."""
    services_of(app).ledger.predictions.add([row(number) for number in range(25)])
    return client


@contextmanager
def locked_by_another_process(settings: Settings) -> Iterator[Callable[[], None]]:
    """Holds the database's write lock in another process; gives what lets it go."""
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, settings.home / "ledger.db"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        yield lambda: holder.communicate() and None
        if holder.poll() is None:
            holder.communicate()


def test_a_prediction_is_answered_in_time_while_another_process_holds_the_lock(
    settings: Settings, app: Flask, client: FlaskClient
) -> None:
    with locked_by_another_process(settings) as let_go:
        took = []
        for _ in range(5):
            began = time.monotonic()
            body = client.post("/predict", json=MONDAY).get_json()
            took.append(time.monotonic() - began)
            assert (body["recorded"], body["id"], body["prediction"]) == (False, None, 1010)
        assert max(took) < 1.5
        assert sum(took) < 2.5, "only the first one waits for the lock"
        assert "wait in the spool" in client.get("/health").get_json()["parts"]["history"]["reason"]
        assert client.get("/history/").status_code == 200, "reading needs no lock"
        let_go()
    eventually(lambda: client.get("/history/").headers["X-Total-Count"] == "5")
    eventually(lambda: client.get("/health").get_json()["parts"]["history"]["status"] == "ok")
    assert client.post("/predict", json=MONDAY).get_json()["id"] == 6
    assert not list((settings.home / "spool").iterdir())


def test_a_database_without_its_tables_does_not_fail_a_prediction(
    settings: Settings, client: FlaskClient
) -> None:
    with sqlite3.connect(settings.home / "ledger.db") as connection:
        connection.execute("ALTER TABLE predictions RENAME TO elsewhere")
    connection.close()
    body = client.post("/predict", json=MONDAY).get_json()
    assert (body["recorded"], body["prediction"]) == (False, 1010)
    assert_problem(client.get("/history/"), 503, says="database")
    with sqlite3.connect(settings.home / "ledger.db") as connection:
        connection.execute("ALTER TABLE elsewhere RENAME TO predictions")
    connection.close()
    entry = eventually(lambda: client.get("/history/").get_json())[0]
    assert entry["timestamp"] == body["timestamp"]
    assert entry["input_data"] == MONDAY


def test_a_spool_that_cannot_be_written_does_not_fail_a_prediction(
    settings: Settings, client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    (settings.home / "spool").write_text("a file where the folder should be")
    take_ledger_away(client.application)
    body = client.post("/predict", json=MONDAY).get_json()
    assert (body["recorded"], body["prediction"]) == (False, 1010)
    assert "prediction_not_recorded" in capsys.readouterr().err


class Replay:
    """A history without its thread, so that a test decides when to replay."""

    def __init__(self, settings: Settings):
        from api.history import HISTORY, History

        self.ledger = Ledger(settings, lock_timeout_seconds=0.1)
        self.history = History(self.ledger, Spool(settings.home / "spool"), Parts(HISTORY), Tally())

    def stored(self) -> list[float]:
        """The stored predictions, oldest first."""
        rows, _ = self.ledger.history.page(0, 10_000)
        return [past.prediction.prediction for past in reversed(rows)]


@pytest.fixture
def replay(settings: Settings) -> Iterator[Replay]:
    replay = Replay(settings)
    yield replay
    replay.history.close()
    replay.ledger.close()


def test_rows_committed_before_a_crash_are_not_replayed_twice(settings: Settings, replay: Replay) -> None:
    folder = settings.home / "spool"
    spool = Spool(folder)
    for number in range(1200):  # more than one batch
        spool.append(row(number))
    spool.seal()
    (file,) = folder.glob("*.jsonl")
    kept = shutil.copy(file, settings.home / "kept")
    replay.history.replay()
    assert replay.stored() == [0.1 + number for number in range(1200)]
    shutil.copy(kept, file)  # as if the process had died between its commit and the file's removal
    replay.history.replay()
    assert len(replay.stored()) == 1200
    assert not list(folder.iterdir())


def test_a_spooled_row_keeps_its_interval_and_a_line_of_an_older_version_is_read(settings: Settings) -> None:
    folder = settings.home / "spool"
    spool = Spool(folder)
    full = replace(row(1), series="17", low=0.5, high=1.5, coverage=0.8, date_assumed=True)
    spool.append(full)
    spool.append(row(2))
    spool.seal()
    (file,) = folder.glob("*.jsonl")
    new, line = file.read_text().splitlines()
    members = {name: value for name, value in json.loads(line).items() if name not in OF_LATE}
    file.write_text(f"{new}\n{json.dumps(members)}\n")
    found: list[NewPrediction] = []
    spool.drain(found.extend)
    assert found == [full, row(2)]


def test_equal_predictions_of_one_moment_are_all_kept(settings: Settings, replay: Replay) -> None:
    spool = Spool(settings.home / "spool")
    for _ in range(3):
        spool.append(row(1))
    spool.seal()
    replay.history.replay()
    assert len(replay.stored()) == 3


def test_a_failure_in_the_middle_loses_and_doubles_nothing(settings: Settings) -> None:
    spool = Spool(settings.home / "spool")
    for number in range(700):
        spool.append(row(number))
    written: list[float] = []

    def fails_on_the_second_batch(rows: Sequence[NewPrediction]) -> None:
        if written:
            raise sqlite3.OperationalError("locked")
        written.extend(each.prediction for each in rows)

    with pytest.raises(sqlite3.OperationalError):
        spool.drain(fails_on_the_second_batch)
    spool.append(row(700))
    again: list[float] = []
    assert spool.drain(lambda rows: again.extend(each.prediction for each in rows)) == 701
    assert again == [0.1 + number for number in range(701)]


def test_a_damaged_line_is_set_aside_and_the_others_are_kept(settings: Settings, replay: Replay) -> None:
    folder = settings.home / "spool"
    spool = Spool(folder)
    spool.append(row(1))
    spool.seal()
    (file,) = folder.glob("*.jsonl")
    with file.open("ab") as damaged:
        damaged.write(b'{"created_at": "2026-11')
    replay.history.replay()
    assert replay.stored() == [1.1]
    (aside,) = folder.iterdir()
    assert aside.read_bytes() == b'{"created_at": "2026-11\n'


def test_the_spool_of_a_dead_process_is_taken_over_and_that_of_a_live_one_is_not(
    settings: Settings, replay: Replay
) -> None:
    script = """
        import datetime, pathlib, sys, time
        from api.spool import NewPrediction, Spool
        spool = Spool(pathlib.Path(sys.argv[1]))
        now = datetime.datetime.now(datetime.UTC)
        spool.append(NewPrediction(now, 1, now.date(), {}, 1.1))
        spool.append(NewPrediction(now, 1, None, {"Festivo": 1}, 2.1))
        print("spooled", flush=True)
        time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), settings.home / "spool"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "spooled\n"
        replay.history.replay()
        assert replay.stored() == [], "its own process will do that"
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    replay.history.replay()
    assert replay.stored() == [1.1, 2.1]


def test_the_newest_come_first_and_all_pages_make_the_whole(filled: FlaskClient) -> None:
    seen, url = [], "/history/?limit=10"
    while url:
        answer = filled.get(url)
        seen += [entry["id"] for entry in answer.get_json()]
        assert answer.headers["X-Total-Count"] == "25"
        url = links(answer.headers["Link"]).get("next")
    assert seen == list(range(25, 0, -1))


def links(header: str) -> dict[str, str]:
    found = {}
    for part in header.split(", "):
        target, options = parse_options_header(part)
        found[options["rel"]] = target.strip("<>")
    return found


def test_links_lead_to_the_neighbours(filled: FlaskClient) -> None:
    base = "http://localhost/history/"
    assert links(filled.get("/history/?skip=10&limit=10").headers["Link"]) == {
        "first": f"{base}?skip=0&limit=10",
        "prev": f"{base}?skip=0&limit=10",
        "next": f"{base}?skip=20&limit=10",
        "last": f"{base}?skip=20&limit=10",
    }
    assert links(filled.get("/history/?skip=20&limit=10").headers["Link"]).keys() == {"first", "prev", "last"}
    assert links(filled.get("/history/?skip=900&limit=10").headers["Link"])["prev"].endswith(
        "skip=20&limit=10"
    )


def test_a_list_is_limited_even_where_nobody_asks_for_a_limit(app: Flask, client: FlaskClient) -> None:
    services_of(app).ledger.predictions.add([row(number) for number in range(101)])
    assert len(client.get("/history").get_json()) == 100


@pytest.mark.parametrize(
    ("query", "field", "allowed"),
    [
        ("limit=-1", "limit", "1 to 1000"),
        ("limit=0", "limit", "1 to 1000"),
        ("limit=1001", "limit", "1 to 1000"),
        ("limit=ten", "limit", "1 to 1000"),
        ("limit=1e2", "limit", "1 to 1000"),
        ("skip=-1", "skip", "0 to"),
        ("skip=99999999999999999999", "skip", "0 to"),
    ],
)
def test_a_window_out_of_range_is_refused_by_every_list(
    client: FlaskClient, query: str, field: str, allowed: str
) -> None:
    for path in ("/history/", "/runs", "/events", "/models", "/models/promotions"):
        members = assert_problem(client.get(f"{path}?{query}"), 422, field=field)
        assert allowed in members["errors"][0]["allowed"]


def test_an_unknown_prediction_is_404_and_an_impossible_id_422(filled: FlaskClient) -> None:
    assert_problem(filled.get("/history/26"), 404, says="26")
    assert_problem(filled.get("/history/abc"), 422, field="id")
    assert_problem(filled.get("/history/0"), 422, field="id")
    assert_problem(filled.get("/history/99999999999999999999"), 422, field="id")
