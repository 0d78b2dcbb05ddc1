"""The store against a real S3 server process; subscriptions need MinIO and are tested in the pipeline tests."""

import gzip
import http.server
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ventas.errors import InvalidRequest, NotFound, RejectedUpload, SettingsError, StoreUnavailable
from ventas.settings import Settings
from ventas.store import Store, webhook_arn


@pytest.fixture
def store(s3_settings: Settings) -> Store:
    return Store(s3_settings)


@pytest.fixture
def bucket(store: Store, bucket_name: str) -> str:
    store.ensure_bucket(bucket_name, versioned=True)
    return bucket_name


def changed(settings: Settings, **values: object) -> Store:
    return Store(settings.model_copy(update=values))


@pytest.fixture
def answering() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """The address of an HTTP server, and the (status line, body) pairs it answers with; the last one stays."""
    answers: list[tuple[str, bytes]] = [("200", b"<html>hello</html>")]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[0] if len(answers) == 1 else answers.pop(0)
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(int(status))
            self.send_header("content-type", "application/xml")
            self.send_header("content-length", str(len(body)))
            self.send_header("retry-after", "60")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_PUT = do_GET

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}", answers
        server.shutdown()
        thread.join()


def test_a_bucket_is_made_once_and_versioned(store: Store, bucket: str) -> None:
    store.ensure_bucket(bucket, versioned=True)
    first = store.put_bytes(bucket, "ventas.csv", b"one")
    second = store.put_bytes(bucket, "ventas.csv", b"two")
    assert first.version_id != second.version_id
    assert store.get_bytes(bucket, "ventas.csv", first.version_id) == b"one"
    assert store.get_bytes(bucket, "ventas.csv") == b"two"


def test_versioning_is_turned_on_for_a_bucket_that_was_there(store: Store, bucket_name: str) -> None:
    store.ensure_bucket(bucket_name, versioned=False)
    plain = store.put_bytes(bucket_name, "ventas.csv", b"old")
    store.ensure_bucket(bucket_name, versioned=True)
    assert plain.version_id == "null"
    assert store.put_bytes(bucket_name, "ventas.csv", b"new").version_id != "null"
    assert [one.version_id for one in store.versions(bucket_name)].count("null") == 1


def test_an_upload_is_told_by_version_etag_and_size(store: Store, bucket: str, tmp_path: Path) -> None:
    file = tmp_path / "ventas.csv"
    file.write_bytes(b"Fecha,Ventas\n2022-01-01,5\n")
    sent: list[int] = []
    uploaded = store.upload_file(bucket, "2022/ventas ñ+1.csv", file, sent.append)
    (found,) = store.versions(bucket)
    assert (found.key, found.version_id) == ("2022/ventas ñ+1.csv", uploaded.version_id)
    assert (found.etag, found.size) == (uploaded.etag, uploaded.size) == (found.etag, 26)
    assert sent == [0, 26]
    assert abs(datetime.now(UTC) - found.last_modified) < timedelta(minutes=5)
    assert found.last_modified.utcoffset() == timedelta(0)


def test_a_big_upload_tells_its_progress_and_arrives_whole(store: Store, bucket: str, tmp_path: Path) -> None:
    file, back = tmp_path / "ventas.csv", tmp_path / "back.csv"
    file.write_bytes(bytes(range(256)) * (80 << 10))  # 20 MiB: two parts
    sent: list[int] = []
    uploaded = store.upload_file(bucket, "ventas.csv", file, sent.append)
    assert sent == [0, 16 << 20, 20 << 20]
    store.download(bucket, "ventas.csv", uploaded.version_id, back, max_bytes=20 << 20)
    assert back.read_bytes() == file.read_bytes()


def test_a_download_past_the_limit_is_rejected_and_leaves_nothing(
    store: Store, bucket: str, tmp_path: Path
) -> None:
    store.put_bytes(bucket, "ventas.csv", b"x" * 11)
    with pytest.raises(RejectedUpload, match=r"11 bytes.*at most 10") as refusal:
        store.download(bucket, "ventas.csv", None, tmp_path / "out", max_bytes=10)
    assert refusal.value.code == "too_large"
    assert list(tmp_path.glob("out*")) == []
    store.download(bucket, "ventas.csv", None, tmp_path / "out", max_bytes=11)
    assert (tmp_path / "out").stat().st_size == 11


def test_gzip_comes_back_as_it_was_sent(store: Store, bucket: str) -> None:
    packed = gzip.compress(b"Fecha,Ventas\n" * 100)
    store.put_bytes(bucket, "ventas.csv.gz", packed, "application/gzip")
    assert store.get_bytes(bucket, "ventas.csv.gz") == packed


@pytest.mark.parametrize("version_id", [None, "3f1e3c5c-3b1d-4f6e-9b7a-6c3c0a4f6d11"])
def test_what_is_not_there_is_not_found(store: Store, bucket: str, version_id: str | None) -> None:
    store.put_bytes(bucket, "there.csv", b"")
    key = "there.csv" if version_id else "absent.csv"
    for call in (store.stat, store.get_bytes):
        with pytest.raises(NotFound, match=key):
            call(bucket, key, version_id)
    assert not store.exists(bucket, key, version_id)


def test_a_missing_bucket_is_not_found(store: Store, bucket_name: str) -> None:
    for call in (lambda: store.is_empty(bucket_name), lambda: list(store.versions(bucket_name))):
        with pytest.raises(NotFound, match=bucket_name):
            call()
    with pytest.raises(NotFound, match=bucket_name):
        store.put_bytes(bucket_name, "ventas.csv", b"x")


def test_deleted_objects_leave_their_versions_but_no_marker(store: Store, bucket: str) -> None:
    assert store.is_empty(bucket)
    store.put_bytes(bucket, "a/ventas.csv", b"1")
    store.put_bytes(bucket, "b/ventas.csv", b"2")
    store._client.remove_object(bucket_name=bucket, object_name="a/ventas.csv")
    assert [one.key for one in store.versions(bucket)] == ["a/ventas.csv", "b/ventas.csv"]
    assert [one.key for one in store.versions(bucket, "b/")] == ["b/ventas.csv"]
    assert not store.exists(bucket, "a/ventas.csv")
    assert not store.is_empty(bucket)


@pytest.mark.parametrize("key", ["../ventas.csv", "a/./ventas.csv", "", " "])
def test_an_impossible_key_is_named(store: Store, bucket: str, key: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot be an object's key") as refusal:
        store.put_bytes(bucket, key, b"x")
    assert refusal.value.field == "key"


def test_nobody_listening_is_told_with_the_setting_to_check(s3_settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StoreUnavailable, match=f"does not answer at {address}.*MINIO_ENDPOINT"):
            changed(s3_settings, MINIO_ENDPOINT=address).is_empty("ventas")


def test_a_stranger_on_the_port_is_told_apart(
    s3_settings: Settings, answering: tuple[str, list[tuple[str, bytes]]]
) -> None:
    address, answers = answering
    answers[:] = [("200", b"this is no XML")]
    with pytest.raises(StoreUnavailable, match="does not speak S3"):
        list(changed(s3_settings, MINIO_ENDPOINT=address).versions("ventas"))


S3_ERROR = b"<Error><Code>%s</Code><Message>%s</Message><Resource>/ventas</Resource></Error>"


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        ("403", S3_ERROR % (b"SignatureDoesNotMatch", b"no"), StoreUnavailable, "MINIO_SECRET_KEY"),
        ("403", S3_ERROR % (b"InvalidAccessKeyId", b"no"), StoreUnavailable, "MINIO_ACCESS_KEY"),
        (
            "400",
            S3_ERROR % (b"AuthorizationHeaderMalformed", b"the region is wrong"),
            SettingsError,
            "REGION",
        ),
        ("507", S3_ERROR % (b"XMinioStorageFull", b"No space left"), StoreUnavailable, "No space left"),
    ],
    ids=["secret", "access", "region", "full"],
)
def test_a_refusal_says_what_to_do(
    s3_settings: Settings,
    answering: tuple[str, list[tuple[str, bytes]]],
    status: str,
    body: bytes,
    error: type[Exception],
    message: str,
) -> None:
    address, answers = answering
    answers[:] = [(status, body)]
    with pytest.raises(error, match=message):
        list(changed(s3_settings, MINIO_ENDPOINT=address).versions("ventas"))


def test_a_starting_server_is_waited_for_a_little(
    s3_settings: Settings, answering: tuple[str, list[tuple[str, bytes]]]
) -> None:
    address, answers = answering
    listing = b"<ListVersionsResult><Name>ventas</Name><IsTruncated>false</IsTruncated></ListVersionsResult>"
    answers[:] = [("503", S3_ERROR % (b"ServerNotInitialized", b"wait")), ("200", listing)]
    assert changed(s3_settings, MINIO_ENDPOINT=address).is_empty("ventas")


def test_an_upload_is_never_sent_twice(
    s3_settings: Settings, answering: tuple[str, list[tuple[str, bytes]]]
) -> None:
    address, answers = answering
    answers[:] = [("503", S3_ERROR % (b"SlowDown", b"wait")), ("200", b"")]
    with pytest.raises(StoreUnavailable, match="SlowDown"):
        changed(s3_settings, MINIO_ENDPOINT=address).put_bytes("ventas", "ventas.csv", b"x")
    assert answers == [("200", b"")]  # the second answer was never asked for


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "127.0.0.1:9000/minio", "127.0.0.1:port"])
def test_an_endpoint_that_cannot_work_names_the_setting(s3_settings: Settings, endpoint: str) -> None:
    with pytest.raises(SettingsError, match="MINIO_ENDPOINT"):
        changed(s3_settings, MINIO_ENDPOINT=endpoint)


def test_the_arn_names_region_and_target(s3_settings: Settings) -> None:
    assert webhook_arn(s3_settings) == "arn:minio:sqs:us-east-1:VENTAS:webhook"


def test_a_target_that_the_server_does_not_know_says_how_to_start_it(
    store: Store, bucket: str, s3_settings: Settings
) -> None:
    with pytest.raises(
        SettingsError, match="MINIO_NOTIFY_WEBHOOK_ENDPOINT_VENTAS=<WEBHOOKS_URL>/events/minio"
    ):
        store.subscribe(bucket, webhook_arn(s3_settings))
