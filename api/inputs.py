"""What one model version wants to be told, and the strict reading of it."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Any, NotRequired

import numpy as np
import pandas as pd
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    with_config,
)
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict

from api.body import shown
from api.problems import FieldError, InvalidFields
from ventas.contract import DATE, DATE_DTYPE, WEEKDAY
from ventas.served import ModelInput

FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2199, 12, 31)
LONGEST_TEXT = 1000
MOST_FAULTS = 100  # named of one batch
MOST_NAMES = 12  # in one sentence
_PART = 1000
_EPOCH = date(1970, 1, 1).toordinal()
_NO_DAY = np.iinfo(np.int64).min  # numpy's NaT
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@lru_cache(maxsize=8192)
def sales_date(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("not an ISO date")
    day = date.fromisoformat(text)
    if not FIRST_DATE <= day <= LAST_DATE:
        raise ValueError("out of range")
    return day


def _as_integer(value: Any) -> Any:
    """A whole float as the integer that it is, as JSON knows one kind of number; all else as it came."""
    return int(value) if type(value) is float and value in _SMALL_INTEGERS else value


_SMALL_INTEGERS = frozenset(range(8))  # more than any kind of integer may be
_INTEGERS = ("weekday", "flag")  # kinds
_STRICT = ConfigDict(extra="forbid", strict=True)
_TYPES: dict[str, Any] = {
    "weekday": Annotated[int, Field(ge=1, le=7), BeforeValidator(_as_integer)],
    "flag": Annotated[int, Field(ge=0, le=1), BeforeValidator(_as_integer)],
    "number": Annotated[float, Field(allow_inf_nan=False)],
    "text": Annotated[str, Field(max_length=LONGEST_TEXT)],
    "date": Annotated[str, AfterValidator(sales_date)],
}
_ALLOWED = {
    "weekday": "a whole number from 1 (Monday) to 7 (Sunday)",
    "flag": "0 or 1",
    "number": "a finite number",
    "text": f"a text of at most {LONGEST_TEXT} characters",
    "date": f"a date such as 2026-11-30, from {FIRST_DATE} to {LAST_DATE}",
}


@dataclass(frozen=True)
class Question:
    """One row that a model is asked about: `sent` as it came (1.0 is 1), `columns` as the model reads them."""

    sent: dict[str, Any]
    columns: dict[str, Any]
    date: date
    date_assumed: bool

    def frame(self) -> pd.DataFrame:
        """The raw columns, shape (1, columns); optional columns that were not given are left out.

        A date that was only assumed is unknown to the model, which was trained for that too.
        """
        day = np.array(["NaT" if self.date_assumed else self.date], dtype=DATE_DTYPE)
        return pd.DataFrame({DATE: day, **{name: [value] for name, value in self.columns.items()}})


@dataclass(frozen=True)
class Questions:
    """Several rows that a model is asked about at once: `sent` as they came (1.0 is 1), `columns` as the model reads
    them.

    A column has None where a row leaves it out; one that all leave out is not there.
    """

    sent: Sequence[dict[str, Any]]
    columns: Mapping[str, Sequence[Any]]
    dates: Sequence[date]
    assumed: Sequence[bool]
    texts: frozenset[str]

    def frame(self) -> pd.DataFrame:
        """The raw columns, shape (rows, columns), as those of one question; what a row leaves out is missing."""
        told = zip(self.dates, self.assumed, strict=True)
        # From numbers of days: of dates numpy makes an array ten times as slowly.
        numbers = [_NO_DAY if assumed else day.toordinal() - _EPOCH for day, assumed in told]
        days = np.array(numbers, dtype=np.int64).astype("datetime64[D]").astype(DATE_DTYPE)
        return pd.DataFrame({DATE: days, **{name: self._column(name) for name in self.columns}})

    def _column(self, name: str) -> Any:
        given = self.columns[name]
        if name in self.texts:
            return pd.Series(given, dtype="str")
        return pd.Series(given) if None in given else np.array(given)  # the same, in a quarter of the time


class Form:
    """The inputs of one model version; made once when the version is loaded.

    `kinds` are those of `ModelInput` by name in NFC, and "date"; `required` are the names that each row must have.
    """

    def __init__(self, inputs: Sequence[ModelInput]):
        # Names are compared in NFC; the model wants them as its file wrote them.
        self._columns = {unicodedata.normalize("NFC", known.name): known.name for known in inputs}
        kinds: dict[str, str] = {unicodedata.normalize("NFC", known.name): known.kind for known in inputs}
        self.kinds: Mapping[str, str] = kinds | {DATE: "date"}
        self._allowed = {name: _ALLOWED[kind] for name, kind in kinds.items()} | {DATE: _ALLOWED["date"]}
        required = frozenset(unicodedata.normalize("NFC", known.name) for known in inputs if known.required)
        self.required = required
        fields = {
            name: _TYPES[kind] if name in required else NotRequired[_TYPES[kind] | None]
            for name, kind in kinds.items()
        }
        fields[DATE] = NotRequired[_TYPES["date"] | None]
        # The functional form, since a column may be called anything; mypy knows it only for literal fields.
        functional: Any = TypedDict
        row = with_config(_STRICT)(functional("Inputs", fields))
        self._adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(row)
        self._many: TypeAdapter[list[dict[str, Any]]] = TypeAdapter(list[row])  # type: ignore[valid-type]
        self._texts = frozenset(known.name for known in inputs if known.kind == "text")
        self._integers = tuple(name for name, kind in kinds.items() if kind in _INTEGERS)
        self._inputs = tuple(inputs)

    def read(self, body: dict[str, Any], today: date) -> Question:
        """Check `body` and fill in the date; raises InvalidFields naming every field at fault.

        Without a date, the next one after `today` (in the business's time zone) with the given weekday is meant.
        """
        try:
            values = self._adapter.validate_python(body)
        except ValidationError as error:
            raise InvalidFields([self._fault(found) for found in error.errors(include_url=False)]) from error
        day = values.pop(DATE, None)
        weekday = values[WEEKDAY]
        if day is not None and day.isoweekday() != weekday:
            raise InvalidFields([_contradiction(day, weekday)])
        sent = self._with_integers(body, values)
        return Question(sent, self._named(values), day or next_date(today, weekday), date_assumed=day is None)

    def read_all(self, rows: list[Any], today: date) -> Questions:
        """Check many rows as `read` checks one; raises InvalidFields naming rows and fields, MOST_FAULTS at most."""
        checked, faults = self._checked(rows)
        days = [row.pop(DATE, None) for row in checked]
        faults += [
            _of_row(at, _contradiction(day, row[WEEKDAY]))
            for at, (day, row) in enumerate(zip(days, checked, strict=True))
            if day is not None and day.isoweekday() != row[WEEKDAY]
        ]
        if faults:
            raise InvalidFields(faults[:MOST_FAULTS])
        sent = [self._with_integers(row, values) for row, values in zip(rows, checked, strict=True)]
        return self.asked(
            sent, {name: [row.get(name) for row in checked] for name in self._columns}, days, today
        )

    def asked(
        self,
        sent: Sequence[dict[str, Any]],
        columns: Mapping[str, Sequence[Any]],
        days: Sequence[date | None],
        today: date,
    ) -> Questions:
        """Questions of checked `columns`, by the names of `kinds`; a day is None where none was given."""
        next_dates = {weekday: next_date(today, weekday) for weekday in range(1, 8)}
        dates = [day or next_dates[weekday] for day, weekday in zip(days, columns[WEEKDAY], strict=True)]
        given = {
            self._columns[name]: values
            for name, values in columns.items()
            if values.count(None) < len(values)
        }
        return Questions(sent, given, dates, [day is None for day in days], self._texts)

    def _checked(self, rows: list[Any]) -> tuple[list[dict[str, Any]], list[FieldError]]:
        """The rows as they were read, none if any is at fault; by parts, so that few faults are ever listed."""
        found: list[dict[str, Any]] = []
        faults: list[FieldError] = []
        for start in range(0, len(rows), _PART):
            try:
                found += self._many.validate_python(rows[start : start + _PART])
            except ValidationError as error:
                faults += self._faults(error, start)
            if len(faults) >= MOST_FAULTS:
                break
        return ([] if faults else found), faults

    def _faults(self, error: ValidationError, start: int) -> Iterator[FieldError]:
        for found in error.errors(include_url=False):
            at, *field = found["loc"]
            row = start + int(at)
            if field:
                yield _of_row(row, self._fault(found, str(field[0])))
            else:
                yield FieldError(
                    f"rows[{row}]", f"rows[{row}] must be an object, as POST /predict takes one."
                )

    def _with_integers(self, body: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """`body` with the integers of `values` for its whole floats: the history's database reads no other."""
        floats = [name for name in self._integers if type(body.get(name)) is float]
        return body | {name: values[name] for name in floats} if floats else body

    def _named(self, values: dict[str, Any]) -> dict[str, Any]:
        return {self._columns[name]: value for name, value in values.items() if value is not None}

    def sample(self) -> Question:
        """A plain question with every column, to warm a model up."""
        columns: dict[str, Any] = {}
        for known in self._inputs:
            if known.kind == "text":
                columns[known.name] = known.categories[0] if known.categories else ""
            else:
                columns[known.name] = (
                    known.low or 0.0 if known.kind == "number" else int(known.kind == "weekday")
                )
        return Question({}, columns, date(2024, 1, 1), date_assumed=False)

    def _fault(self, found: ErrorDetails, field: str | None = None) -> FieldError:
        name = field or str(found["loc"][0])
        allowed = self._allowed.get(name)
        if allowed is None:
            known = ", ".join(self._allowed)
            return FieldError(
                name, f"{shown(name)} is not an input of this model; {_listed(self._allowed)}.", known
            )
        if found["type"] == "missing":
            return FieldError(name, f"{name} is missing; it must be {allowed}.", allowed)
        return FieldError(name, f"{name} must be {allowed}, not {shown(found['input'])}.", allowed)


def _listed(names: Mapping[str, Any]) -> str:
    """The names that are known, or where all of them can be read if they are many."""
    if len(names) > MOST_NAMES:
        return f"it knows {len(names)}, which GET /models/champion/columns lists"
    return f"known are {', '.join(names)}"


def next_date(today: date, weekday: int) -> date:
    """The first date after `today` with `weekday` (1 Monday … 7 Sunday)."""
    return today + timedelta(days=(weekday - today.isoweekday() - 1) % 7 + 1)


def _of_row(row: int, fault: FieldError) -> FieldError:
    """The fault with its row, counted from 0 as in the list that was sent."""
    return FieldError(f"rows[{row}].{fault.field}", f"rows[{row}]: {fault.message}", fault.allowed)


def _contradiction(day: date, weekday: int) -> FieldError:
    right = day.isoweekday()
    name = WEEKDAY_NAMES[right - 1]
    message = f"{DATE} {day} is a {name}, so {WEEKDAY} must be {right}, not {weekday}."
    return FieldError(WEEKDAY, message, str(right))
