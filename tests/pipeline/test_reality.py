"""What came true, through the real system: forecasts, the shadow's too, and the upload that judges them."""

from datetime import date, timedelta

import pandas as pd
from pipeline_world import World, sales, wait_for

LEVEL = 50_000  # no model of another test has seen it
DAYS = 40
FIRST = date(2040, 10, 1)


def test_the_next_upload_judges_the_forecasts_and_those_of_the_shadow(world: World) -> None:
    champion = world.drop("truth/ventas.csv", sales("2040-01-01", seed=1, level=LEVEL))["model_version"]
    world.served_by(champion)
    off = [
        sales("2040-06-01", days=84, seed=2, level=LEVEL + 900),
        sales("2040-08-24", days=36, seed=3, level=LEVEL),
    ]
    loser = world.settled(world.drop("truth/ventas.csv", pd.concat(off)))
    assert (loser["status"], loser["verdict"]["kind"]) == ("not_promoted", "fair")
    _in_the_shadow(world, loser["model_version"])
    truth = sales(FIRST.isoformat(), days=DAYS, seed=4, level=LEVEL)
    for row in truth.drop(columns="Ventas").to_dict("records"):
        assert world.api.post("/predict", json=row).json()["model_version"] == champion
    wait_for(lambda: _shadow_answers(world) == DAYS, "the shadow's answers")
    world.drop("truth/ventas.csv", truth)
    found = {
        (one["model_version"], one["shadow"]): one for one in world.api.get(f"/accuracy?since={FIRST}").json()
    }
    served, shadow = found[champion, False], found[loser["model_version"], True]
    assert (served["rows"], shadow["rows"]) == (DAYS, DAYS)
    assert served["rmse"] < shadow["rmse"], "the verdict was right"
    assert shadow["verdict_rmse"] == loser["verdict"]["challenger_rmse"]


def _in_the_shadow(world: World, version: int) -> None:
    """Wait until both of the API's processes have the version in the shadow."""
    wait_for(lambda: _loads(world, version) >= 2, f"version {version} in the shadow")


def _loads(world: World, version: int) -> int:
    lines = world.system.log("api", 2000).splitlines()
    return sum("shadow_loaded" in line and f"version={version}" in line for line in lines)


def _shadow_answers(world: World) -> int:
    parts = world.ledger.outcomes.forecasts(FIRST, FIRST + timedelta(days=DAYS), shadow=True)
    return sum(len(part) for part in parts)
