"""Processes that a killed supervisor left behind, found by the marks in their environment and ended."""

import contextlib
import os
import signal
from pathlib import Path

import psutil

VARIABLE = "VENTAS_SERVICE"


def marks(name: str, home: Path) -> dict[str, str]:
    """What every process of a service carries in its environment, and hands on to those it starts."""
    return {VARIABLE: name, "VENTAS_HOME": str(home)}


def end_leftovers(name: str, home: Path) -> list[int]:
    """Kill all processes of the service; returns their numbers. Only the holder of its lock may call this.

    Process numbers in a file would not do: they are reused, and a supervisor may die before it writes them.
    """
    ended = [process.pid for process in psutil.process_iter() if _carries(process, marks(name, home))]
    for pid in ended:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return ended


def _carries(process: psutil.Process, wanted: dict[str, str]) -> bool:
    try:
        found = process.environ()
    except (psutil.Error, OSError):
        return False  # another user's, or gone meanwhile
    return process.pid != os.getpid() and wanted.items() <= found.items()
