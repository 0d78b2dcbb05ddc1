"""The fits of a search: on the workers of a Dask cluster where DASK_SCHEDULER names one, else here, in turn.

A cluster makes a search quicker and never another: what it is given is pickled, and what it cannot do is done here.
"""

from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog
from joblib import Parallel, delayed, parallel_config

from ventas.regressor import SalesRegressor
from ventas.settings import Settings
from ventas.threads import threads_for

log = structlog.get_logger()
Matrix = npt.NDArray[np.float64]

CONNECT_SECONDS = 5
PATIENCE_SECONDS = 60  # for a batch of fits, however short the search is meant to be: others work there too


@dataclass(frozen=True)
class Fit:
    """A model, the matrix and sales to fit it on, and the matrix to be answered then.

    iterations: boosting and forests are fitted up to so many; 0: a whole fit.
    """

    model: SalesRegressor
    matrix: Matrix
    sales: Matrix
    judged: Matrix
    iterations: int

    def done(self) -> tuple[SalesRegressor, Matrix]:
        """The fitted model, and what it says of `judged`, shape (rows,)."""
        if self.iterations:
            self.model.fit_iterations(self.matrix, self.sales, self.iterations)
        else:
            self.model.fit(self.matrix, self.sales)
        return self.model, self.model.predict(self.judged)


Fits = Callable[[list[Fit]], list[tuple[SalesRegressor, Matrix]]]


def done_here(fits: list[Fit]) -> list[tuple[SalesRegressor, Matrix]]:
    """All of them in this process, one after the other."""
    return [fit.done() for fit in fits]


@contextmanager
def fitter(settings: Settings) -> Iterator[Fits]:
    """What does the fits in the block; a scheduler that does not answer is told in the log, and done without."""
    client = _client(settings.DASK_SCHEDULER) if settings.DASK_SCHEDULER else None
    if client is None:
        yield done_here
        return
    try:
        yield _Cluster(client, max(settings.SEARCH_BUDGET_SECONDS, PATIENCE_SECONDS))
    finally:
        client.close(timeout=CONNECT_SECONDS)


class _Cluster:
    """Fits on a cluster until it fails; that batch and all later ones are done here."""

    def __init__(self, client: Any, patience: float):
        self._client, self._patience = client, patience

    def __call__(self, fits: list[Fit]) -> list[tuple[SalesRegressor, Matrix]]:
        if self._client is None:
            return done_here(fits)
        try:
            with parallel_config(backend="dask", client=self._client):
                shared = Parallel(batch_size=1, pre_dispatch="all", timeout=self._patience)
                return [(model, said) for model, said in shared(delayed(_done_there)(fit) for fit in fits)]
        # A cluster fails in any way. An error of the fit itself comes again here, and is raised.
        except (Exception, CancelledError) as error:  # noqa: BLE001
            log.warning("dask_given_up", reason=f"{type(error).__name__}: {error}")
            self._client = None
            return done_here(fits)


def _done_there(fit: Fit) -> tuple[SalesRegressor, Matrix]:
    """On a worker: with as many threads as here, and no fits sent on from there."""
    with threads_for(len(fit.sales)), parallel_config(backend="threading"):
        return fit.done()


def _client(scheduler: str) -> Any:
    """A connection to the scheduler; None, and why in the log, where there is none to be had."""
    try:
        from distributed import Client  # the optional extra `dask`

        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (ImportError, OSError, ValueError) as error:
        log.warning("dask_not_used", scheduler=scheduler, reason=str(error))
        return None
    if not client.ncores():
        log.warning("dask_not_used", scheduler=scheduler, reason="The scheduler has no workers.")
        client.close(timeout=CONNECT_SECONDS)
        return None
    return client
