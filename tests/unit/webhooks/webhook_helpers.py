"""What the tests of the receiver share: stand-ins, a Redis that can be hung, notifications."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis

from ventas.errors import BrokerUnavailable
from ventas.launcher.redis_server import find_redis, redis_argv
from ventas.ledger import Ledger
from ventas.ledger.queries import RunFilter
from ventas.states import Step


class Quiet:
    """A subscription that is made already."""

    problem, state = None, "subscribed"

    def start(self) -> None: ...


class Broker:
    """Our own fake of the broker's port: keeps what was sent, is away, takes `most` tasks, or has a bug once."""

    def __init__(self) -> None:
        self.sent: list[tuple[Step, str]] = []
        self.handed_over = self.refused = 0
        self.most = 1000
        self.away = self.broken = False

    def enqueue(self, step: Step, run_id: str) -> None:
        self._take()
        self.sent.append((step, run_id))

    def enqueue_due(self) -> None:
        self._take()
        self.handed_over += 1

    def _take(self) -> None:
        if self.broken:
            self.broken = False
            raise ZeroDivisionError
        if self.away or len(self.sent) >= self.most:
            self.refused += 1
            raise BrokerUnavailable("Redis is away")


class RedisServer:
    """A real Redis that can be hung and ended."""

    def __init__(self, home: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._home = home
        (home / "redis").mkdir(parents=True)
        self.start()

    def start(self) -> None:
        with (self._home / "redis.log").open("ab") as log:
            argv = redis_argv(find_redis(), self._home, "127.0.0.1", self.port)
            self._process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(redis.ConnectionError), redis.Redis.from_url(self.url) as client:
                if client.ping():
                    return
            time.sleep(0.05)
        raise AssertionError("Redis did not start")

    def hang(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def waiting(self) -> int:
        with redis.Redis.from_url(self.url) as client:
            # One list for each priority.
            return sum(client.llen(queue) for queue in client.scan_iter("control*"))

    def end(self) -> None:
        self._process.kill()
        self._process.wait(10)


def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
    """Returns once the condition is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


def notification(*keys: str, bucket: str = "ventas", **item: object) -> dict:
    records = [
        {
            "eventName": "s3:ObjectCreated:Put",
            "s3": {
                "bucket": {"name": bucket},
                "object": {"key": key, "versionId": "v1", "eTag": "e", "sequencer": "1"} | item,
            },
        }
        for key in keys
    ]
    return {"EventName": "s3:ObjectCreated:Put", "Key": keys[0] if keys else "", "Records": records}


def runs(ledger: Ledger) -> list:
    return ledger.queries.runs(RunFilter(), 0, 50)[0]
