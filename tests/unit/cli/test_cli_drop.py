"""`ventas drop`: what a person sees of an upload, and what a script gets."""

import contextlib
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_stand_ins import RUN_ID, ScriptedApi, a_quality, a_run, a_step, a_verdict, from_json
from click.testing import Result

from ventas.settings import UPLOADS_BUCKET
from ventas.store import Store

Ventas = Callable[..., Result]

WAY = [
    None,
    a_run(status="received", steps=[], progress=None, quality=None, verdict=None),
    a_run(status="etl", steps=[a_step("etl", ended_at=None, outcome=None)], quality=None, progress=None),
    a_run(status="retrain", steps=[a_step("etl"), a_step("retrain", ended_at=None, outcome=None)],
          progress={"done": 7, "total": 12}),
    a_run(status="promote", steps=[a_step("etl"), a_step("retrain"), a_step("promote", ended_at=None)]),
    a_run(),
]  # fmt: skip
TOO_BAD = {"rejection": {"code": "too_many_bad_rows", "message": "2 of 4 rows are bad."}}


def test_a_promoted_file_is_followed_to_its_verdict(
    ventas: Ventas, api: ScriptedApi, uploads: Store, sales_file: Path
) -> None:
    api.moments = [moment and dict(moment) for moment in WAY]
    result = ventas("drop", sales_file)
    assert result.exit_code == 0, result.output
    for seen in (
        "waiting for the event of this upload",
        "run 019ab0f2-7c41",
        "etl       done  363 rows kept  2.0 s",
        "retrain   7 of 12 candidates",
        "promote   champion against challenger",
        "Version 2 is the champion now.",
        "better on the 110 dates",
        "challenger v2 96.10; champion v1 117.70; on 110 rows of 110 dates; evidence: win",
        "; better with probability 98%",
        "baselines: table of means 98.50, seasonal naive 131.25",
        "worst segment of 20 rows or more: weekday=7, RMSE +3.1% (103.10 against 100.00)",
        "365 read, 363 kept, 2 rejected (0.5%)",
        "cp1252, columns by ';', decimals by ','",
        "3 days are missing in March.",
        "line 17   Ventas is empty.",
    ):
        assert seen in result.stdout
    assert result.stderr == ""


def test_the_upload_is_followed_by_its_own_version(
    ventas: Ventas, api: ScriptedApi, uploads: Store, sales_file: Path
) -> None:
    api.moments = [a_run()]
    result = from_json(ventas("drop", sales_file, "--key", "2026/Ventas ñ.csv", "--json"))
    assert result["run"]["status"] == "promoted"
    assert (
        uploads.get_bytes(UPLOADS_BUCKET, "2026/Ventas ñ.csv", result["version_id"])
        == sales_file.read_bytes()
    )
    method, path, wanted = api.asked[0]
    assert (method, path) == ("GET", "/runs")
    assert (wanted["key"], wanted["version_id"]) == ("2026/Ventas ñ.csv", result["version_id"])


@pytest.mark.parametrize(
    ("run", "code", "told"),
    [
        (a_run(status="not_promoted", verdict=a_verdict(promoted=False, evidence="undecided", reason="Luck.")), 0,
         ["Version 1 stays champion.", "Luck.", "within the noise"]),
        (a_run(status="not_promoted", verdict=a_verdict(promoted=False, held=True, reason="`ventas approve 2`")), 0,
         ["Version 2 waits for approval.", "ventas approve 2"]),
        (a_run(status="not_promoted", verdict=None, reason="The same file.", same_as_run="019a", steps=[]), 0,
         ["The champion stays.", "The same file."]),
        (a_run(quality=a_quality(series="Tienda", series_count=1115, open="Abierto", closed_rows=17)), 0,
         ["1,115, told apart by Tienda", "17 rows, where Abierto is 0"]),
        (a_run(status="superseded", reason="A newer upload came first.", verdict=None), 0,
         ["Superseded", "A newer upload came first."]),
        (a_run(status="completed", kind="forecast", answer="pronosticos/salida/x.csv", verdict=None, progress=None,
               steps=[a_step("forecast")]), 0,
         ["forecast  done  363 rows, version 2", "Forecast: 363 rows by version 2.", "pronosticos/salida/x.csv",
          f"informes/{RUN_ID}.csv"]),
        (a_run(status="rejected", reason=None, verdict=None, quality=a_quality(**TOO_BAD), steps=[a_step("etl")]), 2,
         ["Rejected", "2 of 4 rows are bad.", "line 17   Ventas is empty.", f"informes/{RUN_ID}.md"]),
        (a_run(status="ignored", reason="Not a sales file.", verdict=None, steps=[], quality=None), 2,
         ["Ignored", "Not a sales file."]),
        (a_run(status="failed", reason="MLflow refused the model.", verdict=None, steps=[a_step("retrain")]), 3,
         ["Failed", "MLflow refused the model.", "retrain   stopped  failed"]),
    ],
    ids=["undecided", "held", "same-bytes", "chain", "superseded", "forecast", "rejected", "ignored", "failed"],
)  # fmt: skip
def test_each_end_has_its_words_and_exit_code(
    ventas: Ventas, api: ScriptedApi, uploads: Store, sales_file: Path, run: dict, code: int, told: list[str]
) -> None:
    api.moments = [dict(run)]
    result = ventas("drop", sales_file)
    assert result.exit_code == code
    for words in told:
        assert words in result.stdout
    as_json = ventas("drop", sales_file, "--json")
    assert as_json.exit_code == code
    assert from_json(as_json)["run"]["status"] == run["status"]


def test_text_from_a_file_cannot_style_or_break_the_terminal(
    ventas: Ventas, api: ScriptedApi, uploads: Store, sales_file: Path
) -> None:
    hostile = "[red]Bold[/nothing] \x1b[2Jcleared"
    api.moments = [a_run(status="failed", reason=hostile, verdict=None)]
    result = ventas("drop", sales_file)
    assert "[red]Bold[/nothing] ·[2Jcleared" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_run_that_is_not_seen_says_what_to_check(
    ventas: Ventas, api: ScriptedApi, uploads: Store, sales_file: Path
) -> None:
    result = ventas("drop", sales_file, "--timeout", "0.1")
    assert result.exit_code == 4
    assert "webhooks" in result.stderr
    assert "sweep" in result.stderr


def test_a_run_that_does_not_end_in_time_says_where_it_stands(
    ventas: Ventas, api: ScriptedApi, uploads: Store, sales_file: Path
) -> None:
    api.moments = [dict(WAY[3])]
    result = ventas("drop", sales_file, "--timeout", "0.1", "--json")
    assert result.exit_code == 4
    assert "still in retrain after 0.1 s" in result.stderr
    assert "ventas run 019ab0f2-7c41" in result.stderr
    assert from_json(result)["run"]["progress"] == {"done": 7, "total": 12}


def test_an_api_that_is_down_leaves_the_upload_stored(
    ventas: Ventas, uploads: Store, sales_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("API_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        result = ventas("drop", sales_file, "--key", "alone-ventas.csv")
    assert result.exit_code == 1
    assert "is stored as version" in result.stderr
    assert "The API does not answer at http://127.0.0.1:" in result.stderr
    assert uploads.exists(UPLOADS_BUCKET, "alone-ventas.csv")


def test_an_api_that_restarts_meanwhile_is_waited_for(
    ventas: Ventas, api: ScriptedApi, uploads: Store, sales_file: Path
) -> None:
    api.moments = [dict(WAY[2]), dict(WAY[2]), dict(WAY[2]), a_run()]
    api.down_after = 2
    result = ventas("drop", sales_file, "--json")
    assert result.exit_code == 0, result.output
    assert from_json(result)["run"]["status"] == "promoted"
    assert api.refused > 0


def test_ctrl_c_leaves_the_run_going_and_says_where_to_look(
    api: ScriptedApi, uploads: Store, sales_file: Path
) -> None:
    api.moments = [dict(WAY[3])]
    # Where the tests themselves run in the background SIGINT is ignored, and a child inherits that.
    command = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{command}from ventas.cli.main import main; main()", "drop", sales_file],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=sales_file.parent,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    # Once it asks for the run itself again, it has had an answer that says which run it is.
    while sum(path.startswith("/runs/") for _, path, _ in api.asked) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told == "ventas: the file is stored and its run goes on; `ventas run 019ab0f2-7c41` shows it.\n"


def test_a_terminal_shows_bars_that_end_in_marks(api: ScriptedApi, uploads: Store, sales_file: Path) -> None:
    api.moments = [moment and dict(moment) for moment in WAY]
    seen = on_a_terminal(["drop", str(sales_file)])
    for line in ("✓ upload", "✓ received", "✓ etl", "✓ retrain", "✓ promote", "Version 2 is the champion"):
        assert line in seen
    assert "7 of 12 candidates" in seen


def on_a_terminal(arguments: list[str]) -> str:
    """What the command writes to a terminal of its own, without colours."""
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from ventas.cli.main import main; main()", *arguments],
        stdin=terminal, stdout=terminal, stderr=terminal, cwd=Path(arguments[-1]).parent,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
    )  # fmt: skip
    os.close(terminal)
    written = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal that nobody holds any more by EIO
        while chunk := os.read(screen, 65_536):
            written += chunk
    os.close(screen)
    assert process.wait(30) == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())


def test_no_follow_only_uploads(ventas: Ventas, uploads: Store, sales_file: Path) -> None:
    result = ventas("drop", sales_file, "--no-follow")
    assert result.exit_code == 0
    assert "Stored ventas/ventas.csv as version" in result.stdout


def test_minio_that_is_down_is_one_sentence(
    ventas: Ventas, sales_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MINIO_ENDPOINT", f"127.0.0.1:{taken.getsockname()[1]}")
        result = ventas("drop", sales_file)
    assert result.exit_code == 1
    assert result.stderr.startswith("ventas: MinIO does not answer at 127.0.0.1:")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        ("enero 2026.csv", "--key 'ventas-enero 2026.csv'"),
        ("enero.CSV.gz", "--key ventas-enero.CSV.gz"),
        ("ventas.txt", "--key ventas.csv"),
        ("ventas.xlsx", "save the spreadsheet as CSV"),
    ],
)
def test_a_name_that_would_be_ignored_is_refused_before_anything_is_sent(
    ventas: Ventas, uploads: Store, sales_file: Path, name: str, proposed: str
) -> None:
    other = shutil.copy(sales_file, sales_file.with_name(name))
    before = len(list(uploads.versions(UPLOADS_BUCKET)))
    result = ventas("drop", other)
    assert result.exit_code == 1
    assert "does not match *ventas*.csv" in result.stderr
    assert proposed in result.stderr
    assert len(list(uploads.versions(UPLOADS_BUCKET))) == before


def test_files_that_cannot_be_read_are_told_apart(
    ventas: Ventas, sales_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = ventas("drop", "no-ventas.csv")
    folder = ventas("drop", sales_file.parent)
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "1024")
    sales_file.write_bytes(b"x" * 1025)
    big = ventas("drop", sales_file)
    assert [one.exit_code for one in (missing, folder, big)] == [1, 1, 1]
    assert "no-ventas.csv: No such file or directory" in missing.stderr
    assert "is no file" in folder.stderr
    assert "1,025 bytes and at most 1,024" in big.stderr


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["--forecast"], "pronosticos/entrada/días.csv"),
        (["--forecast", "--key", "2027/enero.csv"], "pronosticos/entrada/2027/enero.csv"),
        (["--forecast", "--key", "pronosticos/entrada/x.csv"], "pronosticos/entrada/x.csv"),
        (["--key", "pronosticos/entrada/x.csv"], "pronosticos/entrada/x.csv"),
    ],
)
def test_a_forecast_file_is_sent_where_it_is_answered_and_its_answer_fetched(
    ventas: Ventas, api: ScriptedApi, uploads: Store, tmp_path: Path, arguments: list[str], key: str
) -> None:
    days, answer = tmp_path / "días.csv", tmp_path / "respuesta.csv"
    days.write_text("Fecha,Promociones,Festivo\n2027-01-01,0,1\n", encoding="utf-8")
    at = key.replace("entrada", "salida")
    uploads.put_bytes(UPLOADS_BUCKET, at, b"the answer")
    done = {"kind": "forecast", "verdict": None, "progress": None}
    api.moments = [
        a_run(status="received", steps=[], answer=None, **done),
        a_run(status="forecast", steps=[a_step("forecast", ended_at=None)], answer=None, **done),
        a_run(status="completed", steps=[a_step("forecast")], answer=at, **done),
    ]
    result = ventas("drop", days, *arguments, "--out", answer)
    assert result.exit_code == 0, result.output
    assert "reading, asking the champion" in result.stdout
    assert uploads.get_bytes(UPLOADS_BUCKET, key) == days.read_bytes()
    assert answer.read_bytes() == b"the answer"
    assert f"It was written to {answer}." in result.stdout.replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--out", "x.csv"], "--forecast"),
        (["--forecast", "--no-follow", "--out", "x.csv"], "--no-follow"),
        (["--forecast", "--out", "no/folder/x.csv"], "a folder that is there"),
        (["--forecast", "--out", "."], "name a file"),
        (["--forecast", "--key", "days.xlsx"], "--key pronosticos/entrada/ventas.csv"),
    ],
)
def test_what_could_not_be_answered_or_written_is_refused_before_it_is_sent(
    ventas: Ventas, api: ScriptedApi, uploads: Store, sales_file: Path, arguments: list[str], says: str
) -> None:
    result = ventas("drop", sales_file, *arguments)
    assert result.exit_code == 1
    assert says in result.stderr
    assert api.asked == []
