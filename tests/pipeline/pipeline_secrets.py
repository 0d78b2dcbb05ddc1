"""What a running system must tell nobody, and where it could have told it."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import psutil

from ventas.launcher.system import System
from ventas.settings import Settings


def secrets_of(settings: Settings) -> dict[str, str]:
    """Tokens, keys and passwords by the names of their settings: of all that the settings' own text leaves out.

    Defaults stand in the documentation, and are no secrets.
    """
    found = {}
    for name, field in Settings.model_fields.items():
        if field.repr and name != "MINIO_ACCESS_KEY":
            continue
        # What was made at random is found under the name in lower case; Flower's has the user before it.
        value = str(getattr(settings, name.lower(), "") or getattr(settings, name))
        value = value.partition(":")[2] if name == "FLOWER_BASIC_AUTH" else value
        if value == field.default:
            continue
        if secret := (urlsplit(value).password or "") if "://" in value else value:
            assert len(secret) >= 12, f"{name} is so short that it may be found by chance"
            found[name] = secret
    return found


def told(system: System, texts: Mapping[str, str]) -> set[tuple[str, str]]:
    """Which secrets are in which of the texts, and in what the services have written until now."""
    everything = {**texts, **dict(_left_behind(system))}
    secrets = secrets_of(system.settings)
    return {
        (where, name)
        for where, text in everything.items()
        for name, secret in secrets.items()
        if secret in text
    }


def _left_behind(system: System) -> Iterator[tuple[str, str]]:
    """Log files, what supervisors note, and the command lines, which every user of the machine may read."""
    for folder in ("logs", "run"):
        for path in (system.home / folder).rglob("*"):
            if path.is_file():
                yield str(path), path.read_text("utf-8", errors="replace")
    for name in system.names:
        if (pid := system.pid(name)) is not None:
            yield f"command line of {name}", " ".join(psutil.Process(pid).cmdline())
