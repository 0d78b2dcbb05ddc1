"""What granian serves: an event loop that reads whole requests, and a WSGI app that answers them in a few threads.

No thread ever waits for a client, so clients that stop in the middle of their requests keep nobody out. A path may
have a lane of its own, which answers on the loop itself what it can answer at once.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from time import perf_counter
from typing import IO, Any
from wsgiref.types import WSGIApplication

import structlog

from ventas.front.bodies import SMALL_BYTES, CutShort, large_body, small_body
from ventas.front.tally import OTHER
from ventas.front.wsgi import Answer, answered, environ_of

# Takes the small JSON body of a POST and its headers, and gives the JSON of a 200, or None: then the app is asked.
Headers = Mapping[str, str]  # names in lower case
Lane = Callable[[bytes, Headers], Awaitable[bytes | None]]
# Is told of each request: method, route, status, and the seconds from its body's end to its answer.
Observer = Callable[[str, str, int, float], None]
JSON = "application/json"
ROUTE = "ventas.route"  # in the environment: where the app notes which of its routes took a request
# How long a busy thread may keep the loop waiting for the interpreter; Python's own 5 ms would be an answer's.
SWITCH_SECONDS = 0.0005
TEXT = ("content-type", "text/plain; charset=utf-8")

log = structlog.get_logger()


class Front:
    """An RSGI app (https://github.com/emmett-framework/granian) before a WSGI app.

    Parameters
    ----------
    threads: how many requests the app works on at once.
    largest_body: bytes; of a body above it the app sees only that it is too large for it.
    lanes: by path.
    close: called once when the process is told to stop, after the last request.
    observe: called on the loop for each request; the route is what the app has noted, else `other`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        threads: int,
        largest_body: int,
        lanes: Mapping[str, Lane] | None = None,
        close: Callable[[], None] | None = None,
        observe: Observer = lambda _method, _route, _status, _seconds: None,
    ):
        self._app = app
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._largest_body = largest_body
        self._lanes = dict(lanes or {})
        self._close = close
        self._observe = observe

    def __rsgi_init__(self, _loop: Any) -> None:
        """Called by granian before the first request."""
        sys.setswitchinterval(SWITCH_SECONDS)

    def __rsgi_del__(self, _loop: Any) -> None:
        """Called by granian when its process is told to stop."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._close is not None:
            self._close()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Called by granian for each request."""
        length = scope.headers.get("content-length")
        lane = self._lanes.get(scope.path) if length and scope.method == "POST" else None
        began = perf_counter()
        try:
            if lane is not None and (size := int(length)) <= SMALL_BYTES:
                data = await small_body(protocol, size)
                began = perf_counter()
                is_json = scope.headers.get("content-type") == JSON
                if is_json and (answer := await self._on_lane(lane, data, scope.headers)) is not None:
                    headers = [("content-type", JSON), ("content-length", str(len(answer)))]
                    protocol.response_bytes(200, headers, answer)
                    self._observe("POST", scope.path.rstrip("/"), 200, perf_counter() - began)
                    return
                body: IO[bytes] = BytesIO(data)
            else:
                body = await self._body(scope, protocol, length)
                began = perf_counter()
        except CutShort as error:
            log.info("request_cut_short", path=scope.path, client=scope.client, reason=str(error))
            protocol.response_bytes(
                408, [TEXT, ("connection", "close")], b"The request did not come whole.\n"
            )
            self._observe(scope.method, OTHER, 408, perf_counter() - began)
            return
        with body:
            await self._ask_app(scope, protocol, body, began)

    @staticmethod
    async def _on_lane(lane: Lane, data: bytes, headers: Headers) -> bytes | None:
        try:
            return await lane(data, headers)
        except Exception:  # the app meets the same, and knows how to answer it
            log.exception("lane_failed")
            return None

    async def _body(self, scope: Any, protocol: Any, length: str | None) -> IO[bytes]:
        if length is None and "transfer-encoding" not in scope.headers:
            return BytesIO()
        size = None if length is None else int(length)
        if size is not None and size <= min(SMALL_BYTES, self._largest_body):
            return BytesIO(await small_body(protocol, size) if size else b"")
        return await large_body(protocol, size, self._largest_body)

    async def _ask_app(self, scope: Any, protocol: Any, body: IO[bytes], began: float) -> None:
        loop = asyncio.get_running_loop()
        environ = environ_of(scope, body)
        try:
            answer = await loop.run_in_executor(self._threads, answered, self._app, environ)
        except Exception:  # Flask answers its own errors, so this is one of the server's
            log.exception("request_failed", path=scope.path)
            protocol.response_bytes(500, [TEXT], b"Internal error.\n")
            self._observe(scope.method, environ.get(ROUTE, OTHER), 500, perf_counter() - began)
            return
        self._observe(scope.method, environ.get(ROUTE, OTHER), answer.status, perf_counter() - began)
        try:
            await self._send(scope, protocol, answer)
        finally:
            answer.close()

    async def _send(self, scope: Any, protocol: Any, answer: Answer) -> None:
        headers = [(name.lower(), value) for name, value in answer.headers]
        if scope.method == "HEAD" or not answer.data:
            protocol.response_empty(answer.status, headers)
            return
        if answer.rest is None:
            protocol.response_bytes(answer.status, headers, answer.data)
            return
        loop = asyncio.get_running_loop()
        part: bytes | None = answer.data
        transport = protocol.response_stream(answer.status, headers)
        try:
            while part is not None:
                await transport.send_bytes(part)
                part = await loop.run_in_executor(self._threads, next, answer.rest, None)
        except RuntimeError as error:  # granian's own: the client is gone
            log.info("answer_cut_short", path=scope.path, reason=str(error))
