"""A file may span more years than pandas' Timedelta can hold."""

import pandas as pd

from ventas.roles import Roles
from ventas.settings import Settings
from ventas.training import _planned


def test_a_span_of_three_centuries_can_be_planned() -> None:
    days = pd.to_datetime(["1900-01-01", "2199-12-31"]).repeat(30).astype("datetime64[ns]")
    assert _planned(pd.DataFrame({"Fecha": days}), Roles(), Settings()).candidates
