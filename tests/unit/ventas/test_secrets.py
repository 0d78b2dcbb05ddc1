"""No token, key or password is in what may end in a log: settings as text, and errors with their causes."""

import base64
import re
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from dashboard import links
from ventas.credentials import without_credentials
from ventas.errors import LedgerUnavailable, RegistryUnavailable, SettingsError
from ventas.ledger.database import Database
from ventas.registry import Registry
from ventas.settings import Settings, load_settings

SECRET = "nobody-may-see-this"
PASSWORD_URL = f"postgresql+psycopg://ventas:{SECRET}@127.0.0.1:1/ventas"
FILLED = {
    name: PASSWORD_URL if name.endswith(("_URL", "_URI")) else f"{SECRET}:{SECRET}"
    for name in Settings.model_fields
    if re.search(r"TOKEN|SECRET|KEY$|AUTH$|^(REDIS|DATABASE)_URL|_URI$", name)
    and name not in {"MINIO_ACCESS_KEY", "DASHBOARD_AUTH"}
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


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A server that refuses everything, and keeps by which `Authorization` it was asked."""
    for name in ("USERNAME", "PASSWORD"):  # set by the registry, and taken back after the test
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", "")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.headers["Authorization"])  # type: ignore[attr-defined]
            self.send_error(403)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_mlflow_is_asked_with_its_password_and_errors_tell_it_to_nobody(mlflow: HTTPServer) -> None:
    place = f"127.0.0.1:{mlflow.server_port}"
    settings = Settings(_env_file=None, MLFLOW_TRACKING_URI=f"http://us%40er:{SECRET}@{place}")
    with pytest.raises(RegistryUnavailable) as refused:
        Registry(settings).champion_alias()
    login = base64.b64encode(f"us@er:{SECRET}".encode()).decode()
    assert set(mlflow.asked) == {f"Basic {login}"}  # type: ignore[attr-defined]
    away = settings.model_copy(update={"MLFLOW_TRACKING_URI": f"http://ventas:{SECRET}@127.0.0.1:1"})
    with pytest.raises(RegistryUnavailable, match=r"http://127\.0\.0\.1:1/") as silent:
        Registry(away).champion_alias()
    for caught in (refused, silent):
        assert SECRET not in whole(caught.value)


def test_the_dashboard_links_to_mlflow_without_its_password() -> None:
    settings = Settings(_env_file=None, MLFLOW_TRACKING_URI=f"https://ventas:{SECRET}@ml.test/flow")
    assert "https://ml.test/flow" in [link.href for link in links.tools(settings)]
    assert links.mlflow_run(settings, "1") == "https://ml.test/flow/#/runs/1"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"redis://:{SECRET}@10.0.0.1:6379/0", "redis://10.0.0.1:6379/0"),
        (f"http://ventas:{SECRET}@ml.test", "http://ml.test"),
        (f"http://ventas:{SECRET}@@[::1]:5000/a@b?c=d@e", "http://[::1]:5000/a@b?c=d@e"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("sqlite:////tmp/mlflow.db", "sqlite:////tmp/mlflow.db"),
    ],
)
def test_an_address_is_shown_without_user_and_password(address: str, shown: str) -> None:
    assert without_credentials(address) == shown


def ask(url: str) -> None:
    database = Database(url, lock_timeout_seconds=1)
    with database.read() as session:
        session.execute(text("SELECT 1"))


def whole(error: BaseException) -> str:
    """The error as a log has it: with its causes, and the source lines that led there."""
    return "".join(traceback.format_exception(error))
