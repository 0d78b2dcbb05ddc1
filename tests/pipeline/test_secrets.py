"""No token, key or password of a system at work is told: not by logs, answers, pages or commands."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from pipeline_secrets import secrets_of, told
from pipeline_world import PREDICT, World, sales, wait_for

ON_API = (
    "/status",
    "/health",
    "/openapi.json",
    "/runs",
    "/events",
    "/models",
    "/models/promotions",
    "/metrics",
)
ON_RECEIVER = ("/health", "/metrics")
ON_DASHBOARD = ("/", "/_dash-layout", "/_dash-dependencies")
ON_FLOWER = ("/", "/broker", "/api/workers")
COMMANDS = (["doctor", "--json"], ["retry", "no-such-run"])
TOKENS = ("ADMIN_TOKEN", "UPLOAD_TOKEN", "WEBHOOK_TOKEN", "DASHBOARD_TOKEN")
REFUSED = {400, 401, 403, 404, 405, 410, 413, 422}


@pytest.mark.timeout(400)  # the start of the system is in it, where no test has started it before
def test_a_system_at_work_tells_no_secret(world: World) -> None:
    secrets = secrets_of(world.system.settings)
    assert {
        "DASHBOARD_SESSION_KEY",
        "FLOWER_BASIC_AUTH",
        "REDIS_URL",
        "MLFLOW_TRACKING_URI",
        "MINIO_SECRET_KEY",
        *TOKENS,
    } <= secrets.keys()
    rejected = _work(world)
    texts = _asked_wrongly(world, rejected, secrets) | _pages(world) | _without_mlflow(world)
    findings = {one["part"]: one for one in json.loads(texts["doctor --json"])}
    assert (findings["ledger"]["ok"], findings["mlflow"]["ok"]) == (True, False)
    assert told(world.system, texts) == set()


def _work(world: World) -> str:
    """An upload that promotes, one that is rejected, predictions; the id of the run that was rejected."""
    world.ensure_champion()
    good = world.drop("secretos/ventas.csv", sales("2061-01-01", seed=61, level=90_000))
    assert good["status"] == "promoted", good["reason"]
    world.served_by(good["model_version"])
    bad = world.drop("secretos/mal/ventas.csv", b"Fecha,Ventas\n2024-01-01,5\n")
    assert bad["status"] == "rejected"
    # As retention notes it, so that there is an answer 410.
    world.ledger.old_files.note_upload_deleted(bad["id"])
    return str(bad["id"])


def _begun(world: World, arguments: list[str]) -> "subprocess.Popen[str]":
    """A command as an operator calls it, in the system's own environment."""
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("ventas")), *arguments],
        env=world.system.env,
        cwd=world.system.cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _without_mlflow(world: World) -> dict[str, str]:
    """What the API and commands say while MLflow is away: errors name addresses."""
    world.system.stop(["mlflow"])
    try:
        running = {" ".join(command): _begun(world, command) for command in COMMANDS}

        def missed() -> str | None:
            world.api.get("/models")
            health = world.api.get("/health")
            return health.text if health.json()["parts"]["registry"]["status"] == "away" else None

        texts = {"health": wait_for(missed, "the API to miss MLflow")}
        for path in ON_API:
            texts[f"{path} without MLflow"] = world.api.get(path).text
        return texts | {name: process.communicate(timeout=100)[0] for name, process in running.items()}
    finally:
        world.system.start(["mlflow"])
        world.system.wait_ready(["mlflow"])


def _pages(world: World) -> dict[str, str]:
    """What everybody may read of the running system."""
    user, _, password = world.system.settings.flower_basic_auth.partition(":")
    pages = {
        world.system.settings.API_URL: ON_API,
        world.system.settings.WEBHOOKS_URL: ON_RECEIVER,
        world.system.urls["dashboard"]: ON_DASHBOARD,
        world.system.urls["flower"]: ON_FLOWER,
    }
    found = {}
    for base, paths in pages.items():
        for path in paths:
            login = (user, password) if base == world.system.urls["flower"] else None
            answer = httpx.get(f"{base}{path}", auth=login, timeout=30, trust_env=False)
            assert answer.status_code == httpx.codes.OK, answer.url
            found[f"{base}{path}"] = answer.text
    return found


def _asked_wrongly(world: World, rejected: str, secrets: dict[str, str]) -> dict[str, str]:
    """Every refusal, as whoever sent each of the tokens is answered it."""
    asked = [*_routes(world), ("get", f"/runs/{rejected}/rejected.csv", b""), ("get", "/nowhere", b"")]
    asked.append(("post", "/predict", b" " * (world.system.settings.MAX_REQUEST_BYTES + 1)))
    asked.append(("post", "/predict", json.dumps(PREDICT).encode()))
    on_receiver = [
        ("post", "/events/minio", b"{"),
        ("delete", "/events/minio", b""),
        ("get", "/nowhere", b""),
    ]
    found, statuses = {}, set()
    for base, requests in (
        (world.system.settings.API_URL, asked),
        (world.system.settings.WEBHOOKS_URL, on_receiver),
    ):
        with httpx.Client(base_url=base, timeout=60, trust_env=False) as client:
            for (method, path, body), name in itertools.product(requests, TOKENS):
                headers = {"Authorization": f"Bearer {secrets[name]}", "Content-Type": "application/json"}
                answer = client.request(method, path, content=body, headers=headers)
                found[f"{method} {base}{path} with {name}"] = f"{answer.headers}\n{answer.text}"
                statuses.add(answer.status_code)
    assert statuses >= {200, 202, *REFUSED}, "each kind of answer was seen"
    assert max(statuses) < 500
    return found


def _routes(world: World) -> list[tuple[str, str, bytes]]:
    """Each route with values that are none, and each with a method and a body that it does not take."""
    paths: dict[str, Any] = world.api.get("/openapi.json").json()["paths"]
    return [
        (method, re.sub(r"{\w+}", "no-such", path), b"{")
        for path in paths
        for method in ("get", "post", "delete")
    ]
