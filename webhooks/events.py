"""S3-format notifications: bytes of a request in, upload events out.

The format is Amazon's (docs.aws.amazon.com, "Event message structure"); MinIO's differs in small ways: `size` is
absent when 0, `versionId` when unversioned, the key is query-escaped.
"""

from typing import Annotated, Any
from urllib.parse import unquote_plus

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ventas.contract import is_own_output, is_upload_key
from ventas.errors import InvalidRequest
from ventas.ledger import UploadEvent
from ventas.settings import UPLOADS_BUCKET, Settings

MAX_KEY_BYTES = 1024  # S3's own limit
LARGEST_SIZE = 2**63 - 1  # what the ledger's column holds
CREATED = "ObjectCreated:"
TRACEPARENT = "x-amz-meta-traceparent"


def _unescaped(key: str) -> str:
    """Cutting a longer key would make two objects one; no S3 server has such a key, so it is refused."""
    key = unquote_plus(key)
    if len(key.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"a key has at most {MAX_KEY_BYTES} bytes")
    return key


class _Object(BaseModel):
    # Escaped, a byte takes up to three characters.
    key: Annotated[str, Field(min_length=1, max_length=3 * MAX_KEY_BYTES), AfterValidator(_unescaped)]
    version_id: str = Field("null", alias="versionId", max_length=128)
    etag: str = Field("", alias="eTag", max_length=128)
    size: int = Field(0, ge=0, le=LARGEST_SIZE)
    sequencer: str | None = Field(None, max_length=64)
    user_metadata: Any = Field(
        None, alias="userMetadata"
    )  # whatever an uploader likes: never a reason to refuse


class _Bucket(BaseModel):
    name: str = Field(min_length=1, max_length=63)


class _S3(BaseModel):
    bucket: _Bucket
    object: _Object


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore")

    event_name: str = Field(alias="eventName", max_length=64)
    s3: _S3


class _Notification(BaseModel):
    model_config = ConfigDict(extra="ignore")

    records: list[_Record] = Field(alias="Records")


def upload_events(body: bytes, settings: Settings) -> list[UploadEvent]:
    """The upload events in a notification, a JSON text; raises InvalidRequest naming what is wrong with it."""
    try:
        notification = _Notification.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "body"
        raise InvalidRequest(f"Not an S3 notification: {where}: {fault['msg']}.", field=where) from error
    if len(notification.records) > settings.MAX_EVENT_RECORDS:
        raise InvalidRequest(
            f"{len(notification.records)} records in one notification; at most {settings.MAX_EVENT_RECORDS} "
            "are accepted (MAX_EVENT_RECORDS).",
            field="Records",
        )
    return [_upload_event(record) for record in notification.records]


def _upload_event(record: _Record) -> UploadEvent:
    item = record.s3.object
    return UploadEvent(
        bucket=record.s3.bucket.name,
        key=item.key,
        version_id=item.version_id or "null",
        etag=item.etag.strip('"'),
        size=item.size,
        event_name=record.event_name,
        sequencer=item.sequencer,
        ignored_because=_ignored_because(record),
        own_output=record.s3.bucket.name == UPLOADS_BUCKET and is_own_output(item.key),
        traceparent=_traceparent(item.user_metadata),
    )


def _traceparent(metadata: Any) -> str | None:
    """The uploader's trace; names of metadata are headers, whose case is of no account."""
    if not isinstance(metadata, dict):
        return None
    found = next((text for name, text in metadata.items() if name.lower() == TRACEPARENT), None)
    return found if isinstance(found, str) else None


def _ignored_because(record: _Record) -> str | None:
    if record.s3.bucket.name != UPLOADS_BUCKET:
        return f"Only bucket {UPLOADS_BUCKET} is watched, not {record.s3.bucket.name}."
    if CREATED not in record.event_name:
        return f"{record.event_name} creates no object."
    wanted, reason = is_upload_key(record.s3.object.key)
    return None if wanted else reason
