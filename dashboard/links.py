"""Addresses of the other tools, as the user's browser must call them."""

from typing import NamedTuple

from dashboard.i18n import gettext as _
from ventas.settings import Settings


class Link(NamedTuple):
    """A tool beside the dashboard: what it is called, where it is, and which icon it has."""

    label: str
    href: str
    icon: str


def tools(settings: Settings) -> list[Link]:
    """Links to the tools that this installation has; the public addresses win over the internal ones."""
    links = [
        Link("MLflow", settings.MLFLOW_PUBLIC_URL or settings.MLFLOW_TRACKING_URI, "models"),
        Link(_("Flower (tareas)"), settings.FLOWER_PUBLIC_URL or f"http://{settings.FLOWER_BIND}", "runs"),
        Link(_("MinIO (archivos)"), settings.MINIO_CONSOLE_PUBLIC_URL or _console(settings), "files"),
        Link(
            _("API (referencia)"), f"{(settings.API_PUBLIC_URL or settings.API_URL).rstrip('/')}/docs", "api"
        ),
    ]
    # The stand-in for MinIO has no console; a registry on disk or in a database has no page.
    return [link for link in links if link.href.startswith(("http://", "https://"))]


def _console(settings: Settings) -> str:
    if settings.S3_STAND_IN:
        return ""
    host = settings.MINIO_ENDPOINT.rpartition(":")[0] or settings.MINIO_ENDPOINT
    scheme = "https" if settings.MINIO_SECURE else "http"
    return f"{scheme}://{host}:{settings.MINIO_CONSOLE_PORT}"
