"""The ledger's tests run on both databases; all others on SQLite."""

import itertools
from collections.abc import Iterator

import pytest
from ledger_databases import Postgres, running_postgres

from ventas.ledger.migrate import upgrade
from ventas.settings import EXPERIMENT, MODEL_NAME, Settings

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server with a migrated database `template`, which copies are made of."""
    with running_postgres() as server:
        server.execute("CREATE DATABASE template")
        upgrade(Settings(_env_file=None, DATABASE_URL=server.url("template")))
        yield server


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Which database the ledger is on; `ON_BOTH` gives each test both."""
    return getattr(request, "param", "sqlite")


@pytest.fixture
def settings(settings: Settings, database: str, request: pytest.FixtureRequest) -> Settings:
    """Settings of a system of its own, on an empty ledger of the kind that is asked for."""
    if database == "sqlite":
        return settings
    return _on_fresh_database(settings, request.getfixturevalue("postgres"), "template")


@pytest.fixture
def unmigrated(settings: Settings, database: str, request: pytest.FixtureRequest) -> Settings:
    """Settings that lead to a database without any table."""
    if database == "sqlite":
        url = f"sqlite:///{settings.home / 'unmigrated.db'}"
        return settings.model_copy(update={"DATABASE_URL": url})
    return _on_fresh_database(settings, request.getfixturevalue("postgres"), "template1")


def _on_fresh_database(settings: Settings, server: Postgres, template: str) -> Settings:
    name = f"test_{next(_numbers)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return settings.model_copy(update={"DATABASE_URL": server.url(name)})


@pytest.fixture(scope="module")
def tracking_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow's database with our experiment and our model, made once for a file of tests."""
    import mlflow  # takes seconds

    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    before = mlflow.get_tracking_uri()
    client = mlflow.MlflowClient(uri)
    client.create_experiment(EXPERIMENT, artifact_location=str(folder / "artifacts"))
    client.create_registered_model(MODEL_NAME)
    yield uri
    mlflow.set_tracking_uri(before)
