"""The app as a server: it starts without the API, asks no other host, and imports nothing heavy."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dashboard import links
from dashboard.app import create_app, create_server
from dashboard.polling import mark
from ventas.settings import Settings

ASSETS = Path(create_app.__code__.co_filename).parent / "assets"
OUTSIDE = re.compile(r"(?:https?:)?//(?!127\.0\.0\.1|localhost)[\w.-]+\.\w+")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(VENTAS_HOME=tmp_path)


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return create_app(settings).server.test_client()


@pytest.mark.parametrize(
    "path",
    ["/", "/subir", "/historial", "/modelos", "/ejecuciones", "/ejecuciones/some-id", "/estado"],
)
def test_every_page_is_served_in_spanish_without_an_outside_host(client: FlaskClient, path: str) -> None:
    page = client.get(path).get_data(as_text=True)
    assert '<html lang="es">' in page
    assert not OUTSIDE.findall(page)


def test_the_layout_of_the_frame_names_no_outside_host(client: FlaskClient) -> None:
    assert not OUTSIDE.findall(client.get("/_dash-layout").get_data(as_text=True))


def test_the_assets_name_no_outside_host() -> None:
    for asset in ASSETS.iterdir():
        text = re.sub(r"//\s.*", "", asset.read_text(encoding="utf-8")).replace(
            "http://www.w3.org/2000/svg", ""
        )
        assert not OUTSIDE.findall(text), asset.name


def test_a_script_that_is_none_is_not_found(client: FlaskClient) -> None:
    assert client.get("/_dash-component-suites/dash/nope.js").status_code == 404


def test_two_apps_live_in_one_process(settings: Settings, tmp_path: Path) -> None:
    other = create_app(Settings(VENTAS_HOME=tmp_path / "other")).server.test_client()
    assert create_app(settings).server.test_client().get("/_dash-dependencies").status_code == 200
    assert len(other.get("/_dash-dependencies").get_json()) > 10


def test_health_says_that_the_process_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VENTAS_HOME", str(tmp_path))
    assert create_server().test_client().get("/health").get_json() == {"status": "alive"}


def test_an_unforeseen_error_shows_a_sentence_and_no_trace(settings: Settings) -> None:
    app = create_app(settings)
    broken = {
        "output": "..history-chart.figure...history-total.children...history-problem.hidden"
        "...history-problem-text.children..",
        "outputs": [
            {"id": "history-chart", "property": "figure"},
            {"id": "history-total", "property": "children"},
            {"id": "history-problem", "property": "hidden"},
            {"id": "history-problem-text", "property": "children"},
        ],
        "inputs": [
            {"id": "history-query", "property": "data", "value": {}},
            {"id": "history-refresh", "property": "n_clicks", "value": None},
            {"id": "history-retry", "property": "n_clicks", "value": None},
        ],
        "changedPropIds": [],
    }
    app.server.config["VENTAS_API"] = None  # nothing of the real code does this: any bug would do
    answer = app.server.test_client().post("/_dash-update-component", json=broken)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Algo sali" in answer.get_json()["sideUpdate"]["page-fault"]["children"]
    assert "Traceback" not in text


def test_the_dashboard_imports_no_database_registry_or_learner() -> None:
    heavy = "sqlalchemy mlflow sklearn celery minio ventas.ledger ventas.store ventas.registry"
    program = f"import sys, dashboard.app; sys.exit(' '.join(n for n in {heavy.split()!r} if n in sys.modules) or 0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_tools_are_linked_where_browsers_find_them(tmp_path: Path) -> None:
    plain = {link.label: link.href for link in links.tools(Settings(VENTAS_HOME=tmp_path))}
    assert plain["MinIO (archivos)"] == "http://127.0.0.1:9001"
    assert plain["API (referencia)"] == "http://127.0.0.1:8000/docs"
    public = Settings(
        VENTAS_HOME=tmp_path, API_URL="http://api:8000", API_PUBLIC_URL="https://ventas.test/api/"
    )
    assert "https://ventas.test/api/docs" in [link.href for link in links.tools(public)]


def test_what_does_not_exist_is_not_linked(tmp_path: Path) -> None:
    poor = Settings(VENTAS_HOME=tmp_path, S3_STAND_IN=True, MLFLOW_TRACKING_URI="sqlite:///x.db")
    assert [link.label for link in links.tools(poor)] == ["Flower (tareas)", "API (referencia)"]


def test_equal_data_has_an_equal_mark() -> None:
    assert mark({"a": 1, "b": 2}) == mark({"b": 2, "a": 1})
    assert mark({"a": 1}) != mark({"a": 2})


def test_a_fresh_server_has_its_scripts_before_its_first_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, client: FlaskClient
) -> None:
    monkeypatch.setenv("VENTAS_HOME", str(tmp_path))
    scripts = re.findall(r'src="(/_dash-component-suites/[^"]+)"', client.get("/").get_data(as_text=True))
    fresh = create_server()
    fresh.before_request_funcs.clear()  # what a first request would still have to prepare
    assert len(scripts) > 5
    assert {fresh.test_client().get(script).status_code for script in scripts} == {200}
