"""Lists in pages: a bare array, `X-Total-Count`, and `Link` as in RFC 8288."""

from collections.abc import Sequence
from typing import Any, get_args
from urllib.parse import urlencode

from flask import Response, request
from pydantic import BaseModel

from api.answers import json_answer
from api.body import printable
from api.problems import FieldError, InvalidFields
from api.schemas import LARGEST_ID, LARGEST_VERSION, Page
from ventas.ledger.history_filter import SORTS
from ventas.ledger.outcomes import Segment
from ventas.settings import Settings
from ventas.states import RunStatus

DEFAULT_LIMIT = 100
_MOMENT = "a moment with its zone, such as 2026-11-23T10:00:00Z (a + must be sent as %2B)"


def allowed_parameters(settings: Settings) -> dict[str, str]:
    """What each path or query parameter may be, in words."""
    return {
        "skip": f"a whole number from 0 to {LARGEST_ID}",
        "limit": f"a whole number from 1 to {settings.HISTORY_PAGE_MAX}",
        "id": f"a whole number from 1 to {LARGEST_ID}",
        "status": "one of " + ", ".join(RunStatus),
        "version": f"a whole number from 1 to {LARGEST_VERSION}",
        "key": "an object key of at most 1024 characters",
        "version_id": "a version id of at most 128 characters",
        "name": "a part of a key, of at most 200 characters",
        "steps": "true or false",
        "model_version": f"a whole number from 1 to {LARGEST_VERSION}",
        "outcome": "one of recorded, duplicate, ignored",
        "kind": "one of sales, forecast",
        "size": f"a whole number of bytes from 0 to {LARGEST_ID}",
        "segment": "one of " + ", ".join(get_args(Segment)),
        "sort": "one of " + ", ".join(SORTS),
        **dict.fromkeys(("since", "until"), "a date such as 2026-11-30"),
        **dict.fromkeys(("asked_since", "asked_until", "at"), _MOMENT),
        **dict.fromkeys(("first_id", "last_id"), f"a whole number from 1 to {LARGEST_ID}"),
        **dict.fromkeys(("promotion", "holiday", "has_actual", "excel", "own"), "true or false"),
        "weekday": "a whole number from 1 (Monday) to 7 (Sunday)",
        "series": "a series of at most 1000 characters, as its column writes it",
    }


def refuse_unknown(query: BaseModel) -> None:
    """Raise InvalidFields for a parameter that is none of `query`'s.

    A filter that was mistyped would else be passed over, and the whole list taken for what was asked for.
    """
    taken = type(query).model_fields
    if unknown := sorted(map(printable, request.args.keys() - taken.keys())):
        known = f"one of {', '.join(taken)}"
        raise InvalidFields([FieldError(name, f"{name} is no parameter here.", known) for name in unknown])


def window(page: Page, settings: Settings) -> tuple[int, int]:
    """`skip` and `limit` of a page; raises InvalidFields above HISTORY_PAGE_MAX, and for a parameter that is none."""
    refuse_unknown(page)
    most = settings.HISTORY_PAGE_MAX
    limit = min(DEFAULT_LIMIT, most) if page.limit is None else page.limit
    if limit > most:
        allowed = allowed_parameters(settings)["limit"]
        raise InvalidFields([FieldError("limit", f"limit must be {allowed}.", allowed)])
    return page.skip, limit


def page_answer(rows: Sequence[Any], total: int, skip: int, limit: int) -> Response:
    """One page as a response; `total` counts the whole list."""
    headers = {"X-Total-Count": str(total)}
    if links := _links(total, skip, limit):
        headers["Link"] = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items())
    return json_answer(rows, headers=headers)


def _links(total: int, skip: int, limit: int) -> dict[str, str]:
    last = (total - 1) // limit * limit if total else 0
    skips = {"first": 0, "last": last}
    if skip > 0:
        skips["prev"] = min(max(skip - limit, 0), last)
    if skip + limit < total:
        skips["next"] = skip + limit
    return {rel: _url(target, limit) for rel, target in skips.items()}


def _url(skip: int, limit: int) -> str:
    query = {**request.args.to_dict(), "skip": skip, "limit": limit}
    return f"{request.base_url}?{urlencode(query)}"
