"""What an operator does to a running system: start a run again, go back to a champion, judge the past anew."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
from pipeline_world import PREDICT, World, sales, wait_for

from ventas.times import iso_z, utc_now
from ventas.verdict import without_tables


def _better(start: str, seed: int) -> pd.DataFrame:
    """Sales at a level that no model before has seen, so that its challenger wins."""
    return sales(start, seed=seed, level=20_000 + 700 * seed)


# What hangs is asked for 10 s at least, so a prediction that waited for it would take longer than this.
NOT_WAITING_SECONDS = 5


def _ventas(world: World, *arguments: str) -> str:
    """What the command prints, run as an operator would, in the system's own environment."""
    command = [str(Path(sys.executable).with_name("ventas")), *arguments]
    done = subprocess.run(
        command, env=world.system.env, cwd=world.system.cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_rejected_run_is_worked_on_again(world: World) -> None:
    run = world.drop("again/ventas.csv", b"Fecha,Ventas\n2024-01-01,5\n")
    assert run["status"] == "rejected"
    assert httpx.post(f"{world.system.urls['api']}/runs/{run['id']}/retry").status_code == 401
    assert f"Run {run['id']} starts again." in _ventas(world, "retry", run["id"])

    def ended_again() -> dict[str, Any] | None:
        now: dict[str, Any] = world.api.get(f"/runs/{run['id']}").json()
        return now if now["finished_at"] and now["finished_at"] != run["finished_at"] else None

    again = wait_for(ended_again, "the second end of the run")
    assert (again["status"], again["reason"]) == ("rejected", run["reason"])
    assert [step["step"] for step in again["steps"]] == ["etl", "retry", "etl"]
    assert run["reason"] in again["steps"][1]["error"]


def test_a_champion_by_hand_is_served_recorded_and_known_later(world: World) -> None:
    older = world.drop("back/ventas.csv", _better("2031-01-01", 1))["model_version"]
    world.served_by(older)
    newer = world.drop("back/ventas.csv", _better("2031-06-01", 2))["model_version"]
    world.served_by(newer)
    before = iso_z(utc_now())
    assert f"Version {older} is the champion now" in _ventas(world, "rollback", "--reason", "It overshoots.")
    world.served_by(older, seconds=15)
    wait_for(lambda: world.registry.champion_alias() == older, "the alias to follow")
    newest = world.api.get("/models/promotions").json()[0]
    assert (newest["model_version"], newest["source"], newest["reason"]) == (
        older,
        "manual",
        "It overshoots.",
    )
    assert newest["actor"].endswith("(ventas)")
    then = world.api.get("/models/champion", params={"at": before}).json()
    assert (then["version"], then["promotion"]["model_version"]) == (newer, newer)
    assert world.api.get("/models/champion").json()["version"] == older
    stages = {one["version"]: one["stage"] for one in world.api.get("/models").json()}
    assert (stages[older], stages[newer]) == ("Production", "Archived")


def test_the_past_is_judged_anew_and_nothing_changes(world: World) -> None:
    first = world.drop("replay/ventas.csv", _better("2032-01-01", 3))
    second = world.drop("replay/ventas.csv", _better("2032-06-01", 4))
    world.settled(second)
    before = _all_that_is_kept(world)
    told = json.loads(_ventas(world, "replay", "--since", first["id"], "--until", second["id"], "--json"))
    assert [one["run_id"] for one in told] == [first["id"], second["id"]]
    now = [one["now"]["verdict"] for one in told]
    assert [verdict["kind"] for verdict in now] == ["first", "fair"]
    assert now[1]["challenger_rmse"] == second["verdict"]["challenger_rmse"], "the same code and settings"
    assert now[1]["champion_rmse"] == second["verdict"]["champion_rmse"]
    done = _replayed_by_the_api(world, first["id"])
    assert [one["run_id"] for one in done] == [first["id"], second["id"]]
    assert [one["now"]["verdict"] for one in done] == [without_tables(verdict) for verdict in now]
    assert _all_that_is_kept(world) == before


def _replayed_by_the_api(world: World, run_id: str) -> list[dict[str, Any]]:
    """What a worker says of each upload since the run, when it has judged them all."""
    path, headers = f"/runs/{run_id}/replay", {"Authorization": f"Bearer {world.system.settings.admin_token}"}
    asked = [world.api.post(path, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in asked] == [202, 200], "one at a time"

    def ended() -> dict[str, Any] | None:
        told = world.api.get(path).json()
        return dict(told) if told["status"] in ("done", "failed") else None

    told = wait_for(ended, "the end of the replay")
    assert (told["status"], told["attempts"]) == ("done", 1)
    return list(told["result"])


def _all_that_is_kept(world: World) -> list[Any]:
    """Runs, models and promotions; not which model the process that answers has loaded.

    Nor events: that of an upload which the sweep has found first may still come.
    """
    paths = ("/runs", "/models", "/models/promotions")
    answers = [world.api.get(path).json() for path in paths]
    return [[{**row, "served": None} for row in rows] for rows in answers]


def _slowest_prediction(world: World, seconds: float) -> float:
    slowest, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        assert world.api.post("/predict", json=PREDICT).status_code == 200
        slowest = max(slowest, time.monotonic() - begun)
    return slowest


def _away_since(world: World, part: str) -> datetime | None:
    """Since when the process that happens to answer has missed a part."""
    found = world.api.get("/health").json()["parts"][part]
    return datetime.fromisoformat(found["since"]) if found["status"] == "away" else None


def test_predictions_stay_quick_while_mlflow_hangs_and_is_asked_all_the_time(world: World) -> None:
    world.served_by(world.ensure_champion())
    begun = utc_now()

    def ask() -> int:
        return httpx.get(f"{world.system.urls['api']}/models", timeout=60).status_code

    with ThreadPoolExecutor(16) as pool, world.hanging("mlflow"):
        asked = [pool.submit(ask) for _ in range(16)]
        assert _slowest_prediction(world, 3) < NOT_WAITING_SECONDS
        assert {answer.result() for answer in asked} == {503}
        since = wait_for(lambda: _away_since(world, "registry"), "health to miss MLflow")
        assert since > begun
    wait_for(lambda: ask() == 200, "MLflow to be back")


def test_predictions_stay_quick_while_redis_hangs(world: World) -> None:
    world.served_by(world.ensure_champion())
    begun = utc_now()
    with world.hanging("redis"):
        assert _slowest_prediction(world, 3) < 2  # Redis is asked for 2 s at least
        since = wait_for(lambda: _away_since(world, "notices"), "health to miss Redis", seconds=20)
        assert since > begun
    wait_for(lambda: _away_since(world, "notices") is None, "Redis to be back", seconds=20)
