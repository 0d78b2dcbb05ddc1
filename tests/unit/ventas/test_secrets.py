"""No token, key or password is in what may end in a log: settings as text, and errors with their causes."""

import re
import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from ventas.errors import LedgerUnavailable, SettingsError
from ventas.ledger.database import Database
from ventas.settings import Settings, load_settings

SECRET = "nobody-may-see-this"
PASSWORD_URL = f"postgresql+psycopg://ventas:{SECRET}@127.0.0.1:1/ventas"
FILLED = {
    name: PASSWORD_URL if name.endswith(("_URL", "_URI")) else f"{SECRET}-{SECRET}"
    for name in Settings.model_fields
    if re.search(r"TOKEN|SECRET|KEY$|^(REDIS|DATABASE)_URL|_URI$", name) and name != "MINIO_ACCESS_KEY"
}


def test_what_may_hold_a_secret_is_not_in_the_settings_text() -> None:
    assert {"ADMIN_TOKEN", "DASHBOARD_SESSION_KEY", "DATABASE_URL", "MINIO_SECRET_KEY"} <= set(FILLED)
    settings = Settings(_env_file=None, **FILLED)
    assert settings.DATABASE_URL == PASSWORD_URL
    for shown in (repr(settings), str(settings), f"{settings}"):
        assert SECRET not in shown
        assert "API_URL" in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DASHBOARD_TOKEN", "nobody-may"),
        ("DASHBOARD_SESSION_KEY", SECRET),
        ("MINIO_SECRET_KEY", "nobody"),
    ],
)
def test_a_setting_at_fault_is_named_and_its_value_is_not_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings()
    assert "nobody" not in whole(caught.value)


def test_a_database_that_is_away_is_told_without_its_password() -> None:
    with pytest.raises(LedgerUnavailable) as caught:
        ask(PASSWORD_URL)
    assert SECRET not in whole(caught.value)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        (PASSWORD_URL.replace(":1/", ":x/"), ValueError),
        (PASSWORD_URL.replace("psycopg", "nope"), NoSuchModuleError),
        (PASSWORD_URL.replace("://", ":"), ArgumentError),
    ],
)
def test_an_address_that_is_none_is_told_without_its_password(url: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        ask(url)
    assert SECRET not in whole(caught.value)


def ask(url: str) -> None:
    database = Database(url, lock_timeout_seconds=1)
    with database.read() as session:
        session.execute(text("SELECT 1"))


def whole(error: BaseException) -> str:
    """The error as a log has it: with its causes, and the source lines that led there."""
    return "".join(traceback.format_exception(error))
