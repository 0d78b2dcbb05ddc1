"""Answers as JSON, as it must be: UTF-8, times with `Z`, and never a NaN, which JSON does not know."""

from collections.abc import Mapping
from typing import Any

import pydantic_core
from flask import Response

JSON = "application/json"


def json_answer(
    value: Any, status: int = 200, *, mimetype: str = JSON, headers: Mapping[str, str] | None = None
) -> Response:
    """`value` (models, dicts, lists, dates, numbers) as a JSON response; NaN and infinities become null."""
    return Response(as_json(value), status, headers=headers, mimetype=mimetype)


def as_json(value: Any) -> bytes:
    """`value` as JSON."""
    return pydantic_core.to_json(value, inf_nan_mode="null")
