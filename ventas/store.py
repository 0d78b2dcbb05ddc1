"""MinIO, or any S3 server, through the minio SDK: buckets, versioning, the subscription to events, objects.

The SDK's errors are translated: callers meet `ventas.errors` only, and `OSError` where a local file is at
fault. A Store holds a pool of connections: make one per process, after any fork.
"""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minio import Minio
from minio.commonconfig import ENABLED
from minio.error import S3Error
from minio.helpers import check_object_name
from minio.notificationconfig import NotificationConfig, QueueConfig
from minio.versioningconfig import VersioningConfig

from ventas.errors import InvalidRequest, NotFound, RejectedUpload, SettingsError
from ventas.settings import Settings
from ventas.store_http import connections, translated

NO_VERSION = "null"  # S3's own word for the version of an object in a bucket without versioning
NOTIFICATION_TARGET = "VENTAS"  # the ID in MINIO_NOTIFY_WEBHOOK_ENDPOINT_<ID>
UPLOAD_EVENTS = (
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
)  # not s3:ObjectCreated:*, which fires on tagging and retention too

IMPATIENT_SECONDS = 3.0
_CHUNK_BYTES = 1 << 20
_PART_BYTES = 16 << 20


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an object; `size` in bytes, `last_modified` in UTC.

    `version_id` is "null" where the bucket was not versioned. A listing gives milliseconds, a stat only
    whole seconds.
    """

    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    last_modified: datetime


@dataclass(frozen=True)
class Uploaded:
    """What the server made of an upload; `size` in bytes, `version_id` "null" without versioning."""

    version_id: str
    etag: str
    size: int


def webhook_arn(settings: Settings) -> str:
    """The ARN by which MinIO knows the event receiver.

    MinIO refuses a region that is not its own; one started without a region takes any, and shows the ARN
    with an empty one.
    """
    return f"arn:minio:sqs:{settings.MINIO_REGION}:{NOTIFICATION_TARGET}:webhook"


class Store:
    """Buckets and objects of one S3 server. Every method raises StoreUnavailable where it does not answer.

    An `impatient` one asks once and waits for IMPATIENT_SECONDS: for threads that others wait for.
    """

    def __init__(self, settings: Settings, *, impatient: bool = False):
        self._endpoint = settings.MINIO_ENDPOINT
        try:
            self._client = Minio(
                endpoint=settings.MINIO_ENDPOINT,
                access_key=settings.MINIO_ACCESS_KEY,
                secret_key=settings.minio_secret_key,
                secure=settings.MINIO_SECURE,
                region=settings.MINIO_REGION,
                http_client=connections(IMPATIENT_SECONDS, retries=0) if impatient else connections(),
            )
        except ValueError as error:
            raise SettingsError(
                f"MINIO_ENDPOINT {settings.MINIO_ENDPOINT!r} with MINIO_REGION {settings.MINIO_REGION!r}"
                f" cannot be used ({error}); an endpoint is host:port, such as 127.0.0.1:9000, no http://."
            ) from error

    def ensure_bucket(self, name: str, versioned: bool) -> None:
        """Make the bucket unless it is there, and turn versioning on where `versioned` asks for it."""
        with translated(self._endpoint, f"bucket {name}"):
            if not self._client.bucket_exists(bucket_name=name):
                self._make_bucket(name)
            if versioned and self._client.get_bucket_versioning(bucket_name=name).status != ENABLED:
                self._client.set_bucket_versioning(bucket_name=name, config=VersioningConfig(ENABLED))

    def _make_bucket(self, name: str) -> None:
        try:
            self._client.make_bucket(bucket_name=name)
        except S3Error as error:
            # Several processes make the buckets when they start; one of them comes first.
            if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise

    def subscribe(self, bucket: str, arn: str) -> None:
        """Have the bucket's new objects sent to `arn`; its other subscriptions stay. Then read it back.

        Raises SettingsError where MinIO does not know the ARN, or shows another subscription than was set.
        """
        wanted = QueueConfig(events=list(UPLOAD_EVENTS), queue=arn, config_id="ventas-uploads")
        with translated(self._endpoint, f"the subscription of bucket {bucket}"):
            current = self._client.get_bucket_notification(bucket_name=bucket)
            others = [one for one in current.queue_config_list if _target(one.queue) != _target(arn)]
            config = NotificationConfig(
                cloud_func_config_list=current.cloud_func_config_list,
                queue_config_list=[*others, wanted],
                topic_config_list=current.topic_config_list,
            )
            # Set even where it is there already: only setting makes MinIO check that the target works.
            self._set_notification(bucket, config)
            shown = self._client.get_bucket_notification(bucket_name=bucket).queue_config_list
        if not any(_same_subscription(one, wanted) for one in shown):
            raise SettingsError(
                f"The server at {self._endpoint} did not keep the subscription of bucket {bucket} to {arn}."
                " Check that it supports bucket notifications, and that nobody else changes them."
            )

    def bucket_problem(self, name: str, *, versioned: bool) -> str | None:
        """What `ensure_bucket` would mend, as a sentence; None where nothing is to be mended."""
        with translated(self._endpoint, f"bucket {name}"):
            if not self._client.bucket_exists(bucket_name=name):
                return f"Bucket {name} is missing."
            if versioned and self._client.get_bucket_versioning(bucket_name=name).status != ENABLED:
                return f"Bucket {name} keeps no versions."
        return None

    def is_subscribed(self, bucket: str, arn: str) -> bool:
        """Whether the bucket's new objects are sent to `arn`."""
        with translated(self._endpoint, f"the subscription of bucket {bucket}"):
            shown = self._client.get_bucket_notification(bucket_name=bucket).queue_config_list
        return any(_target(one.queue) == _target(arn) for one in shown)

    def _set_notification(self, bucket: str, config: NotificationConfig) -> None:
        try:
            self._client.set_bucket_notification(bucket_name=bucket, config=config)
        except S3Error as error:
            if error.code != "InvalidArgument":
                raise
            targets = ", ".join(str(one.queue) for one in config.queue_config_list)
            raise SettingsError(
                f"MinIO at {self._endpoint} refuses to send events of bucket {bucket} to {targets}:"
                f" {(error.message or '').rstrip('.')}."
                f" Start MinIO with MINIO_NOTIFY_WEBHOOK_ENABLE_{NOTIFICATION_TARGET}=on,"
                f" MINIO_NOTIFY_WEBHOOK_ENDPOINT_{NOTIFICATION_TARGET}=<WEBHOOKS_URL>/events/minio and the"
                " region in MINIO_REGION, and look in its log for a target that could not start."
            ) from error

    def upload_file(
        self,
        bucket: str,
        key: str,
        path: Path,
        on_progress: Callable[[int], None] | None = None,
        content_type: str = "text/csv",
    ) -> Uploaded:
        """Store a file; `on_progress` gets the bytes sent so far.

        Never sent twice after a lost answer, since each arrival is a version of its own. Raises OSError where
        the file cannot be read, NotFound where the bucket is missing, InvalidRequest for an impossible key.
        """
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return self._put(bucket, key, file, size, content_type, _Progress(on_progress))

    def put_bytes(
        self, bucket: str, key: str, data: bytes, content_type: str = "application/octet-stream"
    ) -> Uploaded:
        """Store `data`. Raises NotFound where the bucket is missing, InvalidRequest for an impossible key."""
        return self._put(bucket, key, io.BytesIO(data), len(data), content_type, None)

    def _put(
        self, bucket: str, key: str, data: Any, size: int, content_type: str, progress: "_Progress | None"
    ) -> Uploaded:
        _check_key(key)
        with translated(self._endpoint, f"{bucket}/{key}"):
            written = self._client.put_object(
                bucket_name=bucket,
                object_name=key,
                data=data,
                length=size,
                content_type=content_type,
                progress=progress,
                part_size=_PART_BYTES,
                num_parallel_uploads=1,  # parallel parts leave threads behind when one fails
            )
        if progress:
            progress.finish()
        return Uploaded(written.version_id or NO_VERSION, written.etag or "", size)

    def download(
        self, bucket: str, key: str, version_id: str | None, target: Path, max_bytes: int
    ) -> ObjectVersion:
        """Stream an object into `target`, which appears only when it is whole.

        Raises NotFound, RejectedUpload (code "too_large") past `max_bytes`, and OSError where `target` cannot
        be written.
        """
        found = self.stat(bucket, key, version_id)
        if found.size > max_bytes:
            raise _too_large(found.size, max_bytes)
        part = target.with_name(target.name + ".part")
        try:
            with part.open("wb") as file:
                for chunk in self._chunks(found, max_bytes):
                    file.write(chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return found

    def get_bytes(
        self, bucket: str, key: str, version_id: str | None = None, max_bytes: int = 64 << 20
    ) -> bytes:
        """The whole object. Raises NotFound, and RejectedUpload (code "too_large") past `max_bytes`."""
        return b"".join(self._chunks(self.stat(bucket, key, version_id), max_bytes))

    def stream(self, wanted: ObjectVersion) -> Iterator[bytes]:
        """The bytes of a version that `stat` has found, piece by piece. Raises NotFound."""
        return self._chunks(wanted, wanted.size)

    def _chunks(self, wanted: ObjectVersion, max_bytes: int) -> Iterator[bytes]:
        """The bytes as they are stored, whatever Content-Encoding says, so that a small gzip stays small."""
        with translated(self._endpoint, f"{wanted.bucket}/{wanted.key}"):
            response = self._client.get_object(
                bucket_name=wanted.bucket, object_name=wanted.key, version_id=wanted.version_id
            )
            received = 0
            try:
                for chunk in response.stream(_CHUNK_BYTES, decode_content=False):
                    received += len(chunk)
                    if received > max_bytes:
                        raise _too_large(received, max_bytes)
                    yield chunk
            finally:
                response.close()
                response.release_conn()

    def stat(self, bucket: str, key: str, version_id: str | None = None) -> ObjectVersion:
        """What the server knows of one version, or of the latest for None. Raises NotFound."""
        _check_key(key)
        with translated(self._endpoint, f"{bucket}/{key}" + (f" version {version_id}" if version_id else "")):
            return object_version(
                self._client.stat_object(bucket_name=bucket, object_name=key, version_id=version_id)
            )

    def exists(self, bucket: str, key: str, version_id: str | None = None) -> bool:
        """Whether the object is there (the latest version for None; a deleted one is not)."""
        try:
            self.stat(bucket, key, version_id)
        except NotFound:
            return False
        return True

    def versions(self, bucket: str, prefix: str = "") -> Iterator[ObjectVersion]:
        """All versions of all keys that start with `prefix`, no delete markers; asked for page by page."""
        return (
            object_version(found) for found in self._listing(bucket, prefix) if not found.is_delete_marker
        )

    def is_empty(self, bucket: str) -> bool:
        """Whether the bucket never held an object: a deleted one still counts as held. Raises NotFound."""
        return next(self._listing(bucket, ""), None) is None

    def _listing(self, bucket: str, prefix: str) -> Iterator[Any]:
        with translated(self._endpoint, f"bucket {bucket}"):
            yield from self._client.list_objects(
                bucket_name=bucket, prefix=prefix, recursive=True, include_version=True
            )


class _Progress:
    """The SDK's progress protocol. It tells when a part is read, so the parts before that one are sent."""

    def __init__(self, on_progress: Callable[[int], None] | None):
        self._report = on_progress or (lambda _sent: None)
        self._read = 0
        self._total = 0

    def set_meta(self, object_name: str, total_length: int) -> None:  # noqa: ARG002 (the SDK's signature)
        self._total = total_length

    def update(self, length: int) -> None:
        self._report(self._read)
        self._read += length

    def finish(self) -> None:
        self._report(self._total)


def object_version(found: Any) -> ObjectVersion:
    """What the SDK tells of an object, as ours."""
    modified = found.last_modified or datetime.fromtimestamp(0, UTC)
    return ObjectVersion(
        bucket=found.bucket_name,
        key=found.object_name,
        version_id=found.version_id or NO_VERSION,
        etag=found.etag or "",
        size=found.size or 0,
        last_modified=modified.astimezone(UTC),
    )


def _check_key(key: str) -> None:
    try:
        check_object_name(key)
    except ValueError as error:
        raise InvalidRequest(
            f"{key!r} cannot be an object's key: {str(error) or 'it is empty'}.", field="key"
        ) from error


def _target(arn: str | None) -> str:
    """The ARN without its region, which MinIO replaces by its own."""
    parts = (arn or "").split(":")
    return ":".join(parts[:3] + parts[4:])


def _same_subscription(shown: QueueConfig, wanted: QueueConfig) -> bool:
    return (
        _target(shown.queue) == _target(wanted.queue)
        and set(wanted.events) <= set(shown.events)
        and not shown.prefix_filter_rule
        and not shown.suffix_filter_rule
    )


def _too_large(size: int, max_bytes: int) -> RejectedUpload:
    return RejectedUpload(
        f"The file has {size:,} bytes or more, and at most {max_bytes:,} are read;"
        " send a smaller one, or raise MAX_UPLOAD_BYTES.",
        code="too_large",
        report={"details": {"size": size, "max_bytes": max_bytes}},
    )
