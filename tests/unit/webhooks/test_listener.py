"""What is new in MinIO's queue folder reaches the receiver at once, once, and MinIO's file stays."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from webhooks.events import upload_events
from webhooks.listener import MOST_FILES, Listener

RECORD = {
    "eventName": "s3:ObjectCreated:Put",
    "s3": {"bucket": {"name": "ventas"}, "object": {"key": "a%C3%B1o%2Fventas.csv", "versionId": "v1"}},
}


class Receiver(HTTPServer):
    """Keeps what is posted to it, with the token that came along."""

    got: list[tuple[str, str, bytes]]


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Receiver)
        self.server.got.append((self.path, self.headers["Authorization"], body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(("127.0.0.1", 0), _Post) as server:
        server.got = []
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def listener(settings, receiver: Receiver) -> Iterator[Listener]:
    url = f"http://127.0.0.1:{receiver.server_port}/"
    made = Listener(settings.model_copy(update={"WEBHOOKS_URL": url, "WEBHOOK_TOKEN": "secret"}))
    yield made
    made.close()


@pytest.fixture
def folder(settings) -> Path:
    path = settings.home / "minio-events" / "minio-webhook-VENTAS"
    path.mkdir(parents=True)
    return path


def test_a_queued_event_is_passed_on_once_as_the_receiver_reads_it(
    settings, listener, folder, receiver
) -> None:
    event = folder / "one.event"
    event.write_text(json.dumps(RECORD))
    listener.look()
    listener.look()
    ((path, token, body),) = receiver.got
    assert (path, token) == ("/events/minio", "Bearer secret")
    (upload,) = upload_events(body, settings)
    assert (upload.bucket, upload.key, upload.version_id) == ("ventas", "año/ventas.csv", "v1")
    assert event.exists(), "MinIO sends it too"


def test_an_event_that_is_still_being_written_waits(listener, folder, receiver) -> None:
    event = folder / "one.event"
    event.write_text(json.dumps(RECORD)[:40])
    listener.look()
    assert receiver.got == []
    event.write_text(json.dumps(RECORD))
    listener.look()
    assert len(receiver.got) == 1


def test_a_backlog_is_left_to_minio_and_what_comes_after_it_is_not(listener, folder, receiver) -> None:
    for number in range(MOST_FILES + 1):
        (folder / f"{number}.event").write_text(json.dumps(RECORD))
    listener.look()
    assert receiver.got == []
    for number in range(MOST_FILES):
        (folder / f"{number}.event").unlink()
    listener.look()
    assert len(receiver.got) == 1


def test_without_a_folder_or_a_receiver_nothing_breaks(listener, settings, receiver) -> None:
    listener.look()
    assert receiver.got == []
    folder = settings.home / "minio-events" / "minio-webhook-VENTAS"
    folder.mkdir(parents=True)
    (folder / "one.event").write_text(json.dumps(RECORD))
    deaf = Listener(settings.model_copy(update={"WEBHOOKS_URL": "http://127.0.0.1:9", "WEBHOOK_TOKEN": "x"}))
    deaf.look()
    deaf.close()
