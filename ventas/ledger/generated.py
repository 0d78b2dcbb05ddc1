"""Columns that the database makes of others by itself, so that it can filter and index what lies in JSON."""

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement


class given_flag(ColumnElement[int]):
    """The 0 or 1 that a prediction was asked with, of the input called `name`."""

    inherit_cache = True
    type = Integer()

    def __init__(self, name: str):
        self.name = name


@compiles(given_flag)
def _sqlite(element: given_flag, _compiler: Any, **_: Any) -> str:
    return f"json_extract(input_data, '$.{element.name}')"


@compiles(given_flag, "postgresql")
def _postgresql(element: given_flag, _compiler: Any, **_: Any) -> str:
    return f"(input_data ->> '{element.name}'::text)::integer"
