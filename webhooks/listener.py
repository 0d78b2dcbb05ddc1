"""Hears of uploads at once, beside the notifications that MinIO delivers surely.

MinIO looks into its queue folder every 3 s only, so a notification comes up to 3 s after its upload. Where that
folder is on this machine it is looked into far more often, and what is new in it is recorded at once. Nothing is
taken away: MinIO sends it too, and is answered what was recorded before.
"""

import json
import threading

import structlog

from ventas.errors import InvalidRequest, LedgerUnavailable
from ventas.store import NOTIFICATION_TARGET
from webhooks.events import upload_events
from webhooks.receiver import Receiver

log = structlog.get_logger()
LOOK_SECONDS = 0.05
# More than these are what was left by an outage; MinIO sends them in its own time.
MOST_FILES = 50


class Listener:
    """Records what is new in MinIO's queue folder; `look` is for one thread at a time."""

    def __init__(self, receiver: Receiver):
        self._receiver = receiver
        self._folder = receiver.settings.home / "minio-events" / f"minio-webhook-{NOTIFICATION_TARGET}"
        self._seen: set[str] = set()
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to look, in a thread."""
        threading.Thread(target=self._run, name="listener", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()

    def look(self) -> None:
        """Record what has come since the last look; what cannot be is left to MinIO."""
        try:
            names = {path.name for path in self._folder.iterdir()}
        except OSError:
            names = set()  # MinIO keeps its queue elsewhere, or has not made it yet
        self._seen &= names
        if len(names) <= MOST_FILES:
            for name in sorted(names - self._seen):
                self._record(name)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.look()

    def _record(self, name: str) -> None:
        try:
            record = json.loads((self._folder / name).read_bytes())
        except (OSError, ValueError):
            return  # sent meanwhile, or not written to its end yet
        self._seen.add(name)
        body = json.dumps({"Records": [record]}).encode()
        try:
            self._receiver.receive_early(upload_events(body, self._receiver.settings))
        except (InvalidRequest, LedgerUnavailable) as error:
            log.warning("left_to_minio", reason=str(error))
