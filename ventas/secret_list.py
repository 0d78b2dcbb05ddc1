"""The secrets that an operator may need: what each opens, for whom, and where it comes from."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from ventas.errors import NotFound
from ventas.settings import Settings


@dataclass(frozen=True)
class Secret:
    """A password or token; `setting` is where one may be given, `opens` what it is for.

    `read` makes one at random where there is none yet.
    """

    name: str
    setting: str
    opens: str
    read: Callable[[Settings], str]
    user: Callable[[Settings], str] = lambda _settings: ""

    def source(self, settings: Settings) -> str:
        """Where the secret comes from: a setting, or the file that it is kept in."""
        if getattr(settings, self.setting):
            return f"{self.setting} ({'environment' if os.environ.get(self.setting) else '.env'})"
        return str(settings.token_file(self.name))

    def is_there(self, settings: Settings) -> bool:
        """Whether it is given, or was made at a start."""
        return bool(getattr(settings, self.setting)) or settings.token_file(self.name).exists()

    def value(self, settings: Settings) -> str:
        """The secret itself; raises NotFound before the first start, and so makes none."""
        if not self.is_there(settings):
            raise NotFound(f"There is no {self.source(settings)}; the first start makes it.")
        return self.read(settings)


def _flower_user(settings: Settings) -> str:
    return settings.FLOWER_BASIC_AUTH.partition(":")[0] or "admin"


SECRETS = {
    secret.name: secret
    for secret in (
        Secret(
            "minio",
            "MINIO_SECRET_KEY",
            "MinIO: console and S3",
            lambda settings: settings.minio_secret_key,
            lambda settings: settings.MINIO_ACCESS_KEY,
        ),
        Secret(
            "flower",
            "FLOWER_BASIC_AUTH",
            "Flower: pages and API",
            lambda settings: settings.flower_basic_auth.partition(":")[2],
            _flower_user,
        ),
        Secret("admin", "ADMIN_TOKEN", "what changes things", lambda settings: settings.admin_token),
        Secret("upload", "UPLOAD_TOKEN", "POST /uploads", lambda settings: settings.upload_token),
        Secret("webhook", "WEBHOOK_TOKEN", "the event receiver", lambda settings: settings.webhook_token),
        Secret(
            "dashboard",
            "DASHBOARD_TOKEN",
            "the dashboard, with DASHBOARD_AUTH=token",
            lambda settings: settings.dashboard_token,
        ),
    )
}
