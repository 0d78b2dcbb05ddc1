"""The decision between MinIO and its stand-in, made once per start and told to every service by its settings."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ventas.launcher.go_tool import Progress
from ventas.launcher.minio import NoMinio, get_minio

STAND_IN_NAME = "S3 stand-in (moto), not MinIO"
STAND_IN_SWEEP_SECONDS = "3"


@dataclass(frozen=True)
class ObjectStore:
    """What serves S3: its name for people, a note (empty when all is as documented), settings for all services."""

    name: str
    note: str = ""
    env: dict[str, str] = field(default_factory=dict)

    @property
    def is_stand_in(self) -> bool:
        """Whether it is the stand-in: no notifications, nothing kept over a stop."""
        return self.env.get("S3_STAND_IN") == "true"


def choose_store(env: Mapping[str, str], progress: Progress) -> ObjectStore:
    """MinIO where it can be had, else the stand-in; `env` is the system's.

    Raises NoMinio under CI, where a fall-back would hide that the real thing was not tested.
    """
    if env.get("VENTAS_FORCE_STAND_IN") == "1":
        return _stand_in(env, "asked for by VENTAS_FORCE_STAND_IN")
    try:
        found = get_minio(progress)
    except NoMinio as error:
        if _is_true(env.get("CI", os.environ.get("CI", ""))):
            raise
        return _stand_in(env, str(error))
    return ObjectStore(f"MinIO {found.version}", found.note)


def _stand_in(env: Mapping[str, str], why: str) -> ObjectStore:
    sweep = env.get("SWEEP_INTERVAL_SECONDS") or STAND_IN_SWEEP_SECONDS
    return ObjectStore(
        STAND_IN_NAME,
        f"{why.rstrip('.')}. Uploads are found by the sweep every {sweep} s, and are lost at a stop.",
        {"S3_STAND_IN": "true", "SWEEP_INTERVAL_SECONDS": sweep},
    )


def _is_true(value: str) -> bool:
    return value.lower() in {"1", "true", "yes", "on"}


def main() -> None:
    """Get MinIO now, telling how it goes, so that nothing later has to wait for it."""
    store = choose_store(os.environ, lambda line: print(f"MinIO: {line}", flush=True))
    print(f"{store.name}: {store.note}" if store.note else store.name)


if __name__ == "__main__":
    main()
