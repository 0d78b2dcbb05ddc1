"""A Chromium for tests, and serving apps on free ports: what the fixtures and the tests share."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from selenium.webdriver import Chrome
from stub_api import StubApi
from stub_api import create_app as create_stub
from werkzeug.exceptions import NotFound
from werkzeug.serving import BaseWSGIServer, make_server

from benchmarks.chromium import start_chromium
from dashboard.app import create_app
from ventas.settings import Settings


def chromium_or_skip(profile: Path) -> Chrome:
    """A fresh Chromium with its profile in `profile`; skips (fails under CI=true) where there is none."""
    try:
        return start_chromium(profile)
    except FileNotFoundError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@dataclass
class Site:
    """A running dashboard: its address, the data of the API behind it, and the API's own switch."""

    url: str
    data: StubApi
    api: BaseWSGIServer

    def stop_api(self) -> None:
        """Close the API's port, so that connections are refused."""
        self.api.shutdown()
        self.api.server_close()


@contextmanager
def dashboard_site(settings: Settings, door: BaseWSGIServer, **own: str) -> Iterator[Site]:
    """The dashboard at `door`, with settings of its `own`, in front of a stub API."""
    data = StubApi()
    with serving(create_stub(data)) as api:
        known = settings.model_copy(update={"API_URL": f"http://127.0.0.1:{api.server_port}", **own})
        door.app = whole(create_app(known).server)
        yield Site(f"http://127.0.0.1:{door.server_port}", data, api)
        door.app = NotFound()


@contextmanager
def serving(app: WSGIApplication) -> Iterator[BaseWSGIServer]:
    """A server on a free port that answers requests in a thread."""
    server = make_server("127.0.0.1", 0, whole(app), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def whole(app: WSGIApplication) -> WSGIApplication:
    """`app` with its answers read to their ends: werkzeug's server leaves files open where the browser goes away."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body = app(environ, start_response)
        try:
            return [b"".join(body)]
        finally:
            if hasattr(body, "close"):
                body.close()

    return answer
