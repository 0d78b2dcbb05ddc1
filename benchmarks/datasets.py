"""What the models are measured on: the real year, and made-up chains whose noise floor is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, TARGET
from ventas.ingest import ingest
from ventas.promotion_plan import with_plan
from ventas.roles import Roles
from ventas.sample_chain import OPEN, STORE, generate_chain, noise_floor
from ventas.settings import Settings
from ventas.split import split

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "ventas-2022.csv"
SEED = 7


@dataclass(frozen=True)
class Data:
    """Train and test as the pipeline makes them; `floor` is the RMSE of the true mean on test, NaN if unknown."""

    train: pd.DataFrame
    test: pd.DataFrame
    roles: Roles
    floor: float
    settings: Settings


def available() -> list[str]:
    """The names in DATASETS that can be had here: the public year is no part of this project."""
    return [name for name in DATASETS if REAL.exists() or not name.startswith("2022")]


def real(how: str) -> Data:
    """The public year of one shop, split at random (as the seed did) or by time; needs the file REAL."""
    return as_uploaded(REAL, Settings(_env_file=None, SPLIT=how))  # type: ignore[call-arg]


def as_uploaded(path: Path, settings: Settings) -> Data:
    """A file as `etl` would clean and split it; its floor is not known."""
    found = ingest(path, settings)
    parts = split(with_plan(found.frame, found.roles), settings, found.roles)
    return Data(parts.train, parts.test, found.roles, float("nan"), settings)


def chain(stores: int, days: int) -> Data:
    """A made-up chain, written as a file and read back: what the columns mean is found by the data."""
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    made = generate_chain(stores, days, SEED)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ventas.csv"
        made.frame.to_csv(path, index=False)
        data = as_uploaded(path, settings)
    keys = [DATE, STORE] if STORE in data.test else [DATE]
    truth = made.frame[[*keys, OPEN]].assign(expected=made.expected)
    test = data.test[[*keys, TARGET]].merge(truth, on=keys, validate="1:1")
    expected: npt.NDArray[np.float64] = test["expected"].to_numpy()
    floor = noise_floor(test[TARGET], expected, test[OPEN])
    return replace(data, floor=floor)


DATASETS: dict[str, Callable[[], Data]] = {
    "2022, random": lambda: real("random"),
    "2022, by time": lambda: real("time"),
    "1 series x 900 days": lambda: chain(1, 900),
    "50 series x 900 days": lambda: chain(50, 900),
    "1,000 series x 1,000 days": lambda: chain(1000, 1000),
}
