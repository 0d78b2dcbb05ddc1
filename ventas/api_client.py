"""The API over HTTP, as the command line uses it; answers are the JSON that the API documents."""

import getpass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from ventas.errors import (
    ApiUnavailable,
    Conflict,
    Deleted,
    InvalidRequest,
    ModelUnusable,
    NotFound,
    SettingsError,
    VentasError,
)
from ventas.settings import Settings

Json = dict[str, Any]

TIMEOUT_SECONDS = 10.0
PROMOTE_SECONDS = 60.0  # the model is fetched and checked first
CONNECT_SECONDS = 2.0
PAGE = 100
MODEL_UNFIT = "urn:ventas:problem:model-unfit"  # what the API calls a version that fails its checks


class ApiClient:
    """Calls of the API. Every method raises ApiUnavailable, and SettingsError for an impossible API_URL."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._url = settings.API_URL.rstrip("/")
        timeout = httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS)
        self._http = httpx.Client(
            timeout=timeout,
            headers={"accept": "application/json"},
            verify=not self._url.startswith("http:"),  # loading the authorities costs 50 ms
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def runs(
        self,
        *,
        status: str | None = None,
        key: str | None = None,
        version_id: str | None = None,
        skip: int = 0,
        limit: int = PAGE,
    ) -> list[Json]:
        """Runs that fit, newest first, without their quality reports."""
        wanted = {"status": status, "key": key, "version_id": version_id, "skip": skip, "limit": limit}
        return self._list("/runs", {name: value for name, value in wanted.items() if value is not None})

    def run(self, run_id: str) -> Json:
        """One run with `quality` and `steps`. Raises NotFound."""
        return self._object("GET", f"/runs/{run_id}")

    def find_run(self, start: str) -> Json:
        """The one run whose id begins with `start`. Raises NotFound, InvalidRequest where several do."""
        wanted = start.strip().lower()
        if not wanted or not set(wanted) <= set("0123456789abcdef-"):
            raise InvalidRequest(f"{start!r} is no run id; `ventas runs` lists them.", field="id")
        return self.run(wanted)

    def models(self) -> list[Json]:
        """All versions of the model, newest first."""
        return self._list("/models", {})

    def predict(self, inputs: Json) -> Json:
        """A prediction by the champion. Raises InvalidRequest naming the field at fault."""
        return self._object("POST", "/predict", inputs)

    def champion_columns(self) -> list[Json]:
        """The further columns that the champion reads, with `name` and `type`."""
        columns: list[Json] = self._object("GET", "/models/champion/columns")["columns"]
        return columns

    def accuracy(self, wanted: Json) -> list[Json]:
        """Errors of predictions that came true; `wanted` are filters of `GET /accuracy`. Raises InvalidRequest."""
        found: list[Json] = []
        while page := self._list("/accuracy", wanted | {"skip": len(found), "limit": PAGE}):
            found += page
            if len(page) < PAGE:
                break
        return found

    def alerts(self, limit: int = PAGE) -> list[Json]:
        """Alerts, newest first."""
        return self._list("/alerts", {"limit": limit})

    def promotions(self, limit: int = PAGE) -> list[Json]:
        """Changes of champion, newest first."""
        return self._list("/models/promotions", {"limit": limit})

    def retry(self, run_id: str) -> Json:
        """Start a run again at its first step. Raises NotFound, and Conflict where it is at work or judged."""
        return self._object("POST", f"/runs/{run_id}/retry", headers=self._as_admin())

    def promote(self, version: int, reason: str) -> Json:
        """Make a version the champion.

        Raises NotFound, ModelUnusable where it fails its checks, InvalidRequest, and Conflict where it is champion.
        """
        path = f"/models/{version}/promote"
        return self._object("POST", path, {"reason": reason}, self._as_admin(), PROMOTE_SECONDS)

    def losses(self, version: int) -> list[Json]:
        """What the champion knows and a version does not. Raises NotFound."""
        return self._list(f"/models/{version}/losses", {})

    def approve(self, version: int, reason: str) -> Json:
        """Let a held promotion happen. Raises InvalidRequest, and Conflict where it cannot happen any more."""
        path = f"/models/{version}/approve"
        return self._object("POST", path, {"reason": reason}, self._as_admin(), PROMOTE_SECONDS)

    def _as_admin(self) -> dict[str, bytes]:
        actor = f"{_user()} (ventas)"
        return {
            "Authorization": f"Bearer {self._settings.admin_token}".encode(),
            "X-Actor": quote(actor, safe=" ()", errors="replace").encode(),  # servers drop what is not ASCII
        }

    def _object(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: dict[str, bytes] | None = None,
        seconds: float = TIMEOUT_SECONDS,
    ) -> Json:
        answer = self._send(method, path, body=body, headers=headers, seconds=seconds)
        if not isinstance(answer, dict):
            raise self._stranger()
        return answer

    def _list(self, path: str, params: Json) -> list[Json]:
        answer = self._send("GET", path, params=params)
        if not isinstance(answer, list):
            raise self._stranger()
        return answer

    def _send(
        self,
        method: str,
        path: str,
        params: Json | None = None,
        body: Json | None = None,
        headers: dict[str, bytes] | None = None,
        seconds: float = TIMEOUT_SECONDS,
    ) -> Any:
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        # httpx takes header names and values of one kind only.
        sent = {name.encode(): value for name, value in (headers or {}).items()}
        try:
            response = self._http.request(
                method, self._url + path, params=params, json=body, headers=sent, timeout=timeout
            )
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise SettingsError(
                f"API_URL {self._url!r} is no web address; give one such as http://127.0.0.1:8000."
            ) from error
        except httpx.TimeoutException as error:
            raise ApiUnavailable(
                f"The API at {self._url} did not answer in time; look at its log, or check API_URL."
            ) from error
        except httpx.HTTPError as error:
            raise ApiUnavailable(
                f"The API does not answer at {self._url}; start the system with `make up`, or set API_URL."
            ) from error
        try:
            answer = response.json()
        except ValueError as error:
            raise self._stranger() from error
        if response.is_success:
            return answer
        raise self._refusal(response.status_code, answer)

    def _refusal(self, status: int, problem: Any) -> VentasError:
        if not isinstance(problem, dict) or not {"title", "detail"} & set(problem):
            return self._stranger()
        message = _sentence(problem)
        if status == 404:
            return NotFound(message)
        if status == 410:
            return Deleted(message)
        if problem.get("type") == MODEL_UNFIT:
            return ModelUnusable(message)
        if status in (401, 403):
            return InvalidRequest(f"{message} Set ADMIN_TOKEN to the token of the system at {self._url}.")
        if status == 409:
            return Conflict(message)
        if status < 500:
            return InvalidRequest(message)
        return ApiUnavailable(f"The API at {self._url} cannot do that now: {message}")

    def _stranger(self) -> ApiUnavailable:
        return ApiUnavailable(f"What answers at {self._url} is not the API of this system; check API_URL.")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user that has no name
        return "unknown"


def _sentence(problem: Json) -> str:
    """A problem document (RFC 9457) as one line, with the fields at fault."""
    detail = str(problem.get("detail") or problem.get("title"))
    faults = [f"{fault.get('field')}: {fault.get('message')}" for fault in problem.get("errors") or []]
    return " ".join([detail, *(fault for fault in faults if fault not in detail)])
