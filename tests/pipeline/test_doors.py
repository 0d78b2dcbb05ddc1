"""The doors on the loopback: closed to pages of other sites, and to whoever knows only well-known passwords."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pipeline_system import running
from pipeline_world import World

from ventas.errors import StoreUnavailable
from ventas.launcher.system import System
from ventas.settings import UPLOADS_BUCKET
from ventas.store import Store
from ventas.upload_links import Kind, UploadLinks

STRANGER = "http://evil.example"
ALLOWED = "access-control-allow-origin"
ON_FLOWER = (
    ("GET", "/"),
    ("GET", "/api/tasks"),
    ("POST", "/api/worker/shutdown/control@nobody"),
    ("POST", "/api/task/send-task/ventas.sweep"),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The parts that have doors of their own, with the secrets of a first start."""
    home = tmp_path_factory.mktemp("doors")
    for world in running(home, ["minio", "redis", "mlflow", "flower"]):
        Store(world.system.settings).ensure_bucket(UPLOADS_BUCKET, versioned=True)
        yield world


def _asked(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, url, headers=names, timeout=30, trust_env=False)


def _dashboards(system: System) -> list[str]:
    dashboard = system.urls["dashboard"]
    return [dashboard, dashboard.replace("127.0.0.1", "localhost")]


def test_minio_answers_the_dashboards_pages_and_no_other_sites(world: World) -> None:
    link = UploadLinks(world.system.settings).put("ventas.csv", Kind.SALES).url
    for origin in (*_dashboards(world.system), STRANGER, "null"):
        leave = origin if origin in _dashboards(world.system) else None
        before = _asked(link, "OPTIONS", Origin=origin, Access_Control_Request_Method="PUT")
        put = httpx.put(link, content=b"x", headers={"Origin": origin}, trust_env=False)
        for answer in (before, put, _asked(world.system.urls["minio"], Origin=origin)):
            assert answer.headers.get(ALLOWED) == leave, (origin, answer.request.method)
        assert put.status_code == httpx.codes.OK, "what is signed is stored; a stranger cannot sign"


def test_flower_lets_nobody_in_without_its_password(world: World) -> None:
    flower = world.system.urls["flower"]
    for method, path in ON_FLOWER:
        answer = _asked(f"{flower}{path}", method, Origin=STRANGER)
        assert answer.status_code in (401, 403), (method, path)
        assert ALLOWED not in answer.headers
    for path in ("/healthcheck", "/metrics"):
        assert _asked(f"{flower}{path}").status_code == httpx.codes.OK


def test_flower_takes_the_password_of_the_first_start_but_not_from_other_sites(world: World) -> None:
    flower = world.system.urls["flower"]
    user, _, password = world.system.settings.flower_basic_auth.partition(":")
    with httpx.Client(base_url=flower, auth=(user, password), timeout=30, trust_env=False) as client:
        assert client.get("/").status_code == client.get("/api/tasks").status_code == httpx.codes.OK
        # A browser that has the password sends it along, whoever's page asks.
        shutdown = client.post("/api/worker/shutdown/control@nobody", headers={"Origin": STRANGER})
        assert shutdown.status_code == httpx.codes.FORBIDDEN
        assert client.get("/api/tasks", headers={"Origin": STRANGER}).headers.get(ALLOWED) is None
    assert httpx.get(flower, auth=("admin", "admin"), trust_env=False).status_code == 401


def test_mlflow_changes_nothing_for_other_sites(world: World) -> None:
    asked = f"{world.system.urls['mlflow']}/api/2.0/mlflow/experiments/create"
    answer = httpx.post(asked, json={"name": "theirs"}, headers={"Origin": STRANGER}, trust_env=False)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert ALLOWED not in answer.headers


def test_a_state_folder_of_the_old_password_goes_on_with_a_random_one(tmp_path: Path, world: World) -> None:
    with System.on_free_ports(tmp_path, MINIO_SECRET_KEY="minio123") as old:
        old.start(["minio"])
        old.wait_ready()
        Store(old.settings).ensure_bucket(UPLOADS_BUCKET, versioned=True)
        sent = Store(old.settings).put_bytes(UPLOADS_BUCKET, "ventas.csv", b"kept")
    with System.on_free_ports(tmp_path) as new:
        new.start(["minio"])
        new.wait_ready()
        versions = list(Store(new.settings).versions(UPLOADS_BUCKET))
        assert [one.version_id for one in versions] == [sent.version_id]
        refused = Store(old.settings.model_copy(update={"MINIO_ENDPOINT": new.settings.MINIO_ENDPOINT}))
        with pytest.raises(StoreUnavailable, match="MINIO_SECRET_KEY"):
            list(refused.versions(UPLOADS_BUCKET))
