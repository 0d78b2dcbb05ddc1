"""Hears of uploads at once, beside the notifications that MinIO delivers surely.

MinIO looks into its queue folder every 3 s only, so a notification comes up to 3 s after its upload. Where that
folder is on this machine it is looked into far more often, and what is new in it is passed on to the receiver as if
MinIO had sent it. Nothing is taken away: MinIO sends it too, and what comes twice is one run.
"""

import json
import threading

import structlog
import urllib3

from ventas.settings import Settings
from ventas.store import NOTIFICATION_TARGET

log = structlog.get_logger()
LOOK_SECONDS = 0.05
ANSWER_SECONDS = 10.0
# More than these are what was left by an outage; MinIO sends them in its own time.
MOST_FILES = 50


class Listener:
    """Passes on what is new in MinIO's queue folder; `look` is for one thread at a time."""

    def __init__(self, settings: Settings):
        self._folder = settings.home / "minio-events" / f"minio-webhook-{NOTIFICATION_TARGET}"
        self._receiver = f"{settings.WEBHOOKS_URL.rstrip('/')}/events/minio"
        self._headers = {
            "Authorization": f"Bearer {settings.webhook_token}",
            "Content-Type": "application/json",
        }
        self._http = urllib3.PoolManager(timeout=ANSWER_SECONDS, retries=False)
        self._passed_on: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        while not stop.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Pass on what has come since the last look; what cannot be is left to MinIO."""
        try:
            names = {path.name for path in self._folder.iterdir()}
        except OSError:
            names = set()  # MinIO keeps its queue elsewhere, or has not made it yet
        self._passed_on &= names
        if len(names) <= MOST_FILES:
            for name in sorted(names - self._passed_on):
                self._pass_on(name)

    def close(self) -> None:
        """Close the connections to the receiver."""
        self._http.clear()

    def _pass_on(self, name: str) -> None:
        try:
            record = json.loads((self._folder / name).read_bytes())
        except (OSError, ValueError):
            return  # sent meanwhile, or not written to its end yet
        self._passed_on.add(name)
        body = json.dumps({"Records": [record]}).encode()
        try:
            self._http.request("POST", self._receiver, body=body, headers=self._headers)
        except urllib3.exceptions.HTTPError as error:
            log.warning("not_passed_on", reason=str(error))
