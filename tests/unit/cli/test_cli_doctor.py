"""`ventas doctor` where nothing runs, where little runs, and where a part hangs."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from ventas import doctor
from ventas.launcher.places import make_home, try_lock
from ventas.ledger.migrate import upgrade
from ventas.settings import Settings, load_settings

Ventas = Callable[..., Result]


@pytest.fixture
def nowhere(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder that is not there, of a system none of whose parts answers."""
    home = settings.home / "nowhere"
    monkeypatch.setenv("VENTAS_HOME", str(home))
    for name, value in {
        "MINIO_ENDPOINT": "127.0.0.1:1",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        **{f"{part}_BIND": "127.0.0.1:1" for part in ("API", "DASHBOARD", "FLOWER", "WEBHOOKS")},
    }.items():
        monkeypatch.setenv(name, value)
    return home


def test_where_nothing_was_ever_started_every_part_is_named_and_nothing_is_made(
    ventas: Ventas, nowhere: Path
) -> None:
    done = ventas("doctor", "--json")
    findings = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [one["part"] for one in findings] == list(doctor.CHECKS)
    away = [one for one in findings if one["part"] not in {"settings", "queues", "backup"}]
    assert not any(one["ok"] for one in away)
    assert all(one["what"] and one["remedy"] for one in away)
    assert not nowhere.exists()


def test_where_nothing_runs_that_is_told_first(
    ventas: Ventas, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_home(nowhere)
    first = f"The system is not running: start it with `VENTAS_HOME={nowhere} make up`."
    lines = ventas("doctor").stdout.splitlines()
    assert lines[0] == first
    assert any(line.lstrip().startswith("minio") for line in lines), "the parts are told all the same"
    lock = try_lock(nowhere / "run" / "redis.lock")
    assert lock is not None
    with lock:
        assert "not running" not in ventas("doctor").stdout
    monkeypatch.setenv("MINIO_ENDPOINT", "127.0.0.2:1")
    assert "not running" not in ventas("doctor").stdout, "other machines, or containers, may run"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_secret_is_in_what_it_says(
    ventas: Ventas, nowhere: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """Neither a token, nor the key of the store, nor the password in the address of the database."""
    for name in ("ADMIN_TOKEN", "WEBHOOK_TOKEN", "UPLOAD_TOKEN", "MINIO_SECRET_KEY"):
        monkeypatch.setenv(name, f"{name}-nobody-may-see")
    address = "postgresql+psycopg://ventas:password-nobody-may-see@127.0.0.1:1/ventas"
    monkeypatch.setenv("DATABASE_URL", address)
    findings = doctor.examine(load_settings())
    assert any(finding.part == "ledger" and not finding.ok for finding in findings)
    assert "nobody-may-see" not in repr(findings)
    done = ventas("doctor", *options)
    assert "ledger" in done.stdout
    assert "nobody-may-see" not in done.stdout + done.stderr


def test_what_is_well_is_told_beside_what_is_not(settings: Settings) -> None:
    make_home(settings.home)
    upgrade(settings)
    by_part = {one.part: one for one in doctor.examine(settings)}
    assert by_part["state folder"].ok
    assert by_part["ledger"].ok
    assert by_part["runs"].ok
    assert by_part["beat"].remedy


def test_a_part_that_hangs_hides_no_other(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    hanging = {"slow": lambda _settings: str(over.wait()), "quick": lambda _settings: "well"}
    monkeypatch.setattr(doctor, "CHECKS", hanging)
    slow, quick = doctor.examine(settings, seconds=0.3)
    over.set()
    assert (slow.ok, quick.ok) == (False, True)
    assert slow.what == "No answer within 0.3 s."
