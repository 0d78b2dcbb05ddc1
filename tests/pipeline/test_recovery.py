"""What an event, a worker or a part lost is found again."""

import signal
from pathlib import Path

from minio.notificationconfig import NotificationConfig
from pipeline_world import World, sales, wait_for

from ventas.store import Store, webhook_arn


def test_an_upload_without_an_event_is_found_by_the_sweep(world: World) -> None:
    from workers.app import create_app

    settings = world.system.settings
    if not settings.S3_STAND_IN:
        world.s3.set_bucket_notification("ventas", NotificationConfig())
    try:
        version_id = world.put("unheard/ventas.csv", sales("2027-01-01", seed=20))
    finally:
        if not settings.S3_STAND_IN:
            Store(settings).subscribe("ventas", webhook_arn(settings))
    assert world.runs(key="unheard/ventas.csv") == []
    with create_app(settings) as celery:
        celery.send_task("sweep", queue="control")
    run = world.final("unheard/ventas.csv", version_id)
    assert run["status"] in ("promoted", "not_promoted")
    events = [one for one in world.api.get("/events").json() if one["run_id"] == run["id"]]
    assert [one["source"] for one in events] == ["sweep"]


def test_a_trainer_killed_at_work_is_taken_over_and_the_run_ends_once(world: World) -> None:
    """SIGKILL of the whole group: the lease runs out, the sweep sends the step again."""
    version_id = world.put("killed/ventas.csv", sales("2027-06-01", days=400, seed=21))

    def training() -> str | None:
        runs = world.runs(key="killed/ventas.csv", version_id=version_id)
        return runs[0]["id"] if runs and runs[0]["status"] == "retrain" and runs[0]["progress"] else None

    run_id = wait_for(training, "the search to have begun")
    world.system.kill("trainer", signal.SIGKILL)
    run = world.final("killed/ventas.csv", version_id)
    assert run["status"] in ("promoted", "not_promoted"), run["reason"]
    retrains = [step for step in run["steps"] if step["step"] == "retrain"]
    assert retrains[-1]["outcome"] == "ok"
    of_run = [one for one in world.api.get("/models").json() if one["pipeline_run_id"] == run_id]
    assert len(of_run) == 1, "registered once"


def test_the_api_serves_from_its_local_copy_while_mlflow_is_down(world: World, tmp_path: Path) -> None:
    champion = world.ensure_champion()
    world.served_by(champion)
    world.system.stop(["mlflow"])
    try:
        world.system.kill("api")
        world.served_by(champion)
        assert world.api.get("/models").status_code == 503
        assert world.api.get("/health").status_code == 200
    finally:
        world.system.start(["mlflow"])
        world.system.wait_ready(["mlflow"])
