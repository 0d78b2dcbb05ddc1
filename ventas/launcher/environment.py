"""The environment that all services of one system share, and the settings that they will read from it."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, suppress
from pathlib import Path

from ventas.errors import SettingsError
from ventas.launcher.addresses import free_ports
from ventas.settings import Settings, load_settings


def settings_of(env: Mapping[str, str]) -> Settings:
    """The settings of a process with the environment `env`; raises SettingsError."""
    with _replaced(env):
        return load_settings()


@contextmanager
def _replaced(env: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def without_settings(env: Mapping[str, str]) -> dict[str, str]:
    """`env` without any of the project's settings, so that a test's system meets none of its user's."""
    return {name: value for name, value in env.items() if name.upper() not in Settings.model_fields}


def start_command(settings: Settings, root: Path) -> str:
    """How `make up` starts the system of `settings`: with its state folder named where the start would take another.

    `root` is the folder of `make up`, whose `.env` it reads.
    """
    # A fault in .env is told by the start itself; until it is mended nobody knows what it names.
    with chdir(root), suppress(SettingsError):
        usual = settings_of(without_settings(os.environ)).home
        if settings.home == usual:
            return "make up"
    inside = settings.home.is_relative_to(root.resolve())
    named = settings.home.relative_to(root.resolve()) if inside else settings.home
    return f"VENTAS_HOME={shlex.quote(str(named))} make up"


def around_proxies(env: Mapping[str, str]) -> dict[str, str]:
    """`env` with the loopback excepted from any HTTP proxy: the services speak to each other there."""
    excepted = env.get("no_proxy") or env.get("NO_PROXY") or ""
    names = dict.fromkeys([*filter(None, excepted.split(",")), "127.0.0.1", "localhost"])
    return {**env, "NO_PROXY": ",".join(names), "no_proxy": ",".join(names)}


def own_ports(home: Path) -> dict[str, str]:
    """Settings of a system of its own: its state in `home`, every service on a port that is free now."""
    console, *ports = free_ports(8)
    store, redis, mlflow, api, dashboard, flower, webhooks = (f"127.0.0.1:{port}" for port in ports)
    return {
        "VENTAS_HOME": str(home.resolve()),
        "MINIO_ENDPOINT": store,
        "MINIO_CONSOLE_PORT": str(console),
        "REDIS_URL": f"redis://{redis}/0",
        "MLFLOW_TRACKING_URI": f"http://{mlflow}",
        "API_BIND": api,
        "API_URL": f"http://{api}",
        "DASHBOARD_BIND": dashboard,
        "FLOWER_BIND": flower,
        "WEBHOOKS_BIND": webhooks,
        "WEBHOOKS_URL": f"http://{webhooks}",
    }
