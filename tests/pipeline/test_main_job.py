"""A dropped ventas.csv becomes a served champion, on real parts."""

import io
import threading
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from pipeline_world import PREDICT, World, sales, wait_for

from ventas.champion import ChampionSource
from ventas.dataset_keys import dataset_key
from ventas.split import read_dataset

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "ventas-2022.csv"


def _better(start: str, seed: int) -> pd.DataFrame:
    """Sales at a level that no model before has seen, so that its challenger wins."""
    return sales(start, seed=seed, level=1000 + 500 * seed)


def test_an_upload_is_cleaned_trained_judged_promoted_and_served(world: World) -> None:
    before = world.champion()
    run = world.drop("main/Ventas Enero.csv", _better("2020-01-01", 1))
    assert run["status"] == "promoted", run["reason"]
    assert [step["step"] for step in run["steps"]] == ["etl", "retrain", "promote"]
    assert {step["outcome"] for step in run["steps"]} == {"ok"}
    assert run["verdict"]["champion_version"] == before
    assert run["progress"] == {"done": 2, "total": 2}
    assert (run["quality"]["rows_in"], run["quality"]["rows_kept"]) == (120, 120)
    world.served_by(run["model_version"])
    answer = world.api.post("/predict", json=PREDICT).json()
    assert answer["prediction"] == pytest.approx(1600, abs=60), "a Monday without promotion"
    assert world.champion() == run["model_version"]
    entry = world.api.get(f"/history/{answer['id']}").json()
    assert (entry["prediction"], entry["model_version"]) == (answer["prediction"], run["model_version"])


def test_the_dataset_lies_in_bucket_data(world: World) -> None:
    table = _better("2020-06-01", 2)
    run = world.drop("data/ventas.csv", table)
    train, test = (
        read_dataset(world.s3.get_object("data", dataset_key(run["id"], f"{name}.csv")).read())
        for name in ("train", "test")
    )
    outliers = run["quality"]["outliers"]["count"]
    assert (len(train) + outliers, len(test)) == (84, 36), "70/30 by dates; outliers leave train only"
    assert train["Fecha"].max() < test["Fecha"].min(), "split by time"
    assert test["Ventas"].tolist() == table["Ventas"].tolist()[84:]
    assert set(train["Ventas"]) <= set(table["Ventas"][:84])
    names = {item.object_name for item in world.s3.list_objects("data", f"runs/{run['id']}/")}
    assert names == {
        dataset_key(run["id"], name)
        for name in (
            *("train.csv", "test.csv", "outliers.csv", "rejected.csv"),
            *("quality.json", "profile.json"),
        )
    }
    assert {"train.csv", "test.csv"} <= {item.object_name for item in world.s3.list_objects("data")}


def test_mlflow_keeps_what_leads_back_to_the_upload(world: World) -> None:
    world.ensure_champion()
    run = world.settled(world.drop("mlflow/ventas.csv", _better("2021-01-01", 3)))
    version = world.registry.version(run["model_version"])
    logged = world.registry.client.get_run(version.run_id)
    assert {"cv_mse", "cv_rmse", "test_mse", "test_rmse", "test_r2"} <= set(version.metrics)
    assert {"n_estimators", "max_depth", "min_samples_split"} <= set(version.params)
    tags = logged.data.tags
    assert (tags["ventas.bucket"], tags["ventas.key"]) == ("ventas", "mlflow/ventas.csv")
    assert (tags["ventas.version_id"], tags["ventas.run_id"]) == (run["version_id"], run["id"])
    assert tags["ventas.etag"] == run["etag"]
    (dataset,) = logged.inputs.dataset_inputs
    assert dataset.dataset.digest
    assert world.registry.client.get_experiment(logged.info.experiment_id).name == "Prediccion de Ventas"
    files = {item.path for item in world.registry.client.list_artifacts(version.run_id)}
    assert "actual_vs_predicted.png" in files
    card = world.api.get(f"/models/{version.version}/card").json()
    assert card["errors"]["test_rmse"] == pytest.approx(version.metrics["test_rmse"])
    told = world.api.get(f"/models/{version.version}/predictions").json()
    assert (told["rows"], len(told["points"]), told["summed"]) == (36, 36, False)
    missed = [point["actual"] - point["prediction"] for point in told["points"]]
    assert np.sqrt(np.mean(np.square(missed))) == pytest.approx(version.metrics["test_rmse"], rel=1e-4)
    assert {"champion", "challenger"} <= set(version.aliases)
    assert version.stage == "Production"
    assert world.registry.version(run["verdict"]["champion_version"]).stage == "Archived"


def test_no_pickle_is_stored(world: World) -> None:
    world.ensure_champion()
    stored = [item.object_name for item in world.s3.list_objects("mlflow", recursive=True)]
    assert any(name.endswith(".skops") for name in stored)
    assert not [name for name in stored if name.endswith((".pkl", ".pickle", ".joblib"))]


def test_the_api_answers_as_the_served_fit_does_on_raw_rows(world: World, tmp_path: Path) -> None:
    """No training-serving skew: the same raw rows, through HTTP and through the fit itself."""
    run = world.drop("skew/ventas.csv", _better("2021-06-01", 4))
    world.served_by(run["model_version"])
    settings = world.system.settings.model_copy(update={"VENTAS_HOME": tmp_path})
    fit = ChampionSource(settings, world.ledger, world.registry).fetch(run["model_version"])
    rows = pd.DataFrame(
        [
            {"DíaDeLaSemana": day, "Promociones": promotion, "Festivo": holiday}
            for day in range(1, 8)
            for promotion in (0, 1)
            for holiday in (0, 1)
        ]
    )
    answers = [world.api.post("/predict", json=row).json()["prediction"] for row in rows.to_dict("records")]
    assert np.allclose(answers, fit.predict(rows), rtol=1e-6)


def test_the_same_event_twice_is_one_run(world: World) -> None:
    run = world.drop("twice/ventas.csv", _better("2022-01-01", 5))
    event = {
        "EventName": "s3:ObjectCreated:Put",
        "Key": "ventas/twice/ventas.csv",
        "Records": [
            {
                "eventName": "s3:ObjectCreated:Put",
                "s3": {
                    "bucket": {"name": "ventas"},
                    "object": {
                        "key": "twice%2Fventas.csv",
                        "versionId": run["version_id"],
                        "eTag": run["etag"],
                    },
                },
            }
        ],
    }
    headers = {"Authorization": f"Bearer {world.system.settings.webhook_token}"}
    url = f"{world.system.settings.WEBHOOKS_URL}/events/minio"
    queue = world.system.home / "minio-events" / "minio-webhook-VENTAS"
    wait_for(lambda: not any(queue.glob("*")), "MinIO's own delivery", 30)
    for _ in range(2):
        answer = httpx.post(url, json=event, headers=headers)
        assert answer.json()["events"] == [{"run_id": run["id"], "outcome": "duplicate"}]
    assert [one["id"] for one in world.runs(key="twice/ventas.csv")] == [run["id"]]
    assert world.api.get(f"/runs/{run['id']}").json()["steps"] == run["steps"], "nothing ran again"


def test_the_same_bytes_again_end_without_training(world: World) -> None:
    table = _better("2022-06-01", 6)
    first = world.drop("same/ventas.csv", table)
    versions = [one["version"] for one in world.api.get("/models").json()]
    again = world.drop("same/ventas.csv", table)
    assert again["id"] != first["id"]
    assert (again["status"], again["same_as_run"]) == ("not_promoted", first["id"])
    assert (again["model_version"], [step["step"] for step in again["steps"]]) == (None, ["etl"])
    assert [one["version"] for one in world.api.get("/models").json()] == versions


def test_a_worse_challenger_is_not_promoted(world: World) -> None:
    good = sales("2023-01-01", days=200, seed=7, level=9000)
    champion = world.drop("worse/ventas.csv", good)
    assert champion["status"] == "promoted", champion["reason"]
    world.served_by(champion["model_version"])
    later = sales("2024-01-01", days=200, seed=8, level=9000)
    later.loc[:139, "Ventas"] = later.loc[:139, "Ventas"].to_numpy()[::-1] * 0.5  # its train rows mislead
    worse = world.settled(world.drop("worse/ventas.csv", later))
    verdict = worse["verdict"]
    assert (worse["status"], verdict["promoted"], verdict["kind"]) == ("not_promoted", False, "fair")
    assert verdict["challenger_rmse"] > verdict["champion_rmse"]
    assert verdict["rows"] == 60, "all its test rows, for the champion has seen none of these dates"
    assert verdict["evidence"] == "loss"
    assert world.champion() == champion["model_version"]
    assert world.registry.version(worse["model_version"]).stage == "Rejected"
    assert world.registry.champion_alias() == champion["model_version"]


def test_a_file_without_a_column_is_rejected_with_a_report_for_its_sender(world: World) -> None:
    champion = world.ensure_champion()
    run = world.drop("bad/ventas.csv", b"Fecha,Ventas\n2024-01-01,5\n")
    assert run["status"] == "rejected"
    assert "Promociones" in run["reason"]
    assert run["quality"]["rejection"]["code"] == "missing_column"
    report = world.s3.get_object("ventas", f"informes/{run['id']}.md").read().decode()
    assert "Promociones" in report
    assert world.champion() == champion
    assert not [one for one in world.runs() if one["key"].startswith("informes/")], "a report is no upload"


def test_bad_rows_are_put_aside_and_the_good_ones_go_on(world: World) -> None:
    table = _better("2024-01-01", 9).astype({"Ventas": object})
    table.loc[3, "Ventas"] = "n/a"
    table.loc[7, "Promociones"] = 5
    run = world.drop("rows/ventas.csv", table)
    assert run["status"] in ("promoted", "not_promoted")
    assert (run["quality"]["rows_kept"], run["quality"]["rows_rejected"]) == (118, 2)
    rejected = pd.read_csv(
        io.BytesIO(world.s3.get_object("data", dataset_key(run["id"], "rejected.csv")).read())
    )
    assert rejected["line"].tolist() == [5, 9]


@pytest.mark.notifications
def test_what_is_no_sales_file_is_ignored_with_the_reason(world: World) -> None:
    version_id = world.put("notas.txt", b"hola")
    run = world.final("notas.txt", version_id)
    assert run["status"] == "ignored"
    assert "notas.txt" in run["reason"]


@pytest.mark.notifications
def test_an_upload_is_told_by_a_notification(world: World) -> None:
    run = world.drop("told/ventas.csv", _better("2024-06-01", 10))

    def told() -> bool:
        events = [one for one in world.api.get("/events").json() if one["run_id"] == run["id"]]
        return ("minio", "s3:ObjectCreated:Put") in {(one["source"], one["event_name"]) for one in events}

    wait_for(told, "MinIO's own event; a sweep may have come first, but not instead")


def test_no_request_fails_while_the_champion_is_swapped(world: World) -> None:
    world.ensure_champion()
    stop, seen, failures = threading.Event(), set(), []

    def ask() -> None:
        with httpx.Client(base_url=world.system.settings.API_URL, timeout=30) as client:
            while not stop.is_set():
                answer = client.post("/predict", json=PREDICT)
                if answer.status_code != 200:
                    failures.append(answer.text)
                seen.add(answer.json().get("model_version"))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        run = world.drop("swap/ventas.csv", _better("2025-01-01", 11))
        world.served_by(run["model_version"])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert run["model_version"] in seen
    assert len(seen) >= 2


def test_an_alias_moved_by_hand_is_honoured_and_recorded(world: World) -> None:
    older = world.ensure_champion()
    newer = world.drop("hand/ventas.csv", _better("2025-06-01", 12))["model_version"]
    world.registry.set_alias("champion", older)  # at once, wherever the promotion's own alias is by now
    world.recorded(older)
    world.served_by(older)
    newest = world.api.get("/models/promotions").json()[0]
    assert (newest["model_version"], newest["previous_version"], newest["source"]) == (older, newer, "manual")


def test_flower_shows_the_three_tasks_succeeded(world: World) -> None:
    run = world.drop("flower/ventas.csv", _better("2026-01-01", 13))
    flower = world.system.urls["flower"]
    user, _, password = world.system.settings.flower_basic_auth.partition(":")

    def look() -> bool:
        tasks = httpx.get(f"{flower}/api/tasks", auth=(user, password), timeout=30).json().values()
        return {
            task["name"] for task in tasks if run["id"] in str(task["args"]) and task["state"] == "SUCCESS"
        } == {
            "etl",
            "retrain",
            "promote",
        }

    wait_for(look, "three succeeded tasks in Flower")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data file is not at hand")
def test_the_file_of_2022(world: World) -> None:
    run = world.drop("real/ventas.csv", SHARED.read_bytes())
    assert run["status"] in ("promoted", "not_promoted"), run["reason"]
    assert run["quality"]["rows_kept"] == 365
    metrics = world.registry.version(run["model_version"]).metrics
    assert metrics["test_rmse"] < 110, "the mean of all days has 933, the mean of each weekday 118"
