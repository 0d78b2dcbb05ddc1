"""Known vulnerabilities of the packages in requirements.lock, by pip-audit.

Exit code 1 where there are any. Advisories come from the package index' own service, which not every mirror has:
without them nothing is known, which is told, and is an error only with --strict.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = "requirements.lock"
_ARGUMENTS = ("--progress-spinner", "off", "--disable-pip", "--require-hashes", "--format", "json")


def dependencies(told: str) -> list[dict[str, Any]]:
    """What pip-audit says of each package; nothing where it could not even begin."""
    try:
        found: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        return []
    return found


def verdict(found: list[dict[str, Any]], *, strict: bool) -> tuple[int, list[str]]:
    """The exit code, and lines for a person."""
    known = [one for one in found if "skip_reason" not in one]
    if not known:
        return int(strict), ["No advisories can be had from here: the locked packages were not audited."]
    lines = [_line(one, fault) for one in known for fault in one["vulns"]]
    unknown = [one["name"] for one in found if "skip_reason" in one]
    vulnerable = bool(lines)
    if unknown:
        lines.append(f"Not audited: {', '.join(unknown)}.")
    lines.append(f"{len(known)} packages audited.")
    return int(vulnerable or (strict and bool(unknown))), lines


def _line(package: dict[str, Any], fault: dict[str, Any]) -> str:
    mended = ", ".join(fault["fix_versions"]) or "no release"
    return f"{package['name']} {package['version']}: {fault['id']}, mended in {mended}"


def main() -> int:
    """Audit, and tell."""
    command = [str(Path(sys.executable).with_name("pip-audit")), *_ARGUMENTS, "--requirement", LOCK]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    code, lines = verdict(dependencies(done.stdout), strict="--strict" in sys.argv[1:])
    print(*lines, sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
