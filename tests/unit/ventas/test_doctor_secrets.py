"""What the doctor says of parts that are away holds no secret, so that its output may be shown to anybody."""

from pathlib import Path

import pytest

from ventas.doctor import examine
from ventas.settings import load_settings

SECRETS = {
    "ADMIN_TOKEN": "admin-token-nobody-may-see",
    "WEBHOOK_TOKEN": "webhook-token-nobody-may-see",
    "UPLOAD_TOKEN": "upload-token-nobody-may-see",
    "MINIO_SECRET_KEY": "store-key-nobody-may-see",
}


def test_no_secret_in_what_the_doctor_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a token, nor the key of the store, nor the password in the address of the database."""
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    monkeypatch.setenv("VENTAS_HOME", str(tmp_path))
    monkeypatch.setenv(
        "DATABASE_URL", "postgresql+psycopg://ventas:password-nobody-may-see@127.0.0.1:1/ventas"
    )
    findings = examine(load_settings())
    assert any(finding.part == "ledger" and not finding.ok for finding in findings)
    assert "nobody-may-see" not in repr(findings)
