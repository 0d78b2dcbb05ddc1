"""Addresses of the other tools, as the user's browser must call them."""

from typing import NamedTuple
from urllib.parse import quote

from dashboard.i18n import gettext as _
from ventas.settings import Settings


def last(value: str | list[str]) -> str:
    """A value of the address; the last one where it is given several times."""
    return value if isinstance(value, str) else value[-1]


class Link(NamedTuple):
    """A tool beside the dashboard: what it is called, where it is, and which icon it has."""

    label: str
    href: str
    icon: str


def tools(settings: Settings) -> list[Link]:
    """Links to the tools that this installation has; the public addresses win over the internal ones."""
    links = [
        Link("MLflow", _mlflow(settings), "models"),
        Link(_("Flower (tareas)"), _flower(settings), "runs"),
        Link(_("MinIO (archivos)"), _console(settings), "files"),
        Link(
            _("API (referencia)"), f"{(settings.API_PUBLIC_URL or settings.API_URL).rstrip('/')}/docs", "api"
        ),
    ]
    return [link for link in links if _has_page(link.href)]


def mlflow_run(settings: Settings, run_id: str) -> str:
    """The page of an MLflow run, or "" where the registry has no pages."""
    return _page(_mlflow(settings), f"#/runs/{quote(run_id, safe='')}")


def flower_task(settings: Settings, task_id: str) -> str:
    """Flower's page of a task; it knows those that were sent since it was started."""
    return _page(_flower(settings), f"task/{quote(task_id, safe='')}")


def stored_object(settings: Settings, bucket: str, key: str) -> str:
    """An object, or a folder whose `key` ends in a slash, in MinIO's console; "" where there is no console."""
    return _page(_console(settings), f"browser/{quote(bucket, safe='')}/{quote(key, safe='')}")


def _has_page(url: str) -> bool:
    """Not where MinIO is a stand-in without a console, or a registry on disk or in a database."""
    return url.startswith(("http://", "https://"))


def _page(base: str, path: str) -> str:
    return f"{base.rstrip('/')}/{path}" if _has_page(base) else ""


def _mlflow(settings: Settings) -> str:
    return settings.MLFLOW_PUBLIC_URL or settings.mlflow_uri


def _flower(settings: Settings) -> str:
    return settings.FLOWER_PUBLIC_URL or f"http://{settings.FLOWER_BIND}"


def _console(settings: Settings) -> str:
    if settings.MINIO_CONSOLE_PUBLIC_URL or settings.S3_STAND_IN:
        return settings.MINIO_CONSOLE_PUBLIC_URL
    host = settings.MINIO_ENDPOINT.rpartition(":")[0] or settings.MINIO_ENDPOINT
    scheme = "https" if settings.MINIO_SECURE else "http"
    return f"{scheme}://{host}:{settings.MINIO_CONSOLE_PORT}"
