"""Servers under load: started, asked by wrk for some seconds, stopped."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from typing import IO

import click
import httpx
import psutil

from ventas.launcher.addresses import free_ports

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
READY_SECONDS = 120
LAST_LINES = 30


@dataclass(frozen=True)
class Measured:
    """One run: requests a second, the median and 99th percentile in ms, and the server's processor µs a request."""

    rate: float
    p50: float
    p99: float
    cpu: float
    refused: int


@dataclass(frozen=True)
class Server:
    """A process group that listens at `url`; `path` is where the load goes."""

    process: subprocess.Popen[bytes]
    url: str
    path: str

    def seconds(self) -> float:
        """Processor seconds that it and its children have spent."""
        whole = psutil.Process(self.process.pid)
        times = [one.cpu_times() for one in (whole, *whole.children(recursive=True))]
        return sum(one.user + one.system for one in times)


@contextmanager
def served(
    argv: Sequence[str], port: int, path: str, env: Mapping[str, str], ready: str | None = None
) -> Iterator[Server]:
    """A server for as long as the block runs; it is ready when `ready` (else `path`) answers at all.

    What it writes, such as a line for each request, is shown only where it does not come up.
    """
    with TemporaryFile("w+") as said:
        process = subprocess.Popen(
            argv, env={**os.environ, **env}, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
        server = Server(process, f"http://127.0.0.1:{port}", path)
        try:
            _wait(server, ready or path, said)
            yield server
        finally:
            process.terminate()
            process.wait(30)


def granian(app: str, interface: str, workers: int) -> tuple[list[str], int]:
    """The command of a peer under granian, and its port."""
    port = free_ports(1)[0]
    words = [sys.executable, "-m", "granian", app, "--interface", interface, "--port", str(port)]
    words += ["--workers", str(workers), "--http", "1", "--no-ws", "--log-level", "error"]
    return (words if interface == "rsgi" else [*words, "--factory"]), port


def wrk(server: Server, script: Path, connections: int, seconds: int) -> Measured:
    """Load on a server, by one thread of wrk."""
    before = server.seconds()
    said = subprocess.run(
        [
            *("wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"),
            *("--latency", "--script", str(script), server.url + server.path),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    spent = server.seconds() - before
    count = int(_found(r"(\d+) requests in", said))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Measured(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        p50=_milliseconds("50", said),
        p99=_milliseconds("99", said),
        cpu=1e6 * spent / max(count, 1),
        refused=int(refused.group(1)) if refused else 0,
    )


def middle(runs: Sequence[Measured]) -> Measured:
    """The median of each figure."""
    return Measured(
        *(median(getattr(run, name) for run in runs) for name in ("rate", "p50", "p99", "cpu", "refused"))
    )


def wrk_script(path: Path, bodies: Sequence[str], headers: Mapping[str, str]) -> Path:
    """A script that sends the bodies in turn as POST requests."""
    lines = ",\n".join(f"[==[{body}]==]" for body in bodies)
    told = "\n".join(
        f'wrk.headers["{name}"] = "{value}"'
        for name, value in {"Content-Type": "application/json", **headers}.items()
    )
    path.write_text(
        f"""local bodies = {{{lines}}}
local requests, at = {{}}, 0
{told}
function init(args)
  for place, body in ipairs(bodies) do
    requests[place] = wrk.format("POST", nil, nil, body)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
""",
        "utf-8",
    )
    return path


def need_wrk() -> None:
    """Raise a sentence where the generator is not installed."""
    if shutil.which("wrk") is None:
        raise click.ClickException("wrk is missing: apt-get install wrk")


def machine(packages: Sequence[str]) -> str:
    """What this is measured on, and how busy that is."""
    from importlib.metadata import version

    told = ", ".join(f"{name} {version(name)}" for name in packages)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    python = sys.version.split()[0]
    return f"{os.uname().machine}, {os.cpu_count()} cores, Python {python}, {told}; load before: {load}"


def as_json(measured: Mapping[str, object]) -> str:
    """Figures for a file."""
    return json.dumps(measured, indent=1, default=vars)


def _wait(server: Server, path: str, said: IO[str]) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise click.ClickException(f"A server ended with {server.process.returncode}:\n{_last_of(said)}")
        try:
            if httpx.get(server.url + path, timeout=20, trust_env=False).status_code < 500:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise click.ClickException(
        f"{server.url}{path} did not answer in {READY_SECONDS} s. Its last words:\n{_last_of(said)}"
    )


def _last_of(said: IO[str]) -> str:
    said.seek(0)
    return "".join(said.readlines()[-LAST_LINES:])


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise click.ClickException(f"wrk said nothing of {pattern}: {text}")
    return found.group(1)


def _milliseconds(percent: str, text: str) -> float:
    found = re.search(rf"\s{percent}%\s+([\d.]+)(us|ms|s)\b", text)
    if found is None:
        raise click.ClickException(f"wrk said no {percent}th percentile: {text}")
    return float(found.group(1)) * UNITS[found.group(2)]
