"""How many threads fits on some rows get.

A boosting of 150 small trees on 212 rows took 0.36 s of processor time with two threads and 0.08 with one: OpenMP's
threads meet after every node, and on a busy machine each waits for the other to be given a processor.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

PARALLEL_FROM_ROWS = 10_000  # below, starting threads costs more than the trees


@contextmanager
def threads_for(rows: int) -> Iterator[None]:
    """One thread of OpenMP and BLAS for fits and predictions on few rows in the block, else as many as there are."""
    if rows >= PARALLEL_FROM_ROWS:
        yield
    else:
        with _controller().limit(limits=1):
            yield


@cache
def _controller() -> ThreadpoolController:
    """What finds the libraries that have been loaded; looking takes 10 ms."""
    return ThreadpoolController()
