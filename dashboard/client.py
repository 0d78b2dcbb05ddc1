"""The API as the dashboard sees it: plain data, or an ApiProblem whose text is one Spanish sentence.

No page meets an exception of httpx, and no page needs to know a status code.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from dashboard import problems
from dashboard.problems import ApiProblem

Row = dict[str, Any]
Headers = dict[bytes, bytes]

TIMEOUT_SECONDS = 5.0
CHANGE_TIMEOUT_SECONDS = 25.0  # a model is fetched and checked before it is promoted
MOST_ENTRIES = 1000
# Shorter than the 5 s for which our servers keep an idle connection: none is reused while it is being closed.
KEEPALIVE_SECONDS = 1.0


@dataclass(frozen=True)
class Page:
    """A part of a list, newest first, and how many entries there are in all."""

    rows: list[Row]
    total: int


@dataclass(frozen=True)
class Health:
    """Whether the system can predict: the champion's version, or the API's reason why there is none.

    `example` says that the champion learnt from the bundled sample data.
    """

    version: int | None
    reason: str
    example: bool = False


class Api:
    """Calls of the API. Safe to share between threads; opens no connection before the first call."""

    def __init__(
        self,
        base_url: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            timeout=timeout_seconds,
            limits=httpx.Limits(keepalive_expiry=KEEPALIVE_SECONDS),
            trust_env=False,  # a proxy for the outside world must not stand between two local processes
            transport=transport,
        )

    def predict(self, values: Row) -> Row:
        """The forecast for `values` (keys as the data contract names them); raises ApiProblem."""
        return _object(self._call("POST", "/predict", body=values))

    def predict_batch(self, rows: list[Row], *, record: bool) -> Row:
        """The forecasts for `rows`, kept in the history if `record`; raises ApiProblem."""
        return _object(self._call("POST", "/predict/batch", body={"rows": rows, "record": record}))

    def champion_columns(self) -> Row:
        """The further columns that the champion takes; raises ApiProblem."""
        return _object(self._call("GET", "/models/champion/columns"))

    def actuals(self, until: str, limit: int, series: str | None = None) -> list[Row]:
        """What was sold on the last days up to `until`, newest first; raises ApiProblem (`missing` if nothing)."""
        wanted = {"until": until, "limit": limit} | ({"series": series} if series else {})
        return _page(self._call("GET", "/actuals", wanted)).rows

    def history(self, skip: int, limit: int, wanted: Row | None = None, sort: str = "-id") -> Page:
        """Predictions with their actuals, those of a filter (as the API's query names it); raises ApiProblem."""
        query = {"skip": skip, "limit": limit, "sort": sort} | (wanted or {})
        return _page(self._call("GET", "/history/", query))

    def past(self, prediction_id: int) -> Row:
        """One prediction with its actual; raises ApiProblem (`missing` if there is none)."""
        return _object(self._call("GET", f"/history/{prediction_id:d}"))

    def lineage(self, prediction_id: int) -> Row:
        """Model, dataset and uploads behind a prediction; raises ApiProblem (`missing` if there is none)."""
        return _object(self._call("GET", f"/history/{prediction_id:d}/lineage"))

    @contextmanager
    def history_file(self, wanted: Row) -> Iterator[httpx.Response]:
        """The predictions of a filter as CSV, to be read piece by piece; raises ApiProblem."""
        with self._file("/history/predictions.csv", wanted) as response:
            yield response

    def models(self) -> list[Row]:
        """Every model version, newest first; raises ApiProblem."""
        return self._every("/models")

    def model(self, version: int) -> Row:
        """One version, its upload and its times as champion; raises ApiProblem (`missing` if there is none)."""
        return _object(self._call("GET", f"/models/{version:d}"))

    def model_losses(self, version: int) -> list[Row]:
        """What the champion knows and a version does not: code and facts of each loss; raises ApiProblem."""
        return _page(self._call("GET", f"/models/{version:d}/losses")).rows

    def model_card(self, version: int) -> Row:
        """The card of a version; raises ApiProblem (`missing` if it has none)."""
        return _object(self._call("GET", f"/models/{version:d}/card"))

    def model_predictions(self, version: int) -> Row:
        """Actual and predicted sales of its test rows; raises ApiProblem (`missing` if they were not kept)."""
        return _object(self._call("GET", f"/models/{version:d}/predictions"))

    def accuracy(self, segment: str = "none") -> list[Row]:
        """The errors of predictions that came true, by version and segment; raises ApiProblem."""
        return self._every("/accuracy", {"segment": segment})

    def promote(self, version: int, token: str, actor: str, reason: str) -> Row:
        """Make a version the champion, with the admin token; raises ApiProblem."""
        path = f"/models/{int(version)}/promote"
        return _object(self._call("POST", path, body={"reason": reason}, headers=_admin(token, actor)))

    def approve(self, version: int, token: str, actor: str, reason: str) -> Row:
        """Let the held promotion of a version happen, with the admin token; raises ApiProblem."""
        path = f"/models/{int(version)}/approve"
        return _object(self._call("POST", path, body={"reason": reason}, headers=_admin(token, actor)))

    def promotions(self, limit: int) -> list[Row]:
        """The latest changes of champion, newest first; raises ApiProblem."""
        return _page(self._call("GET", "/models/promotions", {"limit": limit})).rows

    def runs(self, skip: int, limit: int, status: str | None = None, name: str | None = None) -> Page:
        """Runs with their steps, newest first, of one state or of all, by a part of the key; raises ApiProblem."""
        chosen = {"status": status, "name": name}
        wanted = {"skip": skip, "limit": limit, "steps": "true"}
        return _page(self._call("GET", "/runs", wanted | {k: v for k, v in chosen.items() if v}))

    def run(self, run_id: str) -> Row:
        """One run with its steps and quality report; raises ApiProblem (`missing` if there is none)."""
        return _object(self._call("GET", _run_path(run_id)))

    def retry(self, run_id: str, token: str, actor: str) -> Row:
        """Start a run again as `actor`, with the admin token; raises ApiProblem."""
        path = f"{_run_path(run_id)}/retry"
        return _object(self._call("POST", path, headers=_admin(token, actor)))

    def replay(self, run_id: str) -> Row:
        """The newest replay since a run; raises ApiProblem (`missing` if there was none)."""
        return _object(self._call("GET", f"{_run_path(run_id)}/replay"))

    def start_replay(self, run_id: str, token: str, actor: str) -> Row:
        """Judge the uploads since a run anew as `actor`, with the admin token; raises ApiProblem."""
        path = f"{_run_path(run_id)}/replay"
        return _object(self._call("POST", path, headers=_admin(token, actor)))

    @contextmanager
    def run_file(self, run_id: str, name: str) -> Iterator[httpx.Response]:
        """The response that carries a file of a run, to be read piece by piece; raises ApiProblem."""
        with self._file(f"{_run_path(run_id)}/{name}") as response:
            yield response

    @contextmanager
    def _file(self, path: str, query: Row | None = None) -> Iterator[httpx.Response]:
        with self._named_faults(), self._http.stream("GET", path, params=query) as response:
            if not response.is_success:
                response.read()
            yield _checked(response)

    def run_of_upload(self, key: str, version_id: str | None) -> list[Row]:
        """Runs of one version of an object, or the newest ones of all its versions for None; raises ApiProblem."""
        wanted = {"key": key, "limit": 20} | ({"version_id": version_id} if version_id else {})
        return _page(self._call("GET", "/runs", wanted)).rows

    def upload(self, name: str, kind: str, size: int, token: str) -> Row:
        """An address that takes a file of `size` bytes; raises ApiProblem."""
        body = {"name": name, "kind": kind, "size": size}
        headers = {"Authorization": f"Bearer {token}"}
        return _object(_checked(self._send("POST", "/uploads", json=body, headers=headers)))

    def preview(self, head: bytes, kind: str, size: int) -> Row:
        """What the first bytes tell of a file of `size` bytes; raises ApiProblem."""
        query = {"kind": kind, "size": size}
        headers = {"Content-Type": "application/octet-stream"}
        sent = self._send("POST", "/uploads/preview", query, content=head, headers=headers)
        return _object(_checked(sent))

    def status(self) -> Row:
        """How every part of the system is, and the backlog; raises ApiProblem."""
        return _object(self._call("GET", "/status"))

    def events(self, skip: int, limit: int, outcome: str | None = None, *, own: bool = False) -> Page:
        """Events, newest first, with one outcome or any, of senders' files or of the system's; raises ApiProblem."""
        wanted: Row = {"skip": skip, "limit": limit, "own": str(own).lower()}
        wanted |= {"outcome": outcome} if outcome else {}
        return _page(self._call("GET", "/events", wanted))

    def alerts(self, limit: int) -> list[Row]:
        """The latest alerts, newest first; raises ApiProblem."""
        return _page(self._call("GET", "/alerts", {"limit": limit})).rows

    def health(self) -> Health:
        """Whether a champion is served; raises ApiProblem when the API itself does not answer."""
        response = self._send("GET", "/health")
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return Health(None, problems.detail_of(response))
        health = _object(_checked(response))
        version = health.get("model_version")
        return Health(version if isinstance(version, int) else None, "", bool(health.get("example")))

    def _every(self, path: str, query: Row | None = None) -> list[Row]:
        """All entries of a list, page by page, up to MOST_ENTRIES."""
        rows: list[Row] = []
        while True:
            page = _page(self._call("GET", path, {"skip": len(rows)} | (query or {})))
            rows += page.rows
            if not page.rows or len(rows) >= min(page.total, MOST_ENTRIES):
                return rows

    def _call(
        self,
        method: str,
        path: str,
        query: Row | None = None,
        *,
        body: Row | None = None,
        headers: Headers | None = None,
    ) -> httpx.Response:
        timeout = CHANGE_TIMEOUT_SECONDS if headers else httpx.USE_CLIENT_DEFAULT
        return _checked(self._send(method, path, query, json=body, headers=headers, timeout=timeout))

    def _send(self, method: str, path: str, query: Row | None = None, **sent: Any) -> httpx.Response:
        """The answer, whatever it is; `sent` is the body and its headers, as httpx takes them."""
        with self._named_faults():
            return self._http.request(method, path, params=query, **sent)

    @contextmanager
    def _named_faults(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            raise ApiProblem(problems.SLOW) from error
        except httpx.InvalidURL as error:
            raise ApiProblem(problems.REFUSED, refused=True) from error
        except httpx.HTTPError as error:
            raise ApiProblem(problems.DOWN) from error


def _admin(token: str, actor: str) -> Headers:
    """The token as bytes, for it need not be ASCII; the actor percent-encoded, for servers drop what is not."""
    named = {b"X-Actor": quote(" ".join(actor.split()), safe=" ").encode()} if actor.strip() else {}
    return {b"Authorization": f"Bearer {token.strip()}".encode(), **named}


def _run_path(run_id: str) -> str:
    """The path of a run; raises ApiProblem for an id that would lead elsewhere."""
    if run_id.strip(".") == "":
        raise ApiProblem(problems.MISSING, missing=True)
    return f"/runs/{quote(run_id, safe='')}"


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    raise problems.from_response(response)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise ApiProblem(problems.UNREADABLE) from error


def _object(response: httpx.Response) -> Row:
    data = _json(response)
    if not isinstance(data, dict):
        raise ApiProblem(problems.UNREADABLE)
    return data


def _page(response: httpx.Response) -> Page:
    data = _json(response)
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise ApiProblem(problems.UNREADABLE)
    total = response.headers.get("X-Total-Count", "")
    return Page(data, int(total) if total.isdecimal() else len(data))
