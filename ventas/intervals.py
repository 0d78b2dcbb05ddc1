"""How wide an interval must be: conformal prediction on the errors of cross-validation inside train.

The errors are those of models on dates after all that they were fitted on, so the interval holds what a forecast
errs, not what a fit does (split conformal prediction, Lei et al. 2018, JASA 113). Test rows have no say in it.
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


def calibrated(predicted: Matrix, actual: Matrix, coverage: float) -> Calibration:
    """From the errors of one model: `predicted` of shape (STATES, rows), what it said in each state of knowledge.

    Errors are taken as shares of the prediction where they grow with it.
    """
    best = predicted[-1]
    usable = best > 0
    relative = _grows(np.abs(actual - best)[usable], best[usable])
    offsets = []
    for said in predicted:
        kept = said > 0 if relative else np.ones(len(said), dtype=bool)
        error = (actual - said)[kept] / (said[kept] if relative else 1.0)
        offsets.append(list(_ends(error, coverage)))
    return Calibration(relative, offsets)


def _grows(errors: Matrix, predicted: Matrix) -> bool:
    """Whether errors grow with the prediction, rather as a share of it than not at all."""
    if len(errors) < 10 or predicted.std() < 1e-6 * predicted.mean():
        return False
    logs = np.log(errors + 1e-9 * predicted.mean())
    slope = np.polyfit(np.log(predicted), logs, 1)[0]
    return bool(slope > 0.5)


def _ends(error: Matrix, coverage: float) -> tuple[float, float]:
    """The lower and upper end that hold `coverage` of further errors (with the finite sample's correction)."""
    if not len(error):
        return 0.0, 0.0
    ordered = np.sort(error)
    tail = (1 - coverage) / 2
    # Rounded, as 20 times (1 - 0.8) / 2 is a little less than 2 in floats.
    place = int(np.floor(round(tail * (len(ordered) + 1), 9))) - 1
    low, high = ordered[max(place, 0)], ordered[min(len(ordered) - 1 - place, len(ordered) - 1)]
    return float(min(low, 0.0)), float(max(high, 0.0))
