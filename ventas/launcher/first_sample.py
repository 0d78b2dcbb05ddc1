"""The bundled sample, uploaded on the very first start so that a champion is live without a second step."""

import subprocess
import sys
import tempfile
from pathlib import Path

from ventas.settings import UPLOADS_BUCKET, Settings
from ventas.store import Store

SAMPLE_KEY = "ventas.csv"


def upload_first_sample(settings: Settings) -> str:
    """Upload the sample if nothing ever was; returns where to (`bucket/key`), empty when there was no need.

    Raises StoreUnavailable. A mark in the state folder keeps a bucket that was emptied on purpose empty.
    """
    mark = settings.home / "run" / "sample-uploaded"
    store = Store(settings)
    if mark.exists() or not store.is_empty(UPLOADS_BUCKET):
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / SAMPLE_KEY
        _write_sample(path)
        store.upload_file(UPLOADS_BUCKET, SAMPLE_KEY, path)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return f"{UPLOADS_BUCKET}/{SAMPLE_KEY}"


def _write_sample(path: Path) -> None:
    """As a command of its own, for pandas would stay in this process, which lives as long as the system."""
    command = [str(Path(sys.executable).with_name("ventas")), "sample", "--out", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
