"""What the pages' scripts post to Dash's own address, looked at before Dash reads it.

Dash takes the shape of a body on trust, so one that no page of ours would send ends in it as a bare 500.
"""

from typing import Annotated, Any

import flask
from dash import Dash
from flask import Response, request
from pydantic import BaseModel, Field, JsonValue, ValidationError

from dashboard.i18n import gettext as _

PATH = "/_dash-update-component"
Id = str | Annotated[dict[str, str | int | float | bool | list[str]], Field(min_length=1)]


class Property(BaseModel):
    """A property of a component of the page, with its value."""

    id: Id
    property: str
    value: JsonValue = None


class Target(BaseModel):
    """A property that a callback sets."""

    id: Id
    property: str


class Call(BaseModel):
    """The body of a callback's request; a list in place of a part is what a pattern of ids has matched."""

    output: str
    outputs: Target | list[Target | list[Target]] | None = None
    inputs: list[Property | list[Property]] = Field(default_factory=list)
    state: list[Property | list[Property]] = Field(default_factory=list)
    changedPropIds: list[str] = Field(default_factory=list)


def register(app: Dash) -> None:
    """Answer 400, with a sentence, to a body that no callback of `app` takes."""

    def look() -> Response | None:
        if request.path != PATH or request.method != "POST":
            return None
        fault = _fault(app)
        return Response(f"{fault}\n", 400, mimetype="text/plain") if fault else None

    server: flask.Flask = app.server
    server.before_request(look)


def _fault(app: Dash) -> str:
    """What is wrong with the body of this request; empty where nothing is."""
    body = request.get_json(silent=True)
    if body is None:
        return _(
            "Aquí se espera un objeto JSON (Content-Type: application/json), como lo envían las páginas."
        )
    try:
        call = Call.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "JSON"
        return _("El cuerpo no tiene la forma de una llamada de las páginas: {place}: {reason}").format(
            place=place, reason=first["msg"]
        )
    known = app.callback_map.get(call.output)
    if known is None or "callback" not in known:
        return _(
            "Ninguna llamada de estas páginas se llama así. Si la página es de antes de una actualización, vuelva a "
            "cargarla."
        )
    if _takes_otherwise(call, known):
        return _("Esa llamada tiene otras entradas o salidas. Vuelva a cargar la página.")
    return ""


def _takes_otherwise(call: Call, known: dict[str, Any]) -> bool:
    """Whether the callback has other inputs, states or outputs than the body."""
    outputs, expected = call.outputs, known["output"]
    if isinstance(expected, list):
        alike = isinstance(outputs, list) and len(outputs) == len(expected)
    else:
        alike = outputs is not None
    return not (alike and _fit(call.inputs, known["inputs"]) and _fit(call.state, known["state"]))


def _fit(given: list[Property | list[Property]], expected: list[dict[str, Any]]) -> bool:
    """Whether these are the properties that a callback reads; a pattern of ids may match none or many."""
    return len(given) == len(expected) and all(
        all(each.property == known["property"] for each in one) and known["id"].startswith("{")
        if isinstance(one, list)
        else one.property == known["property"]
        for one, known in zip(given, expected, strict=True)
    )
