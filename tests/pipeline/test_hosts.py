"""Two hosts' workers, with nothing in common but Redis, MinIO, MLflow and PostgreSQL, share the uploads."""

import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from ledger_databases import running_postgres
from pipeline_secrets import secrets_of, told
from pipeline_system import QUICK, WITHOUT_PAGES, running
from pipeline_world import World, sales

from ventas.launcher.system import System

pytestmark = pytest.mark.timeout(600)  # a system and another's workers, one after the other

SHARED = ("REDIS_URL", "MINIO_ENDPOINT", "MLFLOW_TRACKING_URI", "DATABASE_URL")
TRAINED, ANSWERED, REJECTED = 3, 12, 5
PATHS = {
    "sales": ["etl", "retrain", "promote"],
    "forecast": ["forecast"],
    "bad": ["etl"],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A whole system on PostgreSQL, whose workers are called after the host `first`."""
    with running_postgres() as server:
        server.execute("CREATE DATABASE ledger")
        home = tmp_path_factory.mktemp("first")
        # The server asks for no password, and takes one.
        address = server.url("ledger").replace("@", f":{secrets.token_hex(12)}@")
        yield from running(home, WITHOUT_PAGES, DATABASE_URL=address, HOST_NAME="first")


@pytest.fixture
def second(world: World, tmp_path: Path) -> Iterator[System]:
    """Workers alone, as another host runs them, with a state folder of their own."""
    shared = {name: world.system.env[name] for name in SHARED}
    shared["MINIO_SECRET_KEY"] = world.system.settings.minio_secret_key
    with System.on_free_ports(tmp_path / "second", **QUICK, **shared, HOST_NAME="second") as system:
        system.start(["worker", "trainer"])
        system.wait_ready()
        yield system


def _uploads() -> list[tuple[str, str, pd.DataFrame | bytes]]:
    """What becomes of it, key, and what is in it: trainings, forecasts and files that are rejected."""
    days = pd.DataFrame({"Fecha": pd.date_range("2027-01-01", periods=20), "Promociones": 0, "Festivo": 0})
    trained = [
        ("sales", f"hosts/{n}/ventas.csv", sales(f"20{40 + n}-01-01", days=60, seed=n))
        for n in range(TRAINED)
    ]
    answered = [("forecast", f"pronosticos/entrada/hosts/{n}.csv", days) for n in range(ANSWERED)]
    rejected = [
        ("bad", f"hosts/bad/{n}/ventas.csv", b"Fecha,Ventas\n2024-01-01,%d\n" % n) for n in range(REJECTED)
    ]
    return [*trained, *answered, *rejected]


def test_two_hosts_share_twenty_uploads_and_each_is_worked_on_once(world: World, second: System) -> None:
    world.ensure_champion()
    sent = [(kind, key, world.put(key, data)) for kind, key, data in _uploads()]
    shares: Counter[str] = Counter()
    versions = []
    for kind, key, version_id in sent:
        run = world.final(key, version_id)
        assert [step["step"] for step in run["steps"]] == PATHS[kind], run["reason"]
        assert {step["outcome"] for step in run["steps"]} == {"ok"}
        assert len(world.runs(key=key)) == 1
        shares.update(step["worker"].partition("@")[2] for step in run["steps"])
        versions += [run["model_version"]] if kind == "sales" else []
    assert shares.keys() == {"first", "second"}, shares
    made = [one["pipeline_run_id"] for one in world.api.get("/models").json()]
    assert len(made) == len(set(made)) == TRAINED + 1, "one version each, and the first champion"
    assert len(set(versions)) == TRAINED
    for system in (world.system, second):
        assert "DATABASE_URL" in secrets_of(system.settings)
        assert told(system, {}) == set()
    assert not list((second.home).glob("*.db")), "the second host keeps no ledger of its own"
