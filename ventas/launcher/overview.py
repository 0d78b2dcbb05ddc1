"""The one table that `ventas up` shows when all answer."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ventas.credentials import without_credentials
from ventas.launcher.system import System
from ventas.secret_list import SECRETS
from ventas.settings import Settings

_VISITORS = {"off": "-", "token": "token: see tokens/", "header": "by its proxy"}
CREDENTIALS_COMMAND = ".venv/bin/ventas credentials minio"
DROP_COMMAND = ".venv/bin/ventas drop FILE"


def overview(system: System) -> RenderableType:
    """Each service with its URL and who may enter, then the command that drops a file."""
    table = Table(
        title="ventas is up; Ctrl-C stops it",
        title_justify="left",
        title_style="bold",
        caption=_store_line(system),
        caption_justify="left",
        caption_style="yellow" if system.store.is_stand_in else "dim",
    )
    for heading in ("Service", "URL", "User"):
        table.add_column(heading, no_wrap=True)
    for row in _rows(system):
        table.add_row(*row)
    return Group(
        table,
        Text(f"State: {system.home}   Logs: {system.home / 'logs'}", style="dim"),
        # Not the secret itself: what `make up` prints ends in logs.
        Text(f"MinIO's password:  {CREDENTIALS_COMMAND}   (so for flower, admin ...)"),
        Text(f"Drop a file:  {DROP_COMMAND}", style="bold"),
    )


def _rows(system: System) -> list[tuple[str, str, str]]:
    urls, settings = system.urls, system.settings
    user = _login(settings, "minio")
    if system.store.is_stand_in:
        storage = [(system.store.name, urls["minio"], "any")]
    else:
        storage = [("MinIO console", urls["console"], user), ("MinIO S3 API", urls["minio"], user)]
    return [
        ("Dashboard", urls["dashboard"], _VISITORS[settings.DASHBOARD_AUTH]),
        ("API, Swagger UI", f"{urls['api']}/docs", "-"),
        *storage,
        ("MLflow", without_credentials(urls["mlflow"]), "-"),
        ("Flower (tasks)", urls["flower"], _login(settings, "flower")),
        ("Event receiver", urls["webhooks"], "token: see tokens/"),
        ("Redis", without_credentials(urls["redis"]), "-"),
    ]


def _store_line(system: System) -> str:
    """Which object store serves, and what is not as documented about it."""
    return f"{system.store.name}: {system.store.note}" if system.store.note else system.store.name


def _login(settings: Settings, name: str) -> str:
    """The user of a service, and where his password is."""
    secret = SECRETS[name]
    given = getattr(settings, secret.setting)
    return (
        f"{secret.user(settings)}, {secret.setting if given else f'see tokens/{name}'}"  # 80 columns hold it
    )
