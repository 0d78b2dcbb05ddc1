"""Days put together by week or month, in the database's own words."""

from typing import Any, Literal

from sqlalchemy import ColumnElement, func, literal_column

Period = Literal["week", "month"]


def period(name: Period, day: Any, dialect: str) -> ColumnElement[str]:
    """The period of a date as text that sorts in time: a week by its Monday, `2026-11-30`, or a month, `2026-11`."""
    if dialect == "postgresql":
        if name == "month":
            return func.to_char(day, literal_column("'YYYY-MM'"))
        monday = func.date_trunc(literal_column("'week'"), day)
        return func.to_char(monday, literal_column("'YYYY-MM-DD'"))
    if name == "month":
        return func.strftime(literal_column("'%Y-%m'"), day)
    return func.date(day, literal_column("'weekday 0'"), literal_column("'-6 days'"))
