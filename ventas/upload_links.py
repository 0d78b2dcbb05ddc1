"""Addresses that take one upload each: a presigned PUT, so that a browser sends a file straight into the bucket.

Signing is arithmetic: nothing is asked of the server, and an address is made while it is away, too.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from minio import Minio

from ventas.contract import FORECASTS_IN, Kind, is_upload_key, shown
from ventas.errors import InvalidRequest, SettingsError
from ventas.settings import UPLOADS_BUCKET, Settings
from ventas.times import utc_now

# What a file system takes as one name; MinIO keeps each key as a path.
LONGEST_NAME_BYTES = 200
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # Unicode's categories of what no file name shows


@dataclass(frozen=True)
class UploadLink:
    """Where a browser may PUT one file: as object `key`, until `expires_at` (UTC)."""

    key: str
    url: str
    expires_at: datetime


class UploadLinks:
    """Signs for the server as browsers reach it; raises SettingsError where that is no address."""

    def __init__(self, settings: Settings):
        self._lasts = timedelta(seconds=settings.UPLOAD_URL_SECONDS)
        where = public_url(settings)
        try:
            self._client = Minio(
                endpoint=where.partition("://")[2] or where,
                access_key=settings.MINIO_ACCESS_KEY,
                secret_key=settings.minio_secret_key,
                secure=where.startswith("https://"),
                region=settings.MINIO_REGION,  # else the SDK would ask the server for it
            )
        except ValueError as error:
            raise SettingsError(
                f"MINIO_PUBLIC_URL {where!r} cannot be used ({error}); write it as http://host:port."
            ) from error

    def put(self, name: str, kind: Kind) -> UploadLink:
        """An address for a file called `name`; raises InvalidRequest for a name that the pipeline does not take."""
        key = key_of(name, kind)
        expires_at = utc_now() + self._lasts
        url = self._client.presigned_put_object(
            bucket_name=UPLOADS_BUCKET, object_name=key, expires=self._lasts
        )
        return UploadLink(key, url, expires_at)


def public_url(settings: Settings) -> str:
    """The S3 server as browsers reach it."""
    scheme = "https" if settings.MINIO_SECURE else "http"
    return (settings.MINIO_PUBLIC_URL or f"{scheme}://{settings.MINIO_ENDPOINT}").rstrip("/")


def key_of(name: str, kind: Kind) -> str:
    """The key under which a file called `name` is uploaded; raises InvalidRequest (`name`) saying what to do.

    A name is one segment of a key, so it reaches neither another folder nor what the pipeline writes itself.
    """
    name = unicodedata.normalize("NFC", name)
    if fault := _fault(name):
        raise InvalidRequest(f"The name {shown(name)} {fault}", field="name")
    key = f"{FORECASTS_IN}{name}" if kind is Kind.FORECAST else name
    taken, why = is_upload_key(key)
    if not taken:
        raise InvalidRequest(f"{why} Rename the file.", field="name")
    return key


def _fault(name: str) -> str:
    if "/" in name or "\\" in name:
        return "holds a slash. Give the file's own name, without folders."
    if any(unicodedata.category(char) in _HIDDEN for char in name):
        return "holds characters that cannot be seen. Type it anew."
    if name != name.strip() or name.startswith("."):
        return "begins with a point, or begins or ends with a blank. Rename the file."
    if len(name.encode()) > LONGEST_NAME_BYTES:
        return f"is longer than {LONGEST_NAME_BYTES} bytes. Shorten it."
    return ""
