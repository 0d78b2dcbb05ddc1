"""The API on a real SQLite ledger, with fakes of the registry's two ports."""

import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import flask_openapi3.utils
import pytest
from api_helpers import FakeBroker, FakeCatalogue, FakeSource, eventually
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app, services_of
from ventas.settings import Settings

TOKEN = "a token of the tests"
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="session", autouse=True)
def _each_schema_is_made_once() -> Iterator[None]:
    """Most of an app's start goes to the schemas of its answers, and each test starts an app of its own."""
    made = cache(flask_openapi3.utils.get_model_schema)

    def schema(model: Any, mode: Any = "validation") -> dict[str, Any]:
        return deepcopy(made(model, mode))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(flask_openapi3.utils, "get_model_schema", schema)
        yield


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    def make(**changes: Any) -> Settings:
        known = {"VENTAS_HOME": tmp_path, "REDIS_URL": NOBODY_LISTENS, "CHAMPION_POLL_SECONDS": 0.02}
        known |= {
            "DATABASE_URL": "",
            "LOG_LEVEL": "ERROR",
            "ADMIN_TOKEN": TOKEN,
            "UPLOAD_TOKEN": TOKEN,
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        }
        return Settings(_env_file=None, **(known | changes))

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings], migrated: Path) -> Settings:
    """Settings with a ledger that is migrated."""
    settings = make_settings()
    shutil.copy(migrated, settings.home)
    return settings


@pytest.fixture
def source() -> FakeSource:
    return FakeSource(champion=1)


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return FakeCatalogue()


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
def start(
    settings: Settings, source: FakeSource, catalogue: FakeCatalogue, broker: FakeBroker
) -> Iterator[Callable[..., Flask]]:
    """Starts an API, and stops it after the test."""
    started: list[Flask] = []

    def start_app(with_settings: Settings = settings, *, wait: bool = True) -> Flask:
        app = create_app(with_settings, source, catalogue, broker)
        started.append(app)
        if wait:
            eventually(lambda: services_of(app).holder.current)
        return app

    yield start_app
    for app in started:
        services_of(app).close()


@pytest.fixture
def app(start: Callable[..., Flask]) -> Flask:
    """An API that serves version 1."""
    return start()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
