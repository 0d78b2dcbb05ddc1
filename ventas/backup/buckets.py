"""Buckets as back-up and restore see them: every version with what belongs to it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from minio.commonconfig import ENABLED
from minio.deleteobjects import DeleteObject

from ventas.backup.archive import CHUNK_BYTES
from ventas.errors import NotFound, StoreUnavailable
from ventas.store import NO_VERSION, ObjectVersion, Store, object_version
from ventas.store_http import translated

_KEPT_HEADERS = (
    "content-type",
    "content-encoding",
    "content-disposition",
    "content-language",
    "cache-control",
)
_META = "x-amz-meta-"
PART_BYTES = 16 << 20


@dataclass(frozen=True)
class Listed:
    """One entry of a bucket's listing."""

    version: ObjectVersion
    is_latest: bool
    is_deletion: bool


@dataclass(frozen=True)
class Fetched:
    """An object as it is read: `size` in bytes, the headers that make part of it, its bytes."""

    size: int
    headers: dict[str, str]
    chunks: Iterable[bytes]


class Buckets(Store):
    """A Store with what only back-up, restore and retention ask of it."""

    def keeps_versions(self, bucket: str) -> bool:
        """Whether new versions do not replace the old ones. Raises NotFound."""
        with translated(self._endpoint, f"bucket {bucket}"):
            return bool(self._client.get_bucket_versioning(bucket_name=bucket).status == ENABLED)

    def listed(self, bucket: str, prefix: str = "") -> Iterator[Listed]:
        """All versions and delete markers of keys that start with `prefix`, key by key. Raises NotFound."""
        for found in self._listing(bucket, prefix):
            latest = str(found.is_latest).lower() != "false"  # the SDK hands on S3's own word
            yield Listed(object_version(found), latest, bool(found.is_delete_marker))

    @contextmanager
    def fetched(self, version: ObjectVersion, *, is_latest: bool = False) -> Iterator[Fetched]:
        """An object with its size and headers, all of one answer: it may be replaced meanwhile. Raises NotFound."""
        # Not every server knows the version "null" by that name.
        unnamed = is_latest and version.version_id == NO_VERSION
        with translated(self._endpoint, f"{version.bucket}/{version.key}"):
            answer = self._client.get_object(
                bucket_name=version.bucket,
                object_name=version.key,
                version_id=None if unnamed else version.version_id,
            )
            try:
                told = {name.lower(): str(value) for name, value in answer.headers.items()}
                kept = {
                    name: value
                    for name, value in told.items()
                    if name in _KEPT_HEADERS or name.startswith(_META)
                }
                chunks = answer.stream(CHUNK_BYTES, decode_content=False)
                yield Fetched(int(told["content-length"]), kept, chunks)
            finally:
                answer.close()
                answer.release_conn()

    def put_back(self, bucket: str, key: str, data: IO[bytes], size: int, headers: dict[str, str]) -> str:
        """Store an object as it was; its new version id."""
        more = {name: value for name, value in headers.items() if name != "content-type"}
        with translated(self._endpoint, f"{bucket}/{key}"):
            written = self._client.put_object(
                bucket_name=bucket,
                object_name=key,
                data=cast(BinaryIO, data),
                length=size,
                content_type=headers.get("content-type", "application/octet-stream"),
                metadata=dict(more),
                part_size=PART_BYTES,
                num_parallel_uploads=1,
            )
        return written.version_id or NO_VERSION

    def delete_current(self, bucket: str, key: str) -> None:
        """Delete a key as its owner would: where versions are kept, they stay behind a delete marker."""
        with translated(self._endpoint, f"{bucket}/{key}"):
            self._client.remove_object(bucket_name=bucket, object_name=key)

    def remove_for_good(self, bucket: str, versions: list[tuple[str, str]]) -> None:
        """Remove versions, given as key and version id, with their bytes; those that are gone are no error."""
        with translated(self._endpoint, f"bucket {bucket}"):
            wanted = [DeleteObject(key, version) for key, version in versions]
            for fault in self._client.remove_objects(bucket_name=bucket, delete_object_list=wanted):
                if fault.code not in {"NoSuchKey", "NoSuchVersion"}:
                    raise StoreUnavailable(f"MinIO does not delete {bucket}/{fault.name}: {fault.message}")

    def holds_nothing(self, bucket: str) -> bool:
        """Whether the bucket is empty or not there."""
        try:
            return self.is_empty(bucket)
        except NotFound:
            return True

    def empty(self, bucket: str) -> None:
        """Remove everything from the bucket, if it is there."""
        try:
            found = [(one.version.key, one.version.version_id) for one in self.listed(bucket)]
        except NotFound:
            return
        self.remove_for_good(bucket, found)
