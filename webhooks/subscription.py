"""At start-up: the buckets, versioning, and the subscription to the bucket's events, read back."""

import threading

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from ventas.errors import SettingsError, StoreUnavailable
from ventas.settings import DATA_BUCKET, MLFLOW_BUCKET, UPLOADS_BUCKET, Settings
from ventas.store import Store, webhook_arn

log = structlog.get_logger()


class Subscription:
    """Prepares MinIO in the background, for as long as it takes MinIO to be there.

    `problem` is a sentence while anything is missing, else None; `state` says what was set up.
    """

    def __init__(self, settings: Settings):
        self._settings = settings
        self.problem: str | None = "The subscription to the bucket's events is not made yet."
        self.state = "pending"

    def start(self) -> None:
        """Begin to prepare, in a thread."""
        threading.Thread(target=self._keep_trying, name="subscription", daemon=True).start()

    def prepare(self) -> None:
        """Make the buckets and the subscription. Raises StoreUnavailable and SettingsError."""
        store = Store(self._settings)
        store.ensure_bucket(UPLOADS_BUCKET, versioned=True)
        store.ensure_bucket(DATA_BUCKET, versioned=False)
        store.ensure_bucket(MLFLOW_BUCKET, versioned=False)
        if self._settings.S3_STAND_IN:
            self.state = "none: the S3 stand-in has no notifications, the sweep finds uploads"
        else:
            store.subscribe(UPLOADS_BUCKET, webhook_arn(self._settings))
            self.state = "subscribed"
        self.problem = None
        log.info("bucket_prepared", bucket=UPLOADS_BUCKET, state=self.state)

    def _keep_trying(self) -> None:
        # A target that MinIO does not know yet may be known after its next restart, so SettingsError too.
        for attempt in Retrying(
            retry=retry_if_exception_type((StoreUnavailable, SettingsError)),
            wait=wait_exponential(min=0.2, max=10),
            after=self._note,
        ):
            with attempt:
                self.prepare()

    def _note(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self.problem = str(error)
        log.warning("bucket_not_prepared", attempt=state.attempt_number, reason=self.problem)
