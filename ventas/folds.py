"""The folds of cross-validation inside train."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import KFold, TimeSeriesSplit

from ventas.contract import DATE, TARGET
from ventas.settings import Settings

Fold = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
# Long files need fewer folds to tell candidates apart, and the last ones are the most like what is to be forecast.
FEWER_FROM_ROWS, FEWEST_FROM_ROWS = 10_000, 100_000
FEWER, FEWEST = 3, 2


def inputs(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that a model may read: all but the target."""
    return frame.drop(columns=TARGET)


def folds_of(train: pd.DataFrame, settings: Settings) -> list[Fold]:
    """The places of the rows to fit on and to judge on, for each fold; `train` in order of date if SPLIT is time."""
    count = fold_count(len(train), settings)
    if settings.SPLIT == "random":
        return list(KFold(count).split(train))
    if count == settings.CV_FOLDS:
        return time_folds(train[DATE], count)
    return time_folds(train[DATE], count + 1)[1:]


def fold_count(rows: int, settings: Settings) -> int:
    """CV_FOLDS, or fewer for many rows."""
    most = FEWEST if rows >= FEWEST_FROM_ROWS else FEWER if rows >= FEWER_FROM_ROWS else settings.CV_FOLDS
    return min(most, settings.CV_FOLDS)


def time_folds(dates: "pd.Series[pd.Timestamp]", folds: int) -> list[Fold]:
    """Growing windows over whole dates: each fold is judged on dates after all that it was fitted on."""
    distinct = np.sort(dates.unique())
    places = np.searchsorted(distinct, dates.to_numpy())
    return [
        (np.flatnonzero(places <= fit[-1]), np.flatnonzero((places >= judge[0]) & (places <= judge[-1])))
        for fit, judge in TimeSeriesSplit(n_splits=folds).split(distinct)
    ]
