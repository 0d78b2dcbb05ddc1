"""How wide an interval must be: conformal prediction on the errors of cross-validation inside train.

The errors are those of models on dates after all that they were fitted on, so the interval holds what a forecast
errs, not what a fit does (split conformal prediction, Lei et al. 2018, JASA 113). Test rows have no say in it. Errors
may weigh more where they are more like those to come (Barber et al. 2023, Annals of Statistics 51).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
STATES = 4  # of knowledge: nothing, the date, the series, both


@dataclass(frozen=True)
class Calibration:
    """What a SalesRegressor needs to know its interval; see there."""

    relative: bool
    offsets: list[list[float]]


def calibrated(
    predicted: Matrix, actual: Matrix, coverage: float, weights: Matrix | None = None
) -> Calibration:
    """From the errors of one model: `predicted` of shape (STATES, rows), what it said in each state of knowledge.

    Errors are taken as shares of the prediction where they grow with it. `weights` (one for each row, above 0) say
    how much each counts; all the same unless given.
    """
    counts = np.ones(len(actual)) if weights is None else weights
    best = predicted[-1]
    usable = best > 0
    relative = _grows(np.abs(actual - best)[usable], best[usable])
    offsets = []
    for said in predicted:
        kept = said > 0 if relative else np.ones(len(said), dtype=bool)
        error = (actual - said)[kept] / (said[kept] if relative else 1.0)
        offsets.append(list(_ends(error, counts[kept], coverage)))
    return Calibration(relative, offsets)


def _grows(errors: Matrix, predicted: Matrix) -> bool:
    """Whether errors grow with the prediction, rather as a share of it than not at all."""
    if len(errors) < 10 or predicted.std() < 1e-6 * predicted.mean():
        return False
    logs = np.log(errors + 1e-9 * predicted.mean())
    slope = np.polyfit(np.log(predicted), logs, 1)[0]
    return bool(slope > 0.5)


def _ends(error: Matrix, weights: Matrix, coverage: float) -> tuple[float, float]:
    """The lower and upper end that hold `coverage` of further errors (with the finite sample's correction)."""
    if not len(error):
        return 0.0, 0.0
    order = np.argsort(error, kind="stable")
    # The error to come counts as one more, of the greatest weight. A little is added for what floats lose.
    tail = (1 - coverage) / 2 * (weights.sum() + weights.max()) * (1 + 1e-9)
    low = error[order[_outermost(weights[order], tail)]]
    high = error[order[::-1][_outermost(weights[order[::-1]], tail)]]
    return float(min(low, 0.0)), float(max(high, 0.0))


def _outermost(weights: Matrix, tail: float) -> int:
    """The last place at which no more than `tail` of the weights has been passed; the first where each is more."""
    return max(int(np.searchsorted(np.cumsum(weights), tail, side="right")) - 1, 0)
