"""A search on a Dask cluster is the search on one machine, and a cluster that is away costs no upload."""

from collections.abc import Iterator

import pandas as pd
import pytest
from distributed import Client, LocalCluster, Worker
from model_frames import CHAIN, chain
from structlog.testing import capture_logs

from ventas.cluster import done_here, fitter
from ventas.launcher.addresses import free_ports
from ventas.settings import Settings
from ventas.training import Search, inputs, search

BRIEF = Settings(_env_file=None, SEARCH_BUDGET_SECONDS=8, CV_FOLDS=2)


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as made:
        yield made


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    return chain(3, 150, seed=2)


@pytest.fixture(scope="module", autouse=True)
def _no_clock() -> Iterator[None]:
    """On a busy machine the clock must not stop what was planned."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ventas.search_run.monotonic", lambda: 0.0)
        yield


@pytest.fixture(scope="module")
def alone(sales: pd.DataFrame, _no_clock: None) -> Search:
    """What this machine finds by itself."""
    return _search(sales)


def _search(sales: pd.DataFrame, scheduler: str = "") -> Search:
    return search(sales, BRIEF.model_copy(update={"DASK_SCHEDULER": scheduler}), lambda *_: None, CHAIN)


def _board(found: Search) -> list[tuple[str, float]]:
    return [(one["name"], one.get("cv_rmse", 0.0)) for one in found.leaderboard]


def _executed(dask_worker: Worker) -> int:
    return int(dask_worker.state.executed_count)


def test_two_workers_find_the_same_winner_with_the_same_figures_and_answers(cluster, sales, alone) -> None:
    with capture_logs() as lines:
        shared = _search(sales, cluster.scheduler_address)
    assert not [line for line in lines if line["event"].startswith("dask")], "the cluster did it"
    assert _board(shared) == _board(alone)
    assert (shared.params, shared.cv_mse) == (alone.params, alone.cv_mse)
    assert {"boosting", "forest", "linear"} <= {one["family"] for one in shared.leaderboard}
    with Client(cluster) as client:
        assert all(count >= 10 for count in client.run(_executed).values()), "both did a share"
    asked = inputs(sales)
    assert shared.estimator.predict(asked).tolist() == alone.estimator.predict(asked).tolist()


def test_a_cluster_that_dies_at_work_leaves_the_rest_to_this_machine(sales, alone) -> None:
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as dying:
        settings = BRIEF.model_copy(update={"DASK_SCHEDULER": dying.scheduler_address})
        with capture_logs() as lines:
            found = search(sales, settings, lambda done, _: dying.close() if done == 2 else None, CHAIN)
    assert [line["event"] for line in lines if line["event"].startswith("dask")] == ["dask_given_up"]
    assert _board(found) == _board(alone)


def test_a_scheduler_that_is_away_is_told_in_the_log_and_done_without(sales, alone) -> None:
    nobody = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    with capture_logs() as lines:
        found = _search(sales, nobody)
    assert [(line["event"], line["scheduler"]) for line in lines] == [("dask_not_used", nobody)]
    assert _board(found) == _board(alone)


@pytest.mark.parametrize("address", ["no address", "gopher://127.0.0.1:1", "127.0.0.1"])
def test_an_address_that_is_none_is_told_in_the_log(address: str) -> None:
    with capture_logs() as lines, fitter(BRIEF.model_copy(update={"DASK_SCHEDULER": address})) as fits:
        assert fits is done_here
    assert [line["event"] for line in lines] == ["dask_not_used"]
