"""Once before all other containers: secrets and the ledger's tables, and MinIO's share of the secrets."""

from ventas.launcher.services import NOTIFY_ID
from ventas.launcher.system import System

if __name__ == "__main__":
    system = System({})
    system.prepare()
    # MinIO reads this file by MINIO_CONFIG_ENV_FILE, so that no secret stands in a container's list of variables.
    path = system.home / "tokens" / "minio.env"
    fresh = path.with_suffix(".fresh")
    fresh.touch(mode=0o600)
    fresh.write_text(
        f"MINIO_ROOT_PASSWORD={system.settings.minio_secret_key}\n"
        f"MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_{NOTIFY_ID}={system.settings.webhook_token}\n",
        "utf-8",
    )
    fresh.replace(path)
