"""How the store speaks to MinIO: bounded waits, few retries, and what the SDK's errors mean to us."""

from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import ParseError  # the SDK lets it through; nothing is parsed here

import urllib3
from minio.error import MinioException, S3Error, ServerError

from ventas.errors import InvalidRequest, NotFound, SettingsError, StoreUnavailable, VentasError

CONNECT_SECONDS = 2.0
READ_SECONDS = 30.0
RETRIES = 2

_MISSING = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "ResourceNotFound"}
_IMPOSSIBLE_KEY = {"XMinioInvalidObjectName", "KeyTooLongError"}
_ACCESS_REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}


def connections(read_seconds: float = READ_SECONDS, retries: int = RETRIES) -> urllib3.PoolManager:
    """The pool of connections of one process; `read_seconds` is the longest silence that is waited for.

    A refused connection is tried again for any request, a lost answer only for GET and HEAD: a PUT sent again
    would make a second version. MinIO's Retry-After can be minutes, so it is not waited for.
    """
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        retries=urllib3.Retry(
            total=retries,
            backoff_factor=0.2,
            allowed_methods={"GET", "HEAD"},
            status_forcelist=[500, 502, 503, 504],
            respect_retry_after_header=False,
            raise_on_status=False,
        ),
        maxsize=10,
        cert_reqs="CERT_REQUIRED",  # against the system's authorities; SSL_CERT_FILE adds a private one
    )


@contextmanager
def translated(endpoint: str, what: str) -> Iterator[None]:
    """Turn the errors of the SDK and of urllib3 into ours; `what` names the bucket or object in the sentence.

    Raises NotFound, InvalidRequest, SettingsError and StoreUnavailable.
    """
    try:
        yield
    except S3Error as error:
        raise _meaning(error, endpoint, what) from error
    except ServerError as error:
        raise StoreUnavailable(
            f"MinIO at {endpoint} answered HTTP {error.status_code}; it may be starting or overloaded."
        ) from error
    except (MinioException, ParseError, UnicodeDecodeError) as error:
        raise StoreUnavailable(
            f"What answers at {endpoint} does not speak S3; check MINIO_ENDPOINT and MINIO_SECURE."
        ) from error
    except urllib3.exceptions.HTTPError as error:
        raise StoreUnavailable(
            f"MinIO does not answer at {endpoint}; start the system with `make up`, or check MINIO_ENDPOINT."
        ) from error


def _meaning(error: S3Error, endpoint: str, what: str) -> VentasError:
    code, message = error.code or "", error.message or ""
    if code in _MISSING or _no_such_version(error):
        return NotFound(f"There is no {what} in MinIO at {endpoint} ({code}).")
    if code in _IMPOSSIBLE_KEY:
        return InvalidRequest(f"MinIO cannot store {what[:120]}: {message}", field="key")
    if code in {"AuthorizationHeaderMalformed", "BadRequest"} and "region" in message:
        return SettingsError(f"MinIO at {endpoint} refuses the region in MINIO_REGION: {message}.")
    if code in _ACCESS_REFUSED:
        # Not permanent: once the keys are right, the same work goes through.
        return StoreUnavailable(
            f"MinIO at {endpoint} refuses access to {what} ({code});"
            " check MINIO_ACCESS_KEY and MINIO_SECRET_KEY; `ventas credentials` says where they come from."
        )
    return StoreUnavailable(f"MinIO at {endpoint} failed on {what}: {message} ({code}).")


def _no_such_version(error: S3Error) -> bool:
    """MinIO's other ways to say so: a malformed version id, and a version that is a delete marker."""
    if "/" not in (error.resource or "").strip("/"):
        return False  # about a bucket, not an object
    if error.code == "MethodNotAllowed":
        return True
    # A HEAD has no body, so the SDK makes up the second message.
    # It may append a region to it.
    return (error.message or "").startswith(("Invalid version id specified", "Bad request"))
