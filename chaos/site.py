"""The running system as its users see it, with patience: the parts asked may be the ones that were killed."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import urllib3
from minio import Minio
from minio.error import MinioException
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from ventas.errors import TransientError
from ventas.launcher.system import System
from ventas.ledger import Ledger, Run
from ventas.ledger.queries import RunFilter
from ventas.registry import Registry
from ventas.settings import UPLOADS_BUCKET
from ventas.states import WORKING_STATES

Found = TypeVar("Found")
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 90
_patiently = retry(
    retry=retry_if_exception_type(
        (httpx.TransportError, TransientError, MinioException, urllib3.exceptions.HTTPError)
    ),
    stop=stop_after_delay(PATIENCE_SECONDS),
    wait=wait_fixed(0.2),
    reraise=True,
)


class NotInTime(Exception):
    """Raised when what was waited for did not happen."""


def wait_until(look: Callable[[], Found | None], what: str, seconds: float) -> Found:
    """What `look` finds, as soon as it finds something true; raises NotInTime after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise NotInTime(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(POLL_SECONDS)


class Site:
    """Bucket, API, registry and ledger of a started system."""

    def __init__(self, system: System):
        self.system = system
        settings = system.settings
        self.api = httpx.Client(base_url=settings.API_URL, timeout=30, trust_env=False)
        self.registry = Registry(settings)
        self.ledger = Ledger(settings)
        self._s3 = Minio(
            settings.MINIO_ENDPOINT,
            access_key=settings.MINIO_ACCESS_KEY,
            secret_key=settings.minio_secret_key,
            secure=settings.MINIO_SECURE,
            http_client=urllib3.PoolManager(timeout=urllib3.Timeout(10), retries=False),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.api.close()
        self.ledger.close()

    @_patiently
    def put(self, key: str, data: bytes) -> str:
        """Upload as any S3 client would, again if MinIO did not take it; the version id that it answered."""
        stored = self._s3.put_object(UPLOADS_BUCKET, key, io.BytesIO(data), len(data))
        return stored.version_id or "null"

    def put_file(self, key: str, path: Path) -> str:
        """Upload a file from disk in parts; its version id."""
        return self._s3.fput_object(UPLOADS_BUCKET, key, str(path)).version_id or "null"

    @_patiently
    def served_version(self) -> int | None:
        """The champion's version by the API's own health page, None while it has none."""
        answer = self.api.get("/health")
        return int(answer.json()["model_version"]) if answer.is_success else None

    def runs_of(self, key: str, version_id: str) -> list[Run]:
        """The rows of one upload: there should be one."""
        return self.ledger.queries.runs(RunFilter(key=key, version_id=version_id), 0, 10)[0]

    def working_runs(self) -> list[Run]:
        """Runs that have not come to their end, newest first."""
        return [
            run
            for status in WORKING_STATES
            for run in self.ledger.queries.runs(RunFilter(status=status), 0, 1000)[0]
        ]

    @_patiently
    def versions_by_run(self) -> dict[str, list[int]]:
        """The model versions that each run registered, by the tag `ventas.run_id`."""
        found: dict[str, list[int]] = {}
        for version in self.registry.versions():
            found.setdefault(version.pipeline_run_id or "", []).append(version.version)
        return found

    @_patiently
    def champion_alias(self) -> int | None:
        """The version that MLflow calls champion."""
        return self.registry.champion_alias()

    def promote(self, version: int, reason: str) -> None:
        """Make a version champion by hand; raises httpx.HTTPStatusError where the API refuses."""
        self.api.post(
            f"/models/{version}/promote",
            json={"reason": reason},
            headers={"Authorization": f"Bearer {self.system.settings.admin_token}"},
        ).raise_for_status()

    @_patiently
    def notify(self, body: dict[str, Any]) -> None:
        """Deliver a notification as MinIO does."""
        answer = httpx.post(
            f"{self.system.settings.WEBHOOKS_URL}/events/minio",
            json=body,
            headers={"Authorization": f"Bearer {self.system.settings.webhook_token}"},
            timeout=30,
            trust_env=False,
        )
        if answer.is_server_error:
            raise httpx.ReadError(f"the receiver answered {answer.status_code}")
        answer.raise_for_status()
