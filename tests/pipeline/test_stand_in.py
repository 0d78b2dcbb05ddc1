"""Where MinIO cannot be had: the main job on its stand-in, with uploads found by the sweep.

It serves the judged fit itself (REFIT=off), so that what the API answers can be held against `test_rmse`.
"""

from collections.abc import Iterator

import numpy as np
import pytest
from pipeline_system import WITHOUT_PAGES, running
from pipeline_world import World, sales

from ventas.dataset_keys import dataset_key
from ventas.split import read_dataset


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("stand-in")
    yield from running(home, WITHOUT_PAGES, VENTAS_FORCE_STAND_IN="1", REFIT="off")


def test_the_stand_in_says_what_it_is(stand_in: World) -> None:
    assert "not MinIO" in stand_in.system.store.name
    assert "lost at a stop" in stand_in.system.store.note


def test_a_dropped_file_is_found_trained_and_served_with_the_judged_error(stand_in: World) -> None:
    run = stand_in.drop("ventas.csv", sales("2024-01-01", seed=3))
    assert run["status"] == "promoted", run["reason"]
    events = [one for one in stand_in.api.get("/events").json() if one["run_id"] == run["id"]]
    assert [one["source"] for one in events] == ["sweep"]
    stand_in.served_by(run["model_version"])
    test = read_dataset(stand_in.s3.get_object("data", dataset_key(run["id"], "test.csv")).read())
    asked = test[["DíaDeLaSemana", "Promociones", "Festivo"]].to_dict("records")
    answers = [stand_in.api.post("/predict", json=row).json()["prediction"] for row in asked]
    rmse = float(np.sqrt(np.mean((np.array(answers) - test["Ventas"]) ** 2)))
    assert rmse == pytest.approx(
        stand_in.registry.version(run["model_version"]).metrics["test_rmse"], rel=1e-6
    )
