"""What `make check` makes of pip-audit's answer."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "scripts" / "audit.py"
WELL: dict[str, Any] = {"name": "flask", "version": "3.1.3", "vulns": []}
ILL: dict[str, Any] = {
    "name": "celery",
    "version": "5.0",
    "vulns": [{"id": "PYSEC-2021-858", "fix_versions": ["5.2.2"]}],
}
UNKNOWN: dict[str, Any] = {"name": "redis", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("found", "check", "strict", "word"),
    [
        ([WELL], 0, 0, "1 packages audited."),
        ([WELL, ILL], 1, 1, "celery 5.0: PYSEC-2021-858, mended in 5.2.2"),
        ([WELL, UNKNOWN], 0, 1, "Not audited: redis."),
        ([UNKNOWN], 0, 1, "No advisories can be had"),
        ([], 0, 1, "No advisories can be had"),
    ],
)
def test_only_a_known_vulnerability_fails_the_check_and_an_audit_must_be_whole(
    audit: ModuleType, found: list[dict[str, Any]], check: int, strict: int, word: str
) -> None:
    told = "\n".join(audit.verdict(found, strict=False)[1])
    assert word in told
    assert [audit.verdict(found, strict=way)[0] for way in (False, True)] == [check, strict]


def test_an_audit_that_could_not_begin_knows_of_no_package(audit: ModuleType) -> None:
    assert audit.dependencies("") == audit.dependencies('{"error": 1}') == []
