"""The doctor's checks that ask no service: settings, waiting tasks, the last backup."""

import difflib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from dotenv import dotenv_values

from ventas.backup.create import LAST_BACKUP
from ventas.launcher.addresses import dashboard_origins
from ventas.launcher.checks import ledger_apart
from ventas.settings import Settings
from ventas.times import utc_now

# What `.env` may hold beside settings: for Compose, the Makefile and the launcher.
BESIDE_SETTINGS = {
    *("VENTAS_CACHE", "VENTAS_FORCE_STAND_IN", "PYTHON"),
    *("POSTGRES_PASSWORD", "MINIO_IMAGE", "MINIO_PROGRAM", "GRAFANA_ADMIN_PASSWORD"),
}
OF_OTHERS = ("COMPOSE_", "DOCKER_", "BUILDKIT_", "OTEL_")
WELL_KNOWN = {"minio123", "minioadmin"}  # tried first by whoever looks for open doors
LONGEST_PAUSE_SECONDS = 30  # between two tries of a step, see workers.tasks
# A task for each open run is normal, and the sweep's own while a worker is busy.
TASKS_FOR_A_RUN, TASKS_ALWAYS = 3, 100


class Trouble(Exception):
    """Raised by a check: what is wrong, and the `remedy`."""

    def __init__(self, what: str, remedy: str):
        super().__init__(what)
        self.remedy = remedy


Check = Callable[[Settings], str]  # a sentence of what is well; raises Trouble, VentasError, OSError


def settings_fit(settings: Settings) -> str:
    """Whether `.env` has only names that are known, and the values fit together."""
    if unknown := unknown_names(Path(".env")):
        told = "; ".join(f"{name}{_meant(name)}" for name in unknown)
        raise Trouble(f".env sets what nobody reads: {told}.", "Correct the name, or remove the line.")
    if faults := misfits(settings):
        raise Trouble(" ".join(faults), "Change one of them in .env or the environment, and restart.")
    return "known names, values that fit together"


def unknown_names(env_file: Path) -> list[str]:
    """Names in an `.env` file that are neither a setting's nor known otherwise."""
    given = dotenv_values(env_file, interpolate=False) if env_file.is_file() else {}
    known = Settings.model_fields.keys() | BESIDE_SETTINGS
    return [name for name in given if name.upper() not in known and not name.upper().startswith(OF_OTHERS)]


def misfits(settings: Settings) -> list[str]:
    """Sentences about settings that are each valid and do not go together."""
    found = []
    if settings.LEASE_RENEW_SECONDS * 2 > settings.LEASE_SECONDS:
        found.append(
            f"LEASE_RENEW_SECONDS={settings.LEASE_RENEW_SECONDS} is more than half of "
            f"LEASE_SECONDS={settings.LEASE_SECONDS}: a step that is well can lose its lease."
        )
    if settings.REQUEUE_AFTER_SECONDS <= LONGEST_PAUSE_SECONDS:
        found.append(
            f"REQUEUE_AFTER_SECONDS={settings.REQUEUE_AFTER_SECONDS} is not above the {LONGEST_PAUSE_SECONDS} s that "
            "a step may pause after an error: its task is sent twice."
        )
    if settings.TEST_SHARE > 0.5:
        found.append(f"TEST_SHARE={settings.TEST_SHARE} holds out more days than it trains on.")
    days = settings.KEEP_HISTORY_DAYS
    if days is not None and days < settings.ALERT_WINDOW_DAYS:
        found.append(
            f"KEEP_HISTORY_DAYS={days} deletes predictions that ALERT_WINDOW_DAYS={settings.ALERT_WINDOW_DAYS} "
            "would still judge."
        )
    if settings.MINIO_SECRET_KEY in WELL_KNOWN:
        found.append("MINIO_SECRET_KEY is a well-known password; without the line, one is made at random.")
    if settings.MINIO_PUBLIC_URL and not settings.DASHBOARD_PUBLIC_URL:
        found.append(
            f"MINIO_PUBLIC_URL is set and DASHBOARD_PUBLIC_URL is not: MinIO takes uploads from pages of "
            f"{' and '.join(dashboard_origins(settings))} alone."
        )
    if apart := ledger_apart(settings):
        found.append(apart)
    return found


def queue_fault(waiting: dict[str, int], open_runs: int) -> str | None:
    """What is wrong with so many tasks that wait, or None; a few for each open run are normal."""
    normal = TASKS_ALWAYS + TASKS_FOR_A_RUN * open_runs
    long = [f"{name} has {count:,}" for name, count in waiting.items() if count > normal]
    if not long:
        return None
    return f"{' and '.join(long)} tasks waiting, and only {open_runs:,} runs are open (normal: up to {normal:,})."


def last_backup(settings: Settings) -> str:
    """How old the last backup is; how old it may be is for the operator to say."""
    try:
        told = (settings.home / LAST_BACKUP).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return "none was taken yet; `ventas backup FILE` takes one"
    try:
        hours = (utc_now() - datetime.fromisoformat(told)).total_seconds() / 3600
    except ValueError as error:
        path = settings.home / LAST_BACKUP
        raise Trouble(f"{path} holds no time.", f"Remove it (rm {path}) and take a backup.") from error
    return f"the last one {hours:.0f} h ago" if hours < 48 else f"the last one {hours / 24:.0f} days ago"


def _meant(name: str) -> str:
    near = difflib.get_close_matches(name.upper(), [*Settings.model_fields, *sorted(BESIDE_SETTINGS)], n=1)
    return f" (meant: {near[0]}?)" if near else ""
