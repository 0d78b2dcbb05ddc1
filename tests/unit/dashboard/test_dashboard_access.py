"""Who may see the dashboard: nobody without the token, or without a name from a trusted proxy."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from dashboard import context, login, visitors
from dashboard.app import create_app, create_server
from ventas.errors import SettingsError
from ventas.settings import Settings, load_settings

TOKEN = "una clave larga"
PAGES = ("/", "/subir", "/modelos", "/ejecuciones/run-8", "/nada")
FETCHED = (
    "/_dash-layout",
    "/_dash-dependencies",
    "/ejecuciones/run-8/rejected.csv",
    "/historial/archivo.csv",
)
BROWSER = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}


def settings_with(home: Path, **more: Any) -> Settings:
    return Settings(_env_file=None, VENTAS_HOME=home, **{"API_URL": "http://127.0.0.1:1", **more})


def client_of(settings: Settings) -> FlaskClient:
    return create_app(settings).server.test_client()


def with_cookie(settings: Settings, cookie: str) -> int:
    """The status of a page where a browser sends this cookie to a process that has just started."""
    plain = create_app(settings).server.test_client(use_cookies=False)
    return plain.get("/", headers={**BROWSER, "Cookie": f"{login.COOKIE}={cookie}"}).status_code


def kept_cookie(client: FlaskClient) -> str:
    kept = client.get_cookie(login.COOKIE)
    assert kept
    return kept.value


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_with(tmp_path, DASHBOARD_AUTH="token", DASHBOARD_TOKEN=TOKEN)


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return client_of(settings)


def enter(client: FlaskClient, token: str = TOKEN, target: str = "/", **more: Any) -> Any:
    return client.post(login.PATH, data={login.FIELD: token, login.TARGET: target}, **more)


def test_without_the_token_a_page_leads_to_the_login_and_back(client: FlaskClient) -> None:
    for path in PAGES:
        assert client.get(path, headers=BROWSER).location.startswith("/entrar?a=")
    asked = client.get("/modelos?comparar=3,4&x=ñ", headers=BROWSER)
    page = client.get(asked.location)
    kept = re.search(r'name="a" value="([^"]*)"', page.get_data(as_text=True))
    assert kept
    assert enter(client, target=kept[1].replace("&amp;", "&")).location == "/modelos?comparar=3,4&x=%C3%B1"
    assert client.get("/modelos", headers=BROWSER).status_code == 200


def test_without_the_token_whatever_is_fetched_is_refused(client: FlaskClient) -> None:
    for path in FETCHED:
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (401, "text/plain"), path
        assert answer.headers["WWW-Authenticate"]
    assert client.post("/_dash-update-component", json={}).status_code == 401
    assert client.post("/salir").status_code == 401


def test_every_route_but_the_named_ones_is_closed(settings: Settings) -> None:
    server = create_app(settings).server
    open_ones = {"/health", login.PATH, "/assets/<path:filename>"}
    closed = {rule.rule for rule in server.url_map.iter_rules()} - open_ones
    assert len(closed) > 10
    for rule in closed:
        path = re.sub(r"<(?:\w+:)?\w+>", "x", rule)
        assert server.test_client().get(path).status_code == 401, rule


def test_probes_assets_and_the_login_are_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VENTAS_HOME", str(tmp_path))
    monkeypatch.setenv("DASHBOARD_AUTH", "token")
    client = create_server().test_client()
    for path in ("/health", "/assets/style.css", "/entrar"):
        with client.get(path) as answer:
            assert answer.status_code == 200
    assert enter(client, load_settings().dashboard_token).status_code == 303


@pytest.mark.parametrize("wrong", ["", "x", TOKEN[:-1], f"{TOKEN}x", "ñ", "una clave largá"])
def test_a_wrong_token_is_told_and_opens_nothing(client: FlaskClient, wrong: str) -> None:
    answer = enter(client, wrong, target="/modelos")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "Esa no es la clave" in page
    assert 'value="/modelos"' in page
    assert wrong == "" or f'"{wrong}"' not in page
    assert client.get("/", headers=BROWSER).status_code == 303


def test_guesses_are_slowed_down_for_their_sender_alone(client: FlaskClient) -> None:
    for _ in range(login.WRONG_TRIES.amount):
        assert enter(client, "wrong").status_code == 401
    paused = enter(client)  # the right one too, or guessing would go on
    assert paused.status_code == 429
    assert int(paused.headers["Retry-After"]) == 300
    assert "espere 5 minutos" in paused.get_data(as_text=True)
    assert enter(client, environ_base={"REMOTE_ADDR": "192.0.2.9"}).status_code == 303


def test_behind_a_proxy_a_guesser_keeps_out_no_other_visitor(client: FlaskClient) -> None:
    for number in range(login.WRONG_TRIES.amount):
        enter(client, "wrong", headers={"X-Forwarded-For": f"10.0.0.{number}, 192.0.2.1"})
    assert enter(client, headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 429
    assert enter(client, headers={"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}).status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        *(
            "https://evil.test/",
            "//evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/\t/evil.test",
            "/\n/evil.test",
        ),
        *("javascript:alert(1)", "evil.test", "", "/entrar", "/entrar?a=/entrar", "/salir", "\ud800"),
    ],
)
def test_a_login_leads_to_no_other_site(client: FlaskClient, target: str) -> None:
    with client.application.test_request_context():
        assert login.safe_target(target) == "/"


def test_the_cookie_is_hidden_from_scripts_and_other_sites_and_holds_no_token(client: FlaskClient) -> None:
    cookie = enter(client).headers["Set-Cookie"]
    assert cookie.startswith(f"{login.COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    secured = {"X-Forwarded-Proto": "https"}
    assert "Secure" in enter(client, headers=secured).headers["Set-Cookie"]
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    assert "Secure" not in enter(client, headers=secured, environ_base=elsewhere).headers["Set-Cookie"]


def test_another_process_with_the_same_state_knows_the_login_and_one_with_another_token_does_not(
    tmp_path: Path,
) -> None:
    settings = settings_with(tmp_path, DASHBOARD_AUTH="token")
    client = client_of(settings)
    enter(client, settings.dashboard_token)
    cookie = kept_cookie(client)
    assert with_cookie(settings_with(tmp_path, DASHBOARD_AUTH="token"), cookie) == 200
    assert with_cookie(settings, f"{cookie[:-3]}abc") == 303
    changed = settings_with(tmp_path, DASHBOARD_AUTH="token", DASHBOARD_TOKEN="another token")
    assert with_cookie(changed, cookie) == 303


def test_a_login_ends_when_its_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with(
        tmp_path, DASHBOARD_AUTH="token", DASHBOARD_TOKEN=TOKEN, DASHBOARD_SESSION_SECONDS=60
    )
    client = client_of(settings)
    began = time.time()
    enter(client)
    assert "Set-Cookie" not in client.get("/_dash-layout").headers, "an open page would be logged in for ever"
    cookie = kept_cookie(client)
    assert with_cookie(settings, cookie) == 200
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: began + 65)
    assert with_cookie(settings, cookie) == 303


def test_logging_out_forgets_the_login(client: FlaskClient) -> None:
    enter(client)
    assert client.get("/_dash-layout").headers["Cache-Control"] == "no-store"
    assert client.get("/salir", headers=BROWSER).status_code in (200, 405), (
        "a link or an image logs nobody out"
    )
    assert client.get("/", headers=BROWSER).status_code == 200
    assert client.post("/salir").location == "/entrar"
    assert client.get("/", headers=BROWSER).status_code == 303


def test_a_script_is_fetched_once_and_only_by_whoever_has_logged_in(client: FlaskClient) -> None:
    path = "/_dash-component-suites/plotly/package_data/plotly.min.js"
    refused = client.get(path)
    assert (refused.status_code, refused.headers["Cache-Control"]) == (401, "no-store")
    enter(client)
    client.get("/", headers=BROWSER)  # Dash gathers its scripts for the first page
    script = client.get(path)
    assert (script.status_code, script.headers["Cache-Control"]) == (200, "no-cache")
    again = client.get(path, headers={"If-None-Match": script.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


def test_the_login_speaks_the_browsers_language(client: FlaskClient) -> None:
    page = client.get("/entrar", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert '<html lang="en">' in page
    assert "Dashboard token" in page


def test_a_huge_form_is_refused(client: FlaskClient) -> None:
    assert enter(client, "x" * 100_000).status_code == 413


@pytest.fixture
def behind_proxy(tmp_path: Path) -> FlaskClient:
    return client_of(
        settings_with(tmp_path, DASHBOARD_AUTH="header", TRUSTED_PROXIES=["10.7.0.0/16", "127.0.0.1"])
    )


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {"X-Forwarded-User": "ana"}, 200),
        ("10.7.2.3", {"X-Forwarded-User": "ana"}, 200),
        ("::ffff:10.7.2.3", {"X-Forwarded-User": "ana"}, 200),
        ("10.2.0.1", {"X-Forwarded-User": "ana"}, 403),
        ("10.2.0.1", {"X-Forwarded-User": "ana", "X-Forwarded-For": "127.0.0.1"}, 403),
        ("", {"X-Forwarded-User": "ana"}, 403),
        ("127.0.0.1", {}, 403),
        ("127.0.0.1", {"X-Forwarded-User": " "}, 403),
        ("127.0.0.1", {"Remote-User": "ana"}, 403),
    ],
)
def test_only_whom_a_trusted_proxy_names_comes_in(
    behind_proxy: FlaskClient, address: str, headers: dict[str, str], status: int
) -> None:
    for path in ("/", "/_dash-layout"):
        answer = behind_proxy.get(path, headers=headers, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == status
        assert (status == 200) or "Sin acceso" in answer.get_data(as_text=True)
    with behind_proxy.get("/assets/style.css", environ_base={"REMOTE_ADDR": address}) as style:
        assert style.status_code == 200


def test_the_proxys_user_is_shown_and_is_who_changes_things(behind_proxy: FlaskClient) -> None:
    layout = behind_proxy.get("/_dash-layout", headers={"X-Forwarded-User": "Bego%C3%B1a"})
    assert "Bego\\u00f1a" in layout.get_data(as_text=True) or "Begoña" in layout.get_data(as_text=True)
    server = behind_proxy.application
    loopback = {"REMOTE_ADDR": "127.0.0.1"}
    with server.test_request_context(headers={"X-Forwarded-User": "ana"}, environ_base=loopback):
        server.preprocess_request()
        assert visitors.actor("somebody else") == "ana"
    with server.test_request_context():
        assert visitors.actor("somebody else") == "somebody else"
        assert context.settings().DASHBOARD_AUTH == "header"


def test_by_default_nobody_is_asked(tmp_path: Path) -> None:
    client = client_of(settings_with(tmp_path))
    assert client.get("/", headers=BROWSER).status_code == 200
    assert client.get("/entrar").status_code == 200  # Dash's page of what does not exist
    assert "Clave del tablero" not in client.get("/entrar").get_data(as_text=True)
    assert not (tmp_path / "tokens").exists()


def test_an_open_dashboard_that_others_reach_does_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VENTAS_HOME", str(tmp_path))
    monkeypatch.setenv("DASHBOARD_BIND", "0.0.0.0:8050")
    with pytest.raises(SettingsError, match="DASHBOARD_AUTH=token"):
        create_server()
    monkeypatch.setenv("DASHBOARD_AUTH", "header")
    assert create_server().test_client().get("/health").status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DASHBOARD_TOKEN", "short"),
        ("DASHBOARD_SESSION_KEY", "short"),
        ("TRUSTED_PROXIES", '["proxy.local"]'),
    ],
)
def test_settings_that_protect_nobody_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings()
