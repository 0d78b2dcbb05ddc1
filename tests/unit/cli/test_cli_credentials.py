"""`ventas credentials`: where secrets come from, and one of them on request."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from ventas import doctor_checks
from ventas.secret_list import SECRETS
from ventas.settings import Settings, load_settings

Ventas = Callable[..., Result]


@pytest.fixture(autouse=True)
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder that the command reads."""
    monkeypatch.setenv("VENTAS_HOME", str(settings.home))
    return settings.home


def test_every_secret_of_the_settings_that_somebody_types_is_listed() -> None:
    typed = {
        name for name in Settings.model_fields if name.endswith(("_TOKEN", "_SECRET_KEY", "_BASIC_AUTH"))
    }
    assert {secret.setting for secret in SECRETS.values()} == typed


def test_the_list_says_where_each_comes_from_and_tells_none(
    ventas: Ventas, home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_TOKEN", "given-by-environment")
    Path(".env").write_text("FLOWER_BASIC_AUTH=ana:given-by-file\n", encoding="utf-8")
    made = settings.minio_secret_key
    listed = {
        line.split()[0]: " ".join(line.split()[1:]) for line in ventas("credentials").stdout.splitlines()
    }
    assert listed["minio"] == f"minio MinIO: console and S3 {home}/tokens/minio"
    assert listed["flower"] == "ana Flower: pages and API FLOWER_BASIC_AUTH (.env)"
    assert listed["admin"].endswith("ADMIN_TOKEN (environment)")
    assert listed["upload"].endswith(f"{home}/tokens/upload (not made yet)")
    assert not [secret for secret in (made, "given-by") if secret in str(listed)]
    assert [path.name for path in (home / "tokens").iterdir()] == ["minio"], "to look makes none"


def test_one_that_is_named_is_printed_alone(
    ventas: Ventas, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = settings.minio_secret_key
    assert ventas("credentials", "minio").stdout == f"{made}\n"
    monkeypatch.setenv("MINIO_SECRET_KEY", "given-by-environment")
    assert ventas("credentials", "minio").stdout == "given-by-environment\n", "the environment wins"
    monkeypatch.setenv("FLOWER_BASIC_AUTH", "ana:of:colons")
    assert ventas("credentials", "flower").stdout == "of:colons\n"


def test_one_that_was_never_made_is_no_secret_but_an_error(ventas: Ventas, home: Path) -> None:
    done = ventas("credentials", "flower")
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"There is no {home}/tokens/flower; the first start makes it." in done.stderr
    assert not home.exists()


def test_the_doctor_warns_of_a_well_known_key_and_of_uploads_from_a_page_that_minio_does_not_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert doctor_checks.misfits(load_settings()) == []
    monkeypatch.setenv("MINIO_SECRET_KEY", "minio123")
    monkeypatch.setenv("MINIO_PUBLIC_URL", "https://files.example")
    known, unknown_page = doctor_checks.misfits(load_settings())
    assert "MINIO_SECRET_KEY is a well-known password" in known
    assert "http://127.0.0.1:8050 and http://localhost:8050 alone" in unknown_page
    monkeypatch.setenv("DASHBOARD_PUBLIC_URL", "https://ventas.example")
    assert doctor_checks.misfits(load_settings()) == [known]
