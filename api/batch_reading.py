"""The plain batch read quickly: rows of equal text once, and a whole column at a time.

Whatever is at fault or only unusual is left to `json_object` and `Form.read_all`, which alone know how to say what is
wrong. So nothing may be taken here that they refuse, or read otherwise; the proofs stand beside their steps.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

import pydantic_core

from api.inputs import LONGEST_TEXT, Form, Questions, sales_date
from ventas.contract import DATE, WEEKDAY

Column = Sequence[Any]
_SPACE = " \t\n\r"
_HEAD = re.compile(rf'[{_SPACE}]*{{[{_SPACE}]*"rows"[{_SPACE}]*:[{_SPACE}]*'.encode())
_RECORD = rf',[{_SPACE}]*"record"[{_SPACE}]*:[{_SPACE}]*false[{_SPACE}]*'
_TAIL = re.compile(rf"[{_SPACE}]*(?:{_RECORD})?}}[{_SPACE}]*".encode())
_LONGEST_HEAD = 200
_MOST_LETTERS = 100
_LEFT_OUT = object()  # unlike null, which is a value
_ESCAPED = re.compile(rb"\\u[0-9a-fA-F]{4}")


@dataclass(frozen=True)
class Batch:
    """The distinct rows of a batch that is not to be recorded; `places` are those of all its rows among them."""

    questions: Questions
    places: Sequence[int]


def read_quickly(form: Form, data: bytes, most: int, today: date) -> Batch | None:
    """A body of `POST /predict/batch`; None where it must be read the plain way, `most` rows and more included."""
    texts = _row_texts(data)
    if texts is None or len(texts) > most:
        return None
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    read = _columns(form, b"},".join(places) + b"}", len(places))
    if read is None:
        return None
    days = read.pop(DATE)
    questions = form.asked((), read, days, today)
    return Batch(questions, [places[text] for text in texts])


def _row_texts(data: bytes) -> list[bytes] | None:
    """The text of each row without its closing brace, if the body has only rows, and `record` at most as false.

    What stands between the first and the last bracket is cut wherever an object may end before another one.
    """
    start, end = data.find(b"["), data.rfind(b"]")
    head, tail = data[: max(start, 0)], data[end + 1 :]
    if max(len(head), len(tail)) > _LONGEST_HEAD or not (_HEAD.fullmatch(head) and _TAIL.fullmatch(tail)):
        return None
    rows = data[start + 1 : end].rstrip(_SPACE.encode())
    return rows[:-1].split(b"},") if rows.endswith(b"}") else None


def _columns(form: Form, text: bytes, count: int) -> dict[str, Column] | None:
    """The checked columns of `count` rows, all that the form knows, with None where a row leaves one out."""
    text = _unescaped(text) if b"\\" in text else text
    rows = _objects(text)
    # No brace in a string, and (see `_read`) no list or object in a row: each text was cut where its row ended, so
    # what holds for the distinct ones side by side holds for all of them.
    if rows is None or not len(rows) == text.count(b"{") == text.count(b"}") == count:
        return None
    columns: dict[str, Column] = {name: [row.get(name, _LEFT_OUT) for row in rows] for name in form.kinds}
    # As many values as the rows have names: each name is known.
    names = sum(map(len, rows))
    if names != sum(len(column) - column.count(_LEFT_OUT) for column in columns.values()):
        return None
    strings = 0
    for name, column in columns.items():
        checked = _read(form, name, column)
        if checked is None:
            return None
        columns[name] = checked
        if form.kinds[name] in ("text", "date"):
            strings += len(checked) - checked.count(None)
    # Without escapes two quotes are a string. A name given twice would be one more than was read.
    if text.count(b'"') != 2 * (names + strings):
        return None
    return None if _contradicts(columns) else columns


def _objects(text: bytes) -> list[dict[str, Any]] | None:
    if b"\\" in text:
        return None
    try:
        rows = pydantic_core.from_json(b"[" + text + b"]", allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        return None
    return rows if set(map(type, rows)) == {dict} else None


def _read(form: Form, name: str, column: Column) -> Column | None:
    """A column as the model reads it; None where a value may be at fault, as any but numbers and texts is."""
    if _LEFT_OUT in column:
        column = [None if value is _LEFT_OUT else value for value in column]
    return _READ[form.kinds[name]](column, name in form.required)


def _unescaped(text: bytes) -> bytes:
    """Escaped letters written out, as some clients escape all but ASCII; a control character or half a pair stays.

    Of an escaped backslash before a `u` one backslash stays too, and is seen.
    """
    escapes = set(_ESCAPED.findall(text))
    if len(escapes) > _MOST_LETTERS:
        return text  # each costs a walk through all of it
    for escape in escapes:
        letter = chr(int(escape[2:], 16))
        if letter > "\x7f" and not "\ud800" <= letter <= "\udfff":
            text = text.replace(escape, letter.encode())
    return text


def _contradicts(columns: Mapping[str, Column]) -> bool:
    """Whether some row's weekday is not that of its date."""
    told = set(zip(columns[DATE], columns[WEEKDAY], strict=True))
    return any(day is not None and day.isoweekday() != weekday for day, weekday in told)


def _whole(low: int, high: int) -> Callable[[Column, bool], Column | None]:
    allowed = frozenset(range(low, high + 1))

    def read(column: Column, required: bool) -> Column | None:
        if not (_typed(column, required, int, float) and _given(column) <= allowed):
            return None
        if float in set(map(type, column)):  # 1.0 is 1
            return [None if value is None else int(value) for value in column]
        return column

    return read


def _numbers(column: Column, required: bool) -> Column | None:
    if not _typed(column, required, int, float):
        return None
    try:
        numbers = [None if value is None else float(value) for value in column]
    except OverflowError:
        return None
    return numbers if all(isfinite(value) for value in numbers if value is not None) else None


def _texts(column: Column, required: bool) -> Column | None:
    if not _typed(column, required, str):
        return None
    return column if max(map(len, _given(column)), default=0) <= LONGEST_TEXT else None


def _dates(column: Column, required: bool) -> Column | None:
    if not _typed(column, required, str):
        return None
    try:
        days = {text: sales_date(text) for text in _given(column)}
    except ValueError:
        return None
    return [days.get(text) for text in column]


def _typed(column: Column, required: bool, *types: type) -> bool:
    """Whether all values are of just these types; True is no int here."""
    return set(map(type, column)) <= {*types, *(() if required else (type(None),))}


def _given(column: Column) -> set[Any]:
    return set(column) - {None}


# What checks a column of each kind: the column as the model reads it, or None where a value may be at fault.
_READ = {
    "weekday": _whole(1, 7),
    "flag": _whole(0, 1),
    "number": _numbers,
    "text": _texts,
    "date": _dates,
}
