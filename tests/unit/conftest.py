"""Stand-ins that several unit tests share."""

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ventas.settings import Settings


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_open(port: int, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, "the S3 stand-in ended at its start"
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the S3 stand-in did not start in time")


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of an S3 stand-in (moto), a process of its own."""
    port = free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_open(port, process)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture
def s3_settings(settings: Settings, s3_endpoint: str) -> Settings:
    """Settings that lead to the S3 stand-in."""
    return settings.model_copy(update={"MINIO_ENDPOINT": s3_endpoint})


@pytest.fixture
def bucket_name() -> str:
    """A bucket that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}"
