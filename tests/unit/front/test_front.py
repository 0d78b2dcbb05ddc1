"""The front under a real granian: requests come whole, answers leave whole, and nobody waits for a slow client."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from front_app import LARGEST, PART, PARTS

from ventas.launcher.addresses import free_ports
from ventas.launcher.services import granian
from ventas.launcher.supervisor import STOP_SECONDS

HERE = Path(__file__).parent
JSON = {"Content-Type": "application/json"}


@dataclass
class Site:
    """The app of `front_app`, served from a folder of its own."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return httpx.request(
            method, f"http://127.0.0.1:{self.port}{path}", timeout=20, trust_env=False, **options
        )

    def answers(self) -> bool:
        try:
            return self.get("/empty").status_code == 204
        except httpx.TransportError:
            return False


def until(condition: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Site]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(_running(tmp_path))


class _running:
    def __init__(self, folder: Path, workers: int = 1):
        self._folder, self._workers = folder, workers

    def __enter__(self) -> Site:
        (port,) = free_ports(1)
        launch = granian("front_app:create_front", f"127.0.0.1:{port}", "API_BIND", workers=self._workers)
        env = {**os.environ, **launch.env, "PYTHONPATH": f"{HERE}:{HERE.parents[2]}"}
        with (self._folder / "log").open("wb") as log:
            process = subprocess.Popen(launch.argv, cwd=self._folder, env=env, stdout=log, stderr=log)
        self._site = Site(process, port, self._folder)
        until(self._site.answers, "the site to answer", 30)
        return self._site

    def __exit__(self, *_: object) -> None:
        self._site.process.terminate()
        self._site.process.wait(10)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with _running(tmp_path_factory.mktemp("site")) as site:
        yield site


def test_path_query_and_headers_come_through(site: Site) -> None:
    headers = [("X-Twice", "a"), ("X-Twice", "b"), ("Cookie", "a=1"), ("Cookie", "b=2"), ("X_Sly", "c")]
    told = site.get("/echo/a%20b/%C3%B1?q=%C3%B1", headers=headers).json()
    assert (told["rest"], told["query"]) == ("a b/ñ", {"q": "ñ"})
    assert told["headers"] == {"X-Twice": "a,b", "Cookie": "a=1; b=2"}
    assert told["host"] == f"127.0.0.1:{site.port}"
    assert told["client"] == "127.0.0.1"


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, LARGEST])
def test_bodies_come_whole_however_they_are_sent(site: Site, size: int) -> None:
    body = b"x" * size
    assert site.ask("POST", "/echo/body", content=body).json()["body"] == size
    parts = (body[at : at + 50_000] for at in range(0, size, 50_000))
    told = site.ask("POST", "/echo/body", content=parts).json()
    assert (told["body"], told["length"]) == (size, None)


def test_of_bodies_that_are_too_large_no_more_is_read_than_tells_the_app(site: Site) -> None:
    assert site.ask("POST", "/echo/body", content=b"x" * (LARGEST + 1)).status_code == 413
    parts = (b"x" * 100_000 for _ in range(40))
    assert site.ask("POST", "/echo/body", content=parts).json()["body"] == LARGEST


def test_long_answers_leave_in_parts_and_empty_ones_at_all(site: Site) -> None:
    assert site.get("/long").content == PART * PARTS
    assert (site.get("/empty").status_code, site.get("/empty").content) == (204, b"")
    head = site.ask("HEAD", "/echo/x")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) > 0


def test_a_client_that_leaves_in_the_middle_ends_its_answer(site: Site) -> None:
    with site.connect() as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
    until((site.folder / "ended").exists, "the app to be told", 10)


def test_an_app_that_raises_is_answered_for(site: Site) -> None:
    answer = site.get("/broken")
    assert (answer.status_code, answer.text) == (500, "Internal error.\n")


def test_a_lane_answers_what_it_can_and_the_route_the_rest(site: Site) -> None:
    told = site.ask("POST", "/lane", content=b"{}", headers=JSON | {"X-Mark": "7"})
    assert told.json() == {"lane": 2, "mark": "7"}
    assert site.ask("POST", "/lane", content=b"[]", headers=JSON).text == "the route"
    assert site.ask("POST", "/lane", content=b"{!", headers=JSON).text == "the route", "the lane fails"
    assert (
        site.ask("POST", "/lane", content=b"{}", headers={"Content-Type": "text/plain"}).text == "the route"
    )
    assert site.ask("POST", "/lane", content=iter([b"{}"]), headers=JSON).text == "the route"
    assert site.ask("POST", "/lane", content=b"{" + b" " * 70_000, headers=JSON).text == "the route"


def test_slow_answers_keep_no_quick_lane_waiting(site: Site) -> None:
    with ThreadPoolExecutor(4) as pool:
        slow = [pool.submit(site.get, "/slow") for _ in range(4)]  # twice as many as threads
        began = time.monotonic()
        assert site.ask("POST", "/lane", content=b"{}", headers=JSON).json()["lane"] == 2
        assert not any(one.done() for one in slow) or time.monotonic() - began < 1
        assert [one.result().text for one in slow] == ["done"] * 4


def test_half_a_body_is_given_up_and_holds_no_thread(site: Site) -> None:
    head = b"POST /echo/x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\nhalf"
    with ExitStack() as stack:
        clients = [stack.enter_context(site.connect()) for _ in range(6)]
        for at, client in enumerate(clients):
            client.sendall(head % (50 if at % 2 else 100_000))
        began = time.monotonic()
        assert site.get("/empty").status_code == 204
        assert time.monotonic() - began < 2
        for client in clients:
            assert client.recv(100).startswith(b"HTTP/1.1 408 ")


def test_two_workers_share_what_was_imported_once_also_when_one_is_replaced(tmp_path: Path) -> None:
    with _running(tmp_path, workers=2) as site:
        told: dict[int, int] = {}

        def heard_of(count: int) -> bool:
            with suppress(httpx.TransportError):  # it fell to the one that was killed
                answer = site.get("/process").json()
                told[answer["worker"]] = answer["imported_by"]
            return len(told) == count

        until(lambda: heard_of(2), "an answer of each worker", 20)
        os.kill(next(iter(told)), signal.SIGKILL)
        until(site.answers, "the other worker", 20)
        until(lambda: heard_of(3), "an answer of the new worker", 20)
        assert set(told.values()) == {site.process.pid}


def test_a_worker_that_dies_is_replaced(start: Callable[[], Site]) -> None:
    site = start()
    (worker,) = (
        one for one in psutil.Process(site.process.pid).children() if "granian" in " ".join(one.cmdline())
    )
    worker.kill()
    worker.wait(5)
    until(site.answers, "another worker", 20)


@pytest.mark.parametrize("group", [False, True])
def test_it_stops_after_its_open_requests_and_closes_what_it_opened(
    start: Callable[[], Site], group: bool
) -> None:
    site = start()
    with site.connect() as idle, ThreadPoolExecutor(1) as pool:
        idle.sendall(b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 204")
        slow = pool.submit(site.get, "/slow")
        until((site.folder / "slow").exists, "the slow request to be worked on", 10)
        took = _stop(site, group)
        assert slow.result().text == "done"
    assert (site.folder / "closed").exists()
    assert took < STOP_SECONDS


def test_a_client_that_sends_nothing_more_does_not_hold_up_the_stop(start: Callable[[], Site]) -> None:
    site = start()
    with site.connect() as half:
        half.sendall(b"POST /echo/x HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf")
        assert site.get("/empty").status_code == 204
        assert _stop(site, group=True) < STOP_SECONDS


def _stop(site: Site, group: bool) -> float:
    """Seconds from SIGTERM, to the whole group as the launcher sends it or to the first process alone, to the end."""
    whole = psutil.Process(site.process.pid)
    told = [whole, *(whole.children(recursive=True) if group else ())]
    began = time.monotonic()
    for process in told:
        process.send_signal(signal.SIGTERM)
    site.process.wait(10)
    return time.monotonic() - began


def test_every_request_is_observed_by_its_route_however_it_is_answered(start: Callable[[], Site]) -> None:
    site = start()
    (site.folder / "observed").unlink()
    site.ask("POST", "/lane", content=b"{}", headers=JSON)
    site.ask("POST", "/lane", content=b"no object", headers=JSON)
    for path in ("/echo/a/b", "/slow", "/broken", "/nothing/of/ours"):
        site.get(path)
    with site.connect() as client:
        client.sendall(b"POST /lane HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        client.shutdown(socket.SHUT_WR)
        client.recv(1)
    wanted = ["POST /lane 200", "POST /lane 200", "GET /echo/{rest} 200", "GET /slow 200"]
    wanted += ["GET /broken 500", "GET other 404", "POST other 408"]
    observed = site.folder / "observed"
    until(lambda: len(observed.read_text().splitlines()) == len(wanted), "all to be observed", 20)
    told = [line.rpartition(" ")[::2] for line in observed.read_text().splitlines()]
    assert [request for request, _ in told] == wanted
    assert dict(told)["GET /slow 200"] == "True", "it takes a second"
