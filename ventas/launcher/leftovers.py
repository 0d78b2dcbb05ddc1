"""Processes that a killed supervisor left behind, found by their group and ended."""

import contextlib
import json
import os
import signal
from pathlib import Path

import psutil


def end_leftovers(state: Path, home: Path) -> list[int]:
    """Kill what is left of the group that the state file names; returns the process numbers.

    Only the holder of the service's lock may call this. Process numbers are reused, so a process counts only if it
    was started for this very state folder.
    """
    group = _recorded_group(state)
    ended = [process.pid for process in _members(group, home)] if group else []
    for pid in ended:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return ended


def _recorded_group(state: Path) -> int | None:
    try:
        found = json.loads(state.read_text(encoding="utf-8"))["child_pid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no earlier start, or its file was cut short by a crash
    return found if isinstance(found, int) else None


def _members(group: int, home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group and process.environ().get("VENTAS_HOME") == str(home):
                found.append(process)
    return found
