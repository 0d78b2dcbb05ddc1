"""How pages keep themselves up to date: at one pace while all is well, slower while the API fails.

The renderer drops the answer of a callback that was called again meanwhile. An API that answers in two seconds or
more would never be shown on a page that asks every two seconds, so a tick that finds its last question under way asks
nothing: `ticker` and `due` make the parts, `busy` marks the time of a question.
"""

import hashlib
import json
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc

LIVE_MILLISECONDS = 2_000
SLOW_MILLISECONDS = 10_000


def ticker(name: str, milliseconds: int = LIVE_MILLISECONDS, *questions: str) -> list[Any]:
    """The clock `<name>-tick`, and for each question (`name` unless given) when it is due and whether it is asked."""
    stores = [
        dcc.Store(id=f"{question}-{part}") for question in questions or (name,) for part in ("due", "busy")
    ]
    return [dcc.Interval(id=f"{name}-tick", interval=milliseconds), *stores]


def due(app: Dash, name: str, tick: str | None = None) -> Input:
    """The input that asks question `name` at each tick of clock `tick` (its own) but while it is under way."""
    app.clientside_callback(
        ClientsideFunction("polling", "due"),
        Output(f"{name}-due", "data"),
        Input(f"{tick or name}-tick", "n_intervals"),
        State(f"{name}-busy", "data"),
    )
    return Input(f"{name}-due", "data")


def busy(name: str) -> list[tuple[Output, bool, bool]]:
    """What a callback's `running` says while question `name` is under way."""
    return [(Output(f"{name}-busy", "data"), True, False)]


def mark(data: Any) -> str:
    """A short mark of JSON-like data, equal for equal data: a page redraws only when it changed."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()
