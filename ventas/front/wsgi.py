"""One request of granian's (RSGI: a scope, and a protocol to answer on) as a WSGI app takes it (PEP 3333)."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any
from wsgiref.types import WSGIApplication

STREAM_FROM_BYTES = 1_048_576  # what is longer leaves in parts, as it is made
Headers = list[tuple[str, str]]


@dataclass
class Answer:
    """What the app answered: all of it in `data`, or the beginning, where `rest` yields the other parts."""

    status: int
    headers: Headers
    data: bytes
    rest: Iterator[bytes] | None = None
    _body: Any = None

    def close(self) -> None:
        """Tell the app that its answer has left, or never will."""
        if hasattr(self._body, "close"):
            self._body.close()


def environ_of(scope: Any, body: IO[bytes]) -> dict[str, Any]:
    """The WSGI environment of a request whose whole body is in `body`."""
    host, _, port = scope.server.rpartition(":")
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,  # for werkzeug: it may be read to its end
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            continue  # it would pass for the header that is written with a hyphen
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        joint = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    return environ


def answered(app: WSGIApplication, environ: dict[str, Any]) -> Answer:
    """Call the app, and take its answer up to STREAM_FROM_BYTES."""
    started: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, _error: Any = None, /) -> Any:
        started[:] = [(status, headers)]
        return _no_writing

    body: Iterable[bytes] = app(environ, start_response)
    parts, size, rest = [], 0, iter(body)
    for part in rest:
        parts.append(part)
        size += len(part)
        if size > STREAM_FROM_BYTES:
            break
    status, headers = started[0]
    longer = size > STREAM_FROM_BYTES
    return Answer(int(status[:3]), headers, b"".join(parts), rest if longer else None, body)


def _no_writing(_data: bytes) -> None:
    raise NotImplementedError("The write of PEP 3333 is for apps that were made before it; none of ours is.")
