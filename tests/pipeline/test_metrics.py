"""What Prometheus reads of the real system, and Prometheus itself where it is installed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from pipeline_world import PREDICT, World, sales, wait_for
from prometheus_client.parser import text_string_to_metric_families

from ventas.launcher.addresses import free_ports

DEPLOY = Path(__file__).parents[2] / "deploy" / "prometheus"
PARTS = {"minio", "redis", "mlflow", "webhooks", "worker", "trainer", "beat", "flower", "ledger", "champion"}
ASKED = 30  # enough for both of the API's processes to have had some
ON_LANE = {"method": "POST", "route": "/predict", "status": "200"}


class Scrape:
    """What API and receiver tell now."""

    def __init__(self, world: World):
        self.told: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for base in (world.system.settings.API_URL, world.system.settings.WEBHOOKS_URL):
            text = httpx.get(f"{base}/metrics", timeout=20, trust_env=False).raise_for_status().text
            for family in text_string_to_metric_families(text):
                for one in family.samples:
                    self.told[one.name, frozenset(one.labels.items())] = one.value

    def __call__(self, name: str, **labels: str) -> float:
        return self.told.get((name, frozenset(labels.items())), 0)


@pytest.mark.notifications
def test_an_upload_and_its_predictions_are_counted_once(world: World) -> None:
    world.ensure_champion()
    before = Scrape(world)
    run = world.drop("metrics/ventas.csv", sales("2050-01-01", seed=11, level=70_000))
    for _ in range(ASKED):
        with httpx.Client(base_url=world.system.settings.API_URL, trust_env=False) as client:
            assert client.post("/predict", json=PREDICT).json()["recorded"] is True

    def more(after: Scrape, name: str, **labels: str) -> float:
        return after(name, **labels) - before(name, **labels)

    def counted() -> bool:
        return more(Scrape(world), "ventas_api_request_duration_seconds_count", **ON_LANE) == ASKED

    wait_for(counted, "the other process to tell what it has counted")
    after = Scrape(world)
    assert more(after, "ventas_predictions_total", outcome="recorded") == ASKED
    assert more(after, "ventas_predictions_recorded_total") == ASKED
    assert more(after, "ventas_runs", state=run["status"]) == 1
    for step in ("etl", "retrain", "promote"):
        assert more(after, "ventas_step_attempts_total", step=step, outcome="ok") == 1
        assert more(after, "ventas_step_duration_seconds_count", step=step) == 1
    assert more(after, "ventas_webhooks_events_total", outcome="recorded") == 1
    assert after("ventas_champion_version") == after("ventas_api_champion_version") == world.champion()
    wait_for(lambda: _parts(world) >= PARTS, "every part to be told as up")


def _parts(world: World) -> set[str]:
    """Those that are told as up."""
    told = Scrape(world).told.items()
    return {dict(labels)["part"] for (name, labels), up in told if name == "ventas_part_up" and up}


def test_prometheus_takes_targets_and_rules(world: World, tmp_path: Path) -> None:
    program = shutil.which("prometheus")
    if program is None:
        missing = "Prometheus is not installed; promtool checks the files in tests/unit."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    version = world.ensure_champion()
    with _prometheus(program, world, tmp_path) as server:

        def value(query: str) -> Any:
            (found,) = server.get("/api/v1/query", params={"query": query}).json()["data"]["result"] or [None]
            return found and float(found["value"][1])

        wait_for(lambda: value("ventas_champion_version") == version, "Prometheus to know the champion")
        wait_for(lambda: value("sum(up)") == 2, "both targets to be up")
        (group,) = server.get("/api/v1/rules").json()["data"]["groups"]
        wanted = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
        assert len(group["rules"]) == len(wanted)

        def health() -> set[str]:
            (group,) = server.get("/api/v1/rules").json()["data"]["groups"]
            return {rule["health"] for rule in group["rules"]}

        wait_for(lambda: health() == {"ok"}, "every rule to have been evaluated")


@contextmanager
def _prometheus(program: str, world: World, folder: Path) -> Iterator[httpx.Client]:
    """The server with our configuration, asking this world every second."""
    settings = world.system.settings
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "5s", "evaluation_interval": "5s"}
    places = {"ventas-api": settings.API_URL, "ventas-webhooks": settings.WEBHOOKS_URL}
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [urlsplit(places[job["job_name"]]).netloc]}]
        job["scrape_timeout"] = "5s"
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    shutil.copy(DEPLOY / "alerts.yml", folder)
    (port,) = free_ports(1)
    argv = [program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with (folder / "log").open("wb") as log:
        argv.append(f"--web.listen-address=127.0.0.1:{port}")
        process = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:

            def ready() -> bool:
                try:
                    return client.get("/-/ready").status_code == 200
                except httpx.TransportError:
                    return False

            wait_for(ready, "Prometheus to answer")
            yield client
    finally:
        process.terminate()
        process.wait(20)
