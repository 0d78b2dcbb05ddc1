"""Whether a recipe gives the same model again: the check that needs rows to fit on.

It is asked where the run's dataset is at hand anyway and a fault can be told as the verdict's reason, and not when a
version is promoted by hand; and it stands apart from the other checks, for the API must not import sklearn.
"""

from typing import Any

import numpy as np
import pandas as pd

from ventas.checks import TOLERANCE
from ventas.training import inputs, refit

REFIT_ROWS = 2000


def irreproducible(estimator: Any, train: pd.DataFrame, seed: int) -> str | None:
    """What is wrong with a recipe that gives another model when fitted again, as the end of a sentence, or None.

    It is fitted twice on at most REFIT_ROWS rows of `train`, spread over all of it.
    """
    rows = _spread(train, seed)
    asked = inputs(rows)
    try:
        first, second = (
            np.asarray(refit(estimator, rows).predict(asked), dtype=np.float64) for _ in range(2)
        )
    except Exception as error:  # noqa: BLE001 - a recipe can fail in any way, and then must not be served
        return f"cannot be fitted again: {type(error).__name__}: {error}"
    if np.allclose(first, second, rtol=TOLERANCE, atol=TOLERANCE):
        return None
    return "gives another model each time it is fitted with the same seed."


def unfittable(estimator: Any, train: pd.DataFrame, seed: int) -> str | None:
    """Why a recipe cannot be fitted and asked on rows of `train`, as the end of a sentence, or None."""
    rows = _spread(train, seed)
    try:
        refit(estimator, rows).predict(inputs(rows))
    except Exception as error:  # noqa: BLE001 - a recipe can fail in any way
        return f"cannot be fitted again: {type(error).__name__}: {error}"
    return None


def _spread(train: pd.DataFrame, seed: int) -> pd.DataFrame:
    """At most REFIT_ROWS rows from all over a table, in their order."""
    return train.sample(min(REFIT_ROWS, len(train)), random_state=seed).sort_index()
