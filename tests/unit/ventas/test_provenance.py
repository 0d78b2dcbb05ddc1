"""What made a model can be found out from the model."""

import hashlib
import re
from importlib.metadata import version

from ventas.provenance import LOCK, ROOT, provenance


def test_version_lock_and_packages_are_named() -> None:
    found = provenance()
    assert found["ventas.code_version"] == version("ventas")
    assert found["ventas.lock_sha256"] == hashlib.sha256((ROOT / LOCK).read_bytes()).hexdigest()
    assert re.fullmatch("[0-9a-f]{64}", found["ventas.packages_sha256"])


def test_a_checkout_names_its_commit() -> None:
    commit = provenance().get("ventas.code_commit", "")
    assert bool(commit) == (ROOT / ".git").exists()
    assert re.fullmatch("([0-9a-f]{40}(-dirty)?)?", commit)
