"""`ventas retry`, `rollback`, `approve` and `replay`, as an operator meets them."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_stand_ins import RUN_ID, ScriptedApi, a_run, from_json
from click.testing import Result

from ventas.ledger import Ledger, Run, UploadEvent
from ventas.ledger.migrate import upgrade
from ventas.sample import write_sample
from ventas.settings import UPLOADS_BUCKET, load_settings
from ventas.store import Store

Ventas = Callable[..., Result]
PROMOTION = {
    "id": 4, "created_at": "2026-11-23T13:00:09Z", "model_version": 1, "previous_version": 2, "run_id": None,
    "source": "manual", "actor": "ana", "reason": "Sundays.",
}  # fmt: skip


def test_a_run_is_started_again_by_the_start_of_its_id(ventas: Ventas, api: ScriptedApi) -> None:
    api.listed = [a_run(status="failed")]
    again = a_run(status="received") | {"enqueued": True, "note": "Its first step has been sent."}
    api.answers[f"/runs/{RUN_ID}/retry"] = (202, again)
    result = ventas("retry", RUN_ID[:13])
    assert result.exit_code == 0
    assert f"Run {RUN_ID} starts again. Its first step has been sent." in result.stdout
    assert ("POST", f"/runs/{RUN_ID}/retry") in [asked[:2] for asked in api.asked]
    assert from_json(ventas("retry", RUN_ID, "--json"))["status"] == "received"


@pytest.mark.parametrize(
    ("status", "detail"), [(409, "The run is at work (etl)."), (403, "This is not the admin token.")]
)
def test_what_the_api_refuses_is_told_in_its_words(
    ventas: Ventas, api: ScriptedApi, status: int, detail: str
) -> None:
    api.listed = [a_run(status="etl")]
    api.answers[f"/runs/{RUN_ID}/retry"] = (status, {"title": "No", "status": status, "detail": detail})
    result = ventas("retry", RUN_ID)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"ventas: {detail}")
    assert ("ADMIN_TOKEN" in result.stderr) == (status == 403)


def test_an_operator_shows_the_token_and_who_they_are(
    ventas: Ventas, api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_TOKEN", "secreto ñ")
    monkeypatch.setattr("getpass.getuser", lambda: "begoña")
    api.answers["/models/1/promote"] = (200, PROMOTION)
    assert ventas("rollback", 1, "--reason", "Sundays.").exit_code == 0
    headers = api.headers[-1]
    assert headers["Authorization"].encode("latin-1").decode() == "Bearer secreto ñ"
    assert headers["X-Actor"] == "bego%C3%B1a (ventas)", "servers drop what is not ASCII"


def test_without_a_version_the_previous_champion_comes_back(ventas: Ventas, api: ScriptedApi) -> None:
    api.answers["/models/promotions"] = (200, [PROMOTION | {"model_version": 2, "previous_version": 1}])
    api.answers["/models/1/promote"] = (200, PROMOTION)
    result = ventas("rollback", "--reason", "Sundays.")
    assert "Version 1 is the champion now instead of version 2." in result.stdout
    assert api.asked[-1] == ("POST", "/models/1/promote", {"reason": "Sundays."})
    assert from_json(ventas("rollback", 1, "--reason", "Sundays.", "--json"))["actor"] == "ana"


GONE = {
    4: (404, {"title": "Not found", "detail": "There is no version 4."}),
    3: (410, {"title": "Deleted by retention", "detail": "The files of version 3 went by retention."}),
    2: (422, {"type": "urn:ventas:problem:model-unfit", "title": "No", "detail": "It answers nan."}),
}


def test_going_back_passes_over_what_cannot_be_served(ventas: Ventas, api: ScriptedApi) -> None:
    """Version 5 had replaced 4; 3, 2 and 1 were champions before."""
    past = [
        PROMOTION | {"model_version": one, "previous_version": one - 1 or None} for one in (5, 4, 3, 2, 1)
    ]
    api.answers["/models/promotions"] = (200, past)
    api.answers |= {f"/models/{version}/promote": answer for version, answer in GONE.items()}
    api.answers["/models/1/promote"] = (200, PROMOTION | {"previous_version": 5})
    result = ventas("rollback", "--reason", "Sundays.", "--json")
    assert from_json(result)["model_version"] == 1
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        f"Version {version} is passed over" for version in (4, 3, 2)
    ]
    api.answers["/models/1/promote"] = GONE[4]
    result = ventas("rollback", "--reason", "Sundays.")
    assert (result.exit_code, "none of the earlier champions can be served" in result.stderr) == (1, True)


def test_a_wrong_token_passes_nothing_over(ventas: Ventas, api: ScriptedApi) -> None:
    api.answers["/models/promotions"] = (200, [PROMOTION | {"model_version": 2, "previous_version": 1}])
    api.answers["/models/1/promote"] = (403, {"title": "No", "detail": "This is not the admin token."})
    assert "passed over" not in ventas("rollback", "--reason", "Sundays.").stderr


@pytest.mark.parametrize("promotions", [[], [PROMOTION | {"previous_version": None}]])
def test_the_first_champion_has_nothing_to_go_back_to(
    ventas: Ventas, api: ScriptedApi, promotions: list[dict[str, object]]
) -> None:
    api.answers["/models/promotions"] = (200, promotions)
    result = ventas("rollback", "--reason", "Sundays.")
    assert (result.exit_code, "no earlier champion" in result.stderr) == (1, True)


def test_a_rollback_wants_a_reason(ventas: Ventas, api: ScriptedApi) -> None:
    result = ventas("rollback", 1)
    assert (result.exit_code, "--reason" in result.stderr) == (1, True)
    assert api.asked == []


def test_a_held_promotion_is_approved(ventas: Ventas, api: ScriptedApi) -> None:
    api.answers["/models/3/approve"] = (200, PROMOTION | {"model_version": 3, "source": "approved"})
    result = ventas("approve", 3, "--reason", "Looks right.")
    assert result.exit_code == 0
    assert "Version 3 is the champion now instead of version 2." in result.stdout
    assert api.asked[-1] == ("POST", "/models/3/approve", {"reason": "Looks right."})
    assert api.headers[-1]["Authorization"].startswith("Bearer ")
    assert from_json(ventas("approve", 3, "--reason", "Looks right.", "--json"))["source"] == "approved"


def test_an_approval_that_comes_too_late_says_what_to_do(ventas: Ventas, api: ScriptedApi) -> None:
    detail = "Version 3 was judged against champion version 1; now there is champion version 2. Upload a newer file."
    api.answers["/models/3/approve"] = (409, {"title": "No", "status": 409, "detail": detail})
    result = ventas("approve", 3, "--reason", "Looks right.")
    assert (result.exit_code, result.stderr) == (1, f"ventas: {detail}\n")
    for given in ([], ["--reason", "x"], [3]):
        assert ventas("approve", *given).exit_code == 1


@pytest.fixture
def past(uploads: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The runs of two uploads that lie in the bucket: the second one is a rejected file."""
    home = tmp_path / "home"
    for name, value in {
        "VENTAS_HOME": str(home),
        "SEARCH": "grid",
        "GRID_N_ESTIMATORS": "[3]",
        "GRID_MAX_DEPTH": "[null]",
        "GRID_MIN_SAMPLES_SPLIT": "[2]",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    upgrade(settings)
    ledger = Ledger(settings)
    good, bad = tmp_path / "ventas.csv", b"Fecha,Ventas\n2024-01-01,5\n"
    write_sample(good, days=120)
    yield [
        _uploaded(ledger, uploads, "a-ventas.csv", good.read_bytes(), 0),
        _uploaded(ledger, uploads, "b-ventas.csv", bad, 24),
    ]
    ledger.close()


def _uploaded(ledger: Ledger, store: Store, key: str, data: bytes, hours: int) -> str:
    store.put_bytes(UPLOADS_BUCKET, key, data, "text/csv")
    (found,) = list(store.versions(UPLOADS_BUCKET, prefix=key))[:1]
    (recorded,) = ledger.intake.record([UploadEvent(UPLOADS_BUCKET, key, found.version_id, found.etag, 1)])
    with ledger.database.write() as session:
        run = session.get_one(Run, recorded.run_id)
        run.status = "promoted"
        run.uploaded_at = datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(hours=hours)
        run.verdict = {"kind": "fair", "challenger_rmse": 96.1, "champion_rmse": 117.7}
    return str(recorded.run_id)


def test_a_dry_run_lists_what_would_be_replayed(ventas: Ventas, past: list[str]) -> None:
    lines = ventas("replay", "--since", "2026-11-01", "--dry-run").stdout.splitlines()
    assert re.search(r"a-ventas.csv +promoted 96.10 < 117.70", lines[1])
    assert lines[-1] == "2 uploads would be replayed."
    planned = from_json(ventas("replay", "--since", "2026-11-01", "--dry-run", "--json"))
    assert [one["run_id"] for one in planned] == past


def test_the_time_is_given_by_days_times_or_runs(ventas: Ventas, past: list[str]) -> None:
    def planned(*options: str) -> list[str]:
        return [one["key"] for one in from_json(ventas("replay", *options, "--dry-run", "--json"))]

    assert planned("--since", past[1]) == ["b-ventas.csv"]
    assert planned("--since", past[0], "--until", past[0]) == ["a-ventas.csv"]
    assert planned("--since", "2026-11-20", "--until", "2026-11-20") == ["a-ventas.csv"]
    assert planned("--since", "2026-11-20T12:00:01Z") == ["b-ventas.csv"]
    assert planned("--since", "2026-11-22") == []


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("yesterday", "neither a date"),
        ("2026-13-01", "is no date"),
        ("0001-01-01T00:00+14:00", "is no date"),
        ("ffff", "No run has an id"),
        ("01", "Several runs"),
    ],
)
def test_a_time_that_is_none_is_told_in_one_line(
    ventas: Ventas, past: list[str], since: str, words: str
) -> None:
    result = ventas("replay", "--since", since, "--dry-run")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert words in result.stderr


def test_verdicts_then_and_now_stand_side_by_side(ventas: Ventas, past: list[str]) -> None:
    result = ventas("replay", "--since", "2026-11-01")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert re.search(r"a-ventas.csv +promoted 96.10 < 117.70 +promoted \(first\) +same", lines[1])
    assert re.search(r"b-ventas.csv +promoted 96.10 < 117.70 +rejected +differs", lines[2])
    assert lines[3] == "2 uploads replayed, 1 would end otherwise. Nothing was changed."
    first, second = from_json(ventas("replay", "--since", "2026-11-01", "--json"))
    assert (first["same"], first["now"]["verdict"]["kind"]) == (True, "first")
    assert (second["now"]["status"], "Promociones" in second["now"]["reason"]) == ("rejected", True)


def test_nothing_judged_is_nothing_to_replay(ventas: Ventas, past: list[str]) -> None:
    assert ventas("replay", "--since", "2027-01-01").stdout == "No upload was judged in that time.\n"
