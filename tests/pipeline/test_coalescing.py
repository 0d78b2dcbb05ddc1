"""A burst of versions of one key: each has its run, the newest is judged, the others say which it is."""

from pipeline_world import World, sales

from ventas.dataset_keys import dataset_key

BURST = 10


def test_a_burst_of_versions_trains_its_first_and_its_newest(world: World) -> None:
    tables = [sales("2031-01-01", seed=300 + number) for number in range(BURST)]
    versions = [world.put("burst/ventas.csv", table) for table in tables]
    for version_id in versions:
        world.final("burst/ventas.csv", version_id)
    # Read anew when all have ended: a link moves on as long as newer versions come.
    runs = [world.final("burst/ventas.csv", version_id) for version_id in versions]
    newest = runs[-1]
    assert newest["status"] in ("promoted", "not_promoted"), newest["reason"]
    ended = [run["status"] for run in runs[:-1]]
    assert set(ended) <= {"superseded", "promoted", "not_promoted"}, ended
    assert ended.count("superseded") >= BURST - 3, "trained twice, or three times on a machine that is slow"
    judged = [run["id"] for run in runs if run["status"] != "superseded"]
    for place, run in enumerate(runs[:-1]):
        if run["status"] == "superseded":
            newer = [one["id"] for one in runs[place + 1 :]]
            assert run["superseded_by"] in newer, "linked to a newer version, the newest known at that time"
            assert run["superseded_by"] in judged, "and to one that was not superseded itself"
            assert "newer version" in run["reason"]
    trained = {one["pipeline_run_id"] for one in world.api.get("/models").json()} & {
        run["id"] for run in runs
    }
    assert trained == set(judged)
    assert len(world.runs(key="burst/ventas.csv")) == BURST
    for name in ("train.csv", "test.csv"):
        at_root = world.s3.get_object("data", name).read()
        assert at_root == world.s3.get_object("data", dataset_key(newest["id"], name)).read()
