"""Small sales tables that the tests of models share."""

import numpy as np
import pandas as pd

from ventas.roles import Roles
from ventas.sample_chain import generate_chain

CHAIN = Roles("Tienda", "Abierto")


def frame(
    dates: object, ventas: object = None, promotion: object = 0, holiday: object = 0, **further: object
) -> pd.DataFrame:
    """A dataset's columns for these dates; what is not given is 0, and the weekday of an unknown date a Monday."""
    days = pd.DatetimeIndex(dates).as_unit("ns")
    columns = {
        "Fecha": days,
        "DíaDeLaSemana": np.nan_to_num(days.day_of_week).astype(np.int64) + 1,
        "Promociones": promotion,
        "Festivo": holiday,
        "Ventas": 0.0 if ventas is None else ventas,
    }
    return pd.DataFrame(columns | further)


def chain(stores: int, days: int, seed: int = 1) -> pd.DataFrame:
    """A made-up chain as a dataset holds it: sales are floats."""
    made = generate_chain(stores, days, seed).frame
    return made.assign(Ventas=made["Ventas"].astype(np.float64))
