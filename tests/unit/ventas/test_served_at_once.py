"""Two models that are loaded at once, as a promotion loads challenger and champion."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest

from ventas.served import load_estimator


def test_models_are_loaded_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    together = Barrier(2)
    met = []

    def load(path: Path, trusted: list[str]) -> Path:
        try:
            together.wait(0.5)  # passed at once where two threads are in here
            met.append(path)
        except BrokenBarrierError:
            together.reset()
        return path

    monkeypatch.setattr("skops.io.load", load)
    paths = [Path("challenger.skops"), Path("champion.skops")]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(load_estimator, paths)) == paths
    assert met == []
